/** Whole nets in INT8 against the same nets in FP32. */
import { describe, expect, it, test } from 'vitest';
import { GatewayError } from '../../../src/errors.ts';
import { emitFloat } from '../../../src/inference/compile/emit-float.ts';
import { type EmitInt8Options, emitInt8 } from '../../../src/inference/compile/emit-int8.ts';
import { FULL_RANGE, roundConvolution } from '../../../src/inference/compile/integer-convolution.ts';
import { encodeModel } from '../../../src/inference/compile/onnx/encode.ts';
import { OnnxType } from '../../../src/inference/compile/onnx/model.ts';
import type { Normalisation } from '../../../src/inference/compile/stem.ts';
import { accumulatesIn32Bits, thisProcessor } from '../../../src/inference/processor.ts';
import { calibrateOn, imageOf, runAll, runOnce } from './support.ts';
import { ONE_CHANNEL, THREE_CHANNELS, type TinyNetOptions, tinyNet } from './tiny-net.ts';

const exactIn8Bits = accumulatesIn32Bits(await thisProcessor());

interface Case {
  readonly name: string;
  readonly net?: TinyNetOptions;
  readonly normalisation?: Normalisation;
  readonly emit?: Partial<EmitInt8Options>;
  readonly films?: number;
}

// 7-bit weights unless the case is about 8: those are exact on every processor.
const cases: Case[] = [
  { name: 'positive gammas' },
  { name: 'negative gammas', net: { negative: 0.5 } },
  { name: 'negative and zero gammas', net: { negative: 0.3, zero: 0.2, seed: 8 } },
  { name: 'a one-channel stem', net: { channels: 1 }, normalisation: ONE_CHANNEL },
  { name: 'four blocks', net: { blocks: [1, 2, 2, 1], negative: 0.1 }, emit: { height: 64, width: 64 } },
  { name: 'one block', net: { blocks: [3] } },
  { name: 'other widths', net: { stem: 6, growth: 5, bottleneck: 10, labels: 1 } },
  { name: 'another size than calibrated', emit: { height: 48, width: 64 } },
  { name: 'two films at once', films: 2, net: { negative: 0.2 } },
  { name: '8-bit weights', emit: { reduceRange: false } },
];

describe('the INT8 graph is close to FP32 with', () => {
  test.for(cases)('$name', async ({ net: options, normalisation = THREE_CHANNELS, emit, films = 1 }, { skip }) => {
    skip(emit?.reduceRange === false && !exactIn8Bits, 'this processor adds 8-bit products in 16 bits');
    const net = tinyNet(options);
    const { height = 32, width = 32, reduceRange = true } = emit ?? {};
    const calibration = await calibrateOn(net, normalisation, { height: Math.min(height, 64), width: 64 });
    const image = imageOf(films, height, width, normalisation);
    const model = emitInt8(net, calibration, { height, width, reduceRange, normalisation });
    const integer = await runOnce(encodeModel(model), image);
    const float = await runOnce(encodeModel(emitFloat(net)), image);
    expect(integer.cam.dims).toEqual(float.cam.dims);
    expect(integer.logit.dims).toEqual([films, net.head.labels]);
    expect(relativeError(integer.cam.data, float.cam.data)).toBeLessThan(0.06);
    expect(relativeError(integer.logit.data, float.logit.data)).toBeLessThan(0.06);
  });
});

describe('the INT8 graph', () => {
  it('is the same bytes for the same net and calibration, also when that comes from JSON', async () => {
    const net = tinyNet({ negative: 0.2 });
    const options = { height: 32, width: 32, reduceRange: false, normalisation: THREE_CHANNELS };
    const calibration = await calibrateOn(net, THREE_CHANNELS);
    const again = await calibrateOn(net, THREE_CHANNELS);
    expect(again).toEqual(calibration);
    const bytes = encodeModel(emitInt8(net, calibration, options));
    expect(encodeModel(emitInt8(net, JSON.parse(JSON.stringify(calibration)), options))).toEqual(bytes);
  });

  it('has four operators a dense layer and no float between pixels and head', async () => {
    const net = tinyNet({ blocks: [3, 2] });
    const calibration = await calibrateOn(net, THREE_CHANNELS);
    const { graph } = emitInt8(net, calibration, {
      height: 32,
      width: 32,
      reduceRange: false,
      normalisation: THREE_CHANNELS,
    });
    const ofLayer = graph.nodes.filter(({ name }) => name.startsWith('block1.layer2.')).map(({ opType }) => opType);
    expect(ofLayer).toEqual(['Max', 'QLinearConv', 'QLinearConv', 'Concat']);
    const between = graph.nodes.slice(
      graph.nodes.findIndex(({ name }) => name === 'stem.pixels') + 1,
      graph.nodes.findIndex(({ name }) => name === 'head.floats'),
    );
    const operators = new Set(between.map(({ opType }) => opType));
    expect([...operators].sort()).toEqual(['Concat', 'Max', 'NhwcMaxPool', 'QLinearConv', 'Reshape', 'Transpose']);
  });

  it('keeps 7-bit weights within 64', async () => {
    const net = tinyNet();
    const calibration = await calibrateOn(net, THREE_CHANNELS);
    const { graph } = emitInt8(net, calibration, {
      height: 32,
      width: 32,
      reduceRange: true,
      normalisation: THREE_CHANNELS,
    });
    const weights = graph.initializers.filter(({ type }) => type === OnnxType.INT8);
    const largest = Math.max(...weights.flatMap(({ data }) => [...new Int8Array(data.buffer)].map(Math.abs)));
    expect(largest).toBe(64);
  });

  it('sees the pixels exactly', async () => {
    const net = tinyNet({ channels: 1 });
    const calibration = await calibrateOn(net, ONE_CHANNEL);
    const options = { height: 32, width: 32, reduceRange: true, normalisation: ONE_CHANNEL, taps: ['stem.pixels'] };
    const model = encodeModel(emitInt8(net, calibration, options));
    const greys = Uint8Array.from({ length: 32 * 32 }, (_, index) => index % 256);
    const data = Float32Array.from(greys, (grey) => (Math.fround(grey / 255) - 0.5) * 2048);
    const pixels = (await runAll(model, { dims: [1, 1, 32, 32], data })).get('stem.pixels');
    expect(pixels?.data).toEqual(greys);
  });

  it('refuses sizes that do not halve evenly', async () => {
    const net = tinyNet();
    const calibration = await calibrateOn(net, THREE_CHANNELS);
    const options = { height: 32, width: 36, reduceRange: false, normalisation: THREE_CHANNELS };
    expect(() => emitInt8(net, calibration, options)).toThrow('multiples of 8');
  });

  it("refuses another net's calibration", async () => {
    const calibration = await calibrateOn(tinyNet({ growth: 5 }), THREE_CHANNELS);
    const options = { height: 32, width: 32, reduceRange: false, normalisation: THREE_CHANNELS };
    expect(() => emitInt8(tinyNet(), calibration, options)).toThrow(GatewayError);
  });
});

describe('rounding a convolution', () => {
  const real = (weights: number[], bias: number) => ({
    outputs: 1,
    inputs: weights.length,
    kernel: [1, 1] as const,
    weights: Float64Array.from(weights),
    bias: Float64Array.of(bias),
  });

  it('gives an output without weights its constant', () => {
    const { weights, scales, bias } = roundConvolution(real([0, 0], 17.25), new Float64Array(2), FULL_RANGE);
    expect([...weights]).toEqual([0, 0]);
    expect((bias[0] ?? 0) * (scales[0] ?? 0)).toBeCloseTo(17.25, 5);
    const empty = roundConvolution(real([0, 0], 0), new Float64Array(2), FULL_RANGE);
    expect([...empty.scales, ...empty.bias]).toEqual([1, 0]);
  });

  it('never overflows 32 bits, however small the weights beside the bias', () => {
    const { scales, bias } = roundConvolution(real([1e-12, -1e-12], -1e6), new Float64Array(2), FULL_RANGE);
    expect(Math.abs(bias[0] ?? 0)).toBeLessThanOrEqual(2 ** 30);
    expect((bias[0] ?? 0) * (scales[0] ?? 0)).toBeCloseTo(-1e6, 0);
  });

  it('keeps the mean of the output', () => {
    const conv = real([1, 0.3, -0.21], 5);
    const means = Float64Array.of(100, 50, 200);
    const { weights, scales, bias } = roundConvolution(conv, means, 7);
    const scale = scales[0] ?? 0;
    const sum = weights.reduce((total, weight, index) => total + weight * (means[index] ?? 0), bias[0] ?? 0);
    expect(Math.abs(sum * scale - (5 + 100 + 15 - 42))).toBeLessThan(scale);
  });
});

/** Root mean square of the differences, in parts of the spread of the expected values. */
function relativeError(found: Float32Array, expected: Float32Array): number {
  const mean = expected.reduce((sum, value) => sum + value, 0) / expected.length;
  const squares = (values: Float32Array, of: (value: number, index: number) => number) =>
    values.reduce((sum, value, index) => sum + of(value, index) ** 2, 0);
  const difference = squares(found, (value, index) => value - (expected[index] ?? Number.NaN));
  // Few labels can lie close together: then their size counts.
  const spread = squares(expected, (value) => value - mean) + 0.25 * squares(expected, (value) => value);
  return Math.sqrt(difference / spread);
}
