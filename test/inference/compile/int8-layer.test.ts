/** The integers of the INT8 graph against plain loops, bit for bit. */
import { describe, expect, it } from 'vitest';
import { clampOf } from '../../../src/inference/compile/clamp.ts';
import type { DenseNet } from '../../../src/inference/compile/dense-net.ts';
import { emitInt8 } from '../../../src/inference/compile/emit-int8.ts';
import { encodeModel } from '../../../src/inference/compile/onnx/encode.ts';
import { quantise } from '../../../src/inference/compile/quantise.ts';
import type { NumericTensor } from '../../../src/inference/graph-runner.ts';
import { accumulatesIn32Bits, thisProcessor } from '../../../src/inference/processor.ts';
import { clampMap, convolve, type IntegerMap, join } from './integer-reference.ts';
import { calibrateOn, imageOf, runAll } from './support.ts';
import { THREE_CHANNELS, tinyNet } from './tiny-net.ts';

const exactIn8Bits = accumulatesIn32Bits(await thisProcessor());

/** A net whose first layer has every kind of channel: always active, never active, negative, zero and ordinary. */
function netOfAllKinds(): DenseNet {
  const net = tinyNet({ seed: 3, negative: 0.4 });
  const norm = net.blocks[0]?.layers[0]?.norm1;
  if (norm === undefined) throw new Error('no layer');
  const kinds = [
    [1.2, 40],
    [1.1, -60],
    [-0.9, 30],
    [-1.3, -20],
    [0, 0.7],
    [0, -0.7],
  ];
  kinds.forEach(([scale = 0, shift = 0], channel) => {
    norm.scale[channel] = scale;
    norm.shift[channel] = shift;
  });
  return net;
}

function mapOf(tensor: NumericTensor | undefined): IntegerMap {
  if (!(tensor?.data instanceof Uint8Array)) throw new Error('no uint8 tensor');
  const [, rows = 0, columns = 0, channels = 0] = tensor.dims;
  return { rows, columns, channels, values: tensor.data };
}

describe('a dense layer in integers', () => {
  it.for([
    ['7-bit weights', true],
    ['8-bit weights', false],
  ] as const)('equals the reference with %s', async ([, reduceRange], { skip }) => {
    skip(!reduceRange && !exactIn8Bits, 'this processor adds 8-bit products in 16 bits');
    const net = netOfAllKinds();
    const calibration = await calibrateOn(net, THREE_CHANNELS);
    const options = { height: 32, width: 32, reduceRange, normalisation: THREE_CHANNELS };
    const taps = ['stem.pool', 'block1.layer1.conv1', 'block1.layer1.features'];
    const model = encodeModel(emitInt8(net, calibration, { ...options, taps }));
    const results = await runAll(model, imageOf(1, 32, 32, THREE_CHANNELS));
    const layer = quantise(net, calibration, options).blocks[0]?.layers[0];
    if (layer === undefined) throw new Error('no layer');
    const features = mapOf(results.get('stem.pool'));
    const clamped = clampMap(features, layer.clamp.lower, layer.clamp.upper);
    const bottleneck = convolve(clamped, layer.conv1, 0);
    const grown = convolve(bottleneck, layer.conv2, 1);
    expect(bottleneck).toEqual(mapOf(results.get('block1.layer1.conv1')));
    expect(join(features, grown)).toEqual(mapOf(results.get('block1.layer1.features')));
    // The comparison means something: many different integers.
    expect(new Set(grown.values).size).toBeGreaterThan(64);
  });

  it('treats each kind of channel as it must', async () => {
    const net = netOfAllKinds();
    const calibration = await calibrateOn(net, THREE_CHANNELS);
    const { blocks } = quantise(net, calibration, {
      height: 32,
      width: 32,
      reduceRange: false,
      normalisation: THREE_CHANNELS,
    });
    const layer = blocks[0]?.layers[0];
    if (layer === undefined) throw new Error('no layer');
    const { lower, upper, factor, offset } = layer.clamp;
    const channel = (index: number) => [lower[index], upper[index], Math.sign(factor[index] ?? 0)];
    expect(channel(0)).toEqual([0, 255, 1]);
    expect(channel(1)).toEqual([0, 255, 0]);
    expect(channel(2)).toEqual([0, 255, -1]);
    expect(channel(3)).toEqual([0, 255, 0]);
    expect(channel(4)).toEqual([0, 255, 0]);
    expect(offset.slice(1, 2)).toEqual(Float64Array.of(0));
    expect(offset.slice(3, 6)).toEqual(Float64Array.of(0, Math.fround(0.7), 0));
  });
});

describe('the clamp of a feature', () => {
  /** x = -1 + q / 100, so from -1 to 1.55. */
  const features = { low: Float64Array.of(-1), step: Float64Array.of(0.01) };
  const clamp = (scale: number, shift: number, scaled = features) => {
    const norm = { scale: Float32Array.of(scale), shift: Float32Array.of(shift) };
    const { lower, upper, factor, offset } = clampOf(norm, scaled, [0]);
    return { lower: lower[0], upper: upper[0], factor: factor[0] ?? 0, offset: offset[0] ?? 0 };
  };

  it('stands at -shift / scale: from below for positive scales, from above for negative ones', () => {
    // Active above x = 0.5, which is q = 150.
    const rising = clamp(2, -1);
    expect(rising).toMatchObject({ lower: 150, upper: 255 });
    expect(rising.factor * 200 + rising.offset).toBeCloseTo(1, 10);
    // Active below it.
    const falling = clamp(-2, 1);
    expect(falling).toMatchObject({ lower: 0, upper: 150 });
    expect(falling.factor * 50 + falling.offset).toBeCloseTo(2, 10);
  });

  it('is nothing where the channel is always active, and takes it out where it never is', () => {
    const always = clamp(2, 5);
    expect(always).toMatchObject({ lower: 0, upper: 255 });
    expect(always.factor * 100 + always.offset).toBeCloseTo(5, 10);
    expect(clamp(2, -5)).toEqual({ lower: 0, upper: 255, factor: 0, offset: 0 });
    expect(clamp(-2, -5)).toEqual({ lower: 0, upper: 255, factor: 0, offset: 0 });
  });

  it('is a constant where nothing varies', () => {
    expect(clamp(0, 3)).toEqual({ lower: 0, upper: 255, factor: 0, offset: 3 });
    expect(clamp(0, -3)).toEqual({ lower: 0, upper: 255, factor: 0, offset: 0 });
    const still = { low: Float64Array.of(0.5), step: Float64Array.of(0) };
    expect(clamp(2, 1, still)).toEqual({ lower: 0, upper: 255, factor: 0, offset: 2 });
  });
});
