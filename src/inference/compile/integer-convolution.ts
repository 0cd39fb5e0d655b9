/**
 * A convolution in integers: uint8 in, int8 weights, int32 bias, uint8 out.
 *
 * `y = clamp(round(scale_o * (sum(w * u) + bias_o)), 0, 255)`: the tensors declare scale 1 and zero point 0, what their
 * integers mean is folded into weights, bias and scale.
 */
import type { Convolution } from './dense-net.ts';

/** What the integers u of a tensor mean: x = factor * u + offset, one each a channel. */
export interface IntegerInput {
  readonly factor: Float64Array;
  /** 0 wherever the convolution pads, because padding is u = 0 and must mean 0. */
  readonly offset: Float64Array;
  /** Mean of u over the calibration films. */
  readonly mean: Float64Array;
}

/**
 * What the integers of a tensor mean, one low and one step a channel: x = low + step * q. A channel that never varies has a
 * step of 0: its integers are 0 and its readers' weights too, so that it takes no part in the choice of their scale.
 */
export interface ChannelScale {
  readonly low: Float64Array;
  readonly step: Float64Array;
}

/** x in units of a channel's steps. */
export function inSteps(x: number, step: number): number {
  return step > 0 ? x / step : 0;
}

/** Weights as the graph holds them. */
export interface IntegerConvolution {
  readonly outputs: number;
  /** Inputs of each output: 1 in a depthwise convolution. */
  readonly inputs: number;
  readonly kernel: readonly [rows: number, columns: number];
  /** [outputs, inputs, rows, columns]. */
  readonly weights: Int8Array;
  /** One an output; the factor from accumulator to result. */
  readonly scales: Float32Array;
  /** One an output. */
  readonly bias: Int32Array;
}

/** A convolution in real numbers on the integers of its input, giving the integers of its output. */
export interface RealConvolution {
  readonly outputs: number;
  readonly inputs: number;
  readonly kernel: readonly [rows: number, columns: number];
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

/** Largest magnitude of a weight. */
export const FULL_RANGE = 127;

/**
 * The same for processors whose u8 * s8 instruction adds two products in 16 saturating bits (AVX2 and AVX-512 without VNNI,
 * vpmaddubsw): 2 * 255 * 64 = 32,640 still fits.
 */
export const REDUCED_RANGE = 64;

/** |bias| stays below it, so that bias and sum (at most 2^26 for 2^11 weights) fit into 32 bits together. */
const MAX_BIAS = 2 ** 30;

/**
 * Folds the meaning of input and output into a convolution.
 *
 * @param conv - with the normalisation behind it folded in
 */
export function onIntegers(conv: Convolution, input: IntegerInput, output: ChannelScale): RealConvolution {
  const { outputs, inputs, kernel } = conv;
  const taps = kernel * kernel;
  const weights = new Float64Array(conv.weights.length);
  const bias = new Float64Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const step = output.step[o] as number;
    let constant = (conv.bias?.[o] ?? 0) - (output.low[o] as number);
    for (let i = 0; i < inputs; i++) {
      const factor = input.factor[i] as number;
      const offset = input.offset[i] as number;
      for (let tap = 0, index = (o * inputs + i) * taps; tap < taps; tap++, index++) {
        const weight = conv.weights[index] as number;
        weights[index] = inSteps(weight * factor, step);
        constant += weight * offset;
      }
    }
    bias[o] = inSteps(constant, step);
  }
  return { outputs, inputs, kernel: [kernel, kernel], weights, bias };
}

/**
 * Rounds weights and bias to integers. Rounding the weights shifts the mean of each output; the bias takes that back,
 * given the mean of each input (Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV
 * 2019, section 4.2).
 *
 * @param means - mean of u for each weight of one output, [inputs, rows, columns]
 * @param range - largest magnitude of a weight
 */
export function roundConvolution(conv: RealConvolution, means: Float64Array, range: number): IntegerConvolution {
  const { outputs, inputs, kernel } = conv;
  const perOutput = means.length;
  const weights = new Int8Array(conv.weights.length);
  const scales = new Float32Array(outputs);
  const bias = new Int32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const first = o * perOutput;
    const real = conv.weights.subarray(first, first + perOutput);
    const scale = weightScale(real, conv.bias[o] as number, range);
    let corrected = conv.bias[o] as number;
    real.forEach((weight, index) => {
      const integer = Math.max(-range, Math.min(range, Math.round(weight / scale)));
      weights[first + index] = integer;
      corrected -= (integer * scale - weight) * (means[index] as number);
    });
    scales[o] = scale;
    bias[o] = Math.max(-MAX_BIAS, Math.min(MAX_BIAS, Math.round(corrected / scale)));
  }
  return { outputs, inputs, kernel, weights, scales, bias };
}

/**
 * The value of one unit of an output's accumulator, a float32: as fine as the largest weight allows, and coarse enough for
 * the bias, which decides where all weights are tiny or zero.
 */
function weightScale(weights: Float64Array, bias: number, range: number): number {
  let largest = 0;
  for (const weight of weights) largest = Math.max(largest, Math.abs(weight));
  const scale = Math.fround(Math.max(largest / range, (2 * Math.abs(bias)) / MAX_BIAS));
  return scale > 0 ? scale : 1;
}

/** Means of u for every tap of a convolution that pads by `padding`: a padded tap reads 0. */
export function tapMeans(
  mean: Float64Array,
  kernel: number,
  padding: number,
  size: { readonly height: number; readonly width: number },
): Float64Array {
  const inside = (tap: number, length: number) => Math.max(0, 1 - Math.abs(tap - padding) / length);
  const means = new Float64Array(mean.length * kernel * kernel);
  let index = 0;
  for (const value of mean) {
    for (let row = 0; row < kernel; row++) {
      for (let column = 0; column < kernel; column++) {
        means[index++] = value * inside(row, size.height) * inside(column, size.width);
      }
    }
  }
  return means;
}
