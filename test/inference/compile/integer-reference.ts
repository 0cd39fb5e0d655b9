/** The integer arithmetic of the INT8 graph in plain TypeScript, with loops and nothing clever. */
import type { IntegerConvolution } from '../../../src/inference/compile/integer-convolution.ts';

/** One film, channels last. */
export interface IntegerMap {
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
  readonly values: Uint8Array;
}

/** u = min(max(q, lower), upper) of the first `lower.length` channels. */
export function clampMap(map: IntegerMap, lower: Uint8Array, upper: Uint8Array): IntegerMap {
  const values = map.values.map((value, index) => {
    const channel = index % map.channels;
    return Math.min(Math.max(value, lower[channel] ?? 0), upper[channel] ?? 255);
  });
  return { ...map, values };
}

/** Convolution of stride 1, padded by `padding` on all sides, as ONNX defines QLinearConv. */
export function convolve(map: IntegerMap, conv: IntegerConvolution, padding: number): IntegerMap {
  const { rows, columns, channels } = map;
  const [kernelRows, kernelColumns] = conv.kernel;
  const values = new Uint8Array(rows * columns * conv.outputs);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let output = 0; output < conv.outputs; output++) {
        let sum = conv.bias[output] ?? 0;
        for (let input = 0; input < channels; input++) {
          for (let y = 0; y < kernelRows; y++) {
            for (let x = 0; x < kernelColumns; x++) {
              const weight = conv.weights[((output * channels + input) * kernelRows + y) * kernelColumns + x] ?? 0;
              sum += weight * pixel(map, row + y - padding, column + x - padding, input);
            }
          }
        }
        // ONNX Runtime requantises in float32.
        const real = Math.fround(Math.fround(sum) * (conv.scales[output] ?? 0));
        values[(row * columns + column) * conv.outputs + output] = Math.max(0, Math.min(255, roundHalfToEven(real)));
      }
    }
  }
  return { rows, columns, channels: conv.outputs, values };
}

/** Features followed by grown features. */
export function join(one: IntegerMap, other: IntegerMap): IntegerMap {
  const channels = one.channels + other.channels;
  const values = new Uint8Array(one.rows * one.columns * channels);
  for (let position = 0; position < one.rows * one.columns; position++) {
    values.set(one.values.subarray(position * one.channels, (position + 1) * one.channels), position * channels);
    const grown = other.values.subarray(position * other.channels, (position + 1) * other.channels);
    values.set(grown, position * channels + one.channels);
  }
  return { ...one, channels, values };
}

function pixel(map: IntegerMap, row: number, column: number, channel: number): number {
  if (row < 0 || column < 0 || row >= map.rows || column >= map.columns) return 0;
  return map.values[(row * map.columns + column) * map.channels + channel] ?? 0;
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
