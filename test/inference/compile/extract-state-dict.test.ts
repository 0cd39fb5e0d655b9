/** Extraction from named weights, under every name they have had. */
import { describe, expect, it } from 'vitest';
import { parseCheckpoint } from '../../../src/inference/compile/checkpoint/read-checkpoint.ts';
import { readSafetensors, writeSafetensors } from '../../../src/inference/compile/checkpoint/safetensors.ts';
import type { StateDict, StateTensor } from '../../../src/inference/compile/checkpoint/state-dict.ts';
import type { DenseNet } from '../../../src/inference/compile/dense-net.ts';
import { DENSENET_121 } from '../../../src/inference/compile/extract/architecture.ts';
import { netFromStateDict, thresholdsOf } from '../../../src/inference/compile/extract/from-state-dict.ts';
import { labelsFor, TORCHXRAYVISION_LABELS } from '../../../src/inference/compile/extract/labels.ts';
import { stateDictFromNet } from '../../../src/inference/compile/extract/to-state-dict.ts';
import { noiseImages, verifyNet } from '../../../src/inference/compile/verify-extraction.ts';
import { stateDict, torchLegacyFile } from './support/pickle-writer.ts';
import { randomNet, TINY } from './support/tiny-net.ts';
import { chexNetName, renamed, torchState, written, writtenHalf } from './support/torch-net.ts';

const net = randomNet(TINY);
const state = torchState(net);

/** Every scale and shift within the rounding of float32 arithmetic; every other number the same. */
function expectSame(found: DenseNet, expected: DenseNet, tolerance = 1e-6): void {
  const theirs = stateDictFromNet(expected);
  for (const [name, { dims, values }] of stateDictFromNet(found)) {
    const wanted = theirs.get(name);
    expect(dims).toEqual(wanted?.dims);
    const worst = values.reduce(
      (most, value, index) => Math.max(most, Math.abs(value - (wanted?.values[index] ?? 0))),
      0,
    );
    expect(worst, name).toBeLessThan(tolerance);
  }
}

const withTensor = (name: string, tensor: Partial<StateTensor>): StateDict =>
  new Map([...state, [name, { ...(state.get(name) ?? { dims: [1], values: Float32Array.of(0) }), ...tensor }]]);

const without = (name: string): StateDict => new Map([...state].filter(([key]) => key !== name));

const problem = (weights: StateDict, architecture = TINY): string => {
  try {
    netFromStateDict(weights, architecture);
  } catch (error) {
    expect(error).toMatchObject({ code: 'MODEL_INVALID' });
    return (error as Error).message;
  }
  throw new Error('was accepted');
};

describe('names', () => {
  it.each<[string, (name: string) => string]>([
    ['torchvision', (name) => name],
    ['DataParallel', (name) => `module.${name}`],
    ["CheXNet's file of 2017", chexNetName],
    ['a wrapper', (name) => `densenet121.${name}`],
    ['a classifier behind a Dropout', (name) => name.replace('classifier.', 'classifier.1.')],
  ])('%s', (_name, rename) => {
    expectSame(netFromStateDict(renamed(state, rename), TINY), net);
  });

  it('counters of batches are left out, and thresholds are found', () => {
    const counted = new Map([
      ...state,
      ['features.norm0.num_batches_tracked', { dims: [], values: Float32Array.of(9) }],
      ['op_threshs', { dims: [5], values: Float32Array.of(0.1, 0.2, 0.3, 0.4, Number.NaN) }],
    ]);
    expectSame(netFromStateDict(counted, TINY), net);
    expect(thresholdsOf(counted)?.[1]).toBeCloseTo(0.2);
    expect(thresholdsOf(state)).toBeNull();
  });

  it('one-channel stems and other numbers of outputs', () => {
    const grey = randomNet(TINY, { imageChannels: 1, labels: 18 });
    expectSame(netFromStateDict(torchState(grey), TINY), grey);
  });
});

describe('whole files', () => {
  const whole = randomNet(DENSENET_121, { labels: 14 });

  it('DenseNet-121 in the legacy format under the names of 2017', async () => {
    const { value, storages } = stateDict(written(renamed(torchState(whole), chexNetName)), true);
    const bytes = torchLegacyFile({ value: { dict: [['state_dict', value]] }, storages });
    const found = netFromStateDict(parseCheckpoint(bytes, 'model.pth.tar'));
    expectSame(found, whole);
    const check = await verifyNet(found, noiseImages(3, 64, 64, { least: -2, greatest: 2 }));
    expect(check.images).toBe(3);
    const [image] = noiseImages(3, 64, 64, { least: -2, greatest: 2 });
    const elsewhere = [new Float32Array(14).fill(1e6)];
    await expect(verifyNet(found, image === undefined ? [] : [image], elsewhere)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('differs from the expected one'),
    });
  });

  it('weights in half precision', () => {
    const { value, storages } = stateDict(writtenHalf(state), true);
    const found = netFromStateDict(parseCheckpoint(torchLegacyFile({ value, storages }), 'half.pth'), TINY);
    expectSame(found, net, 2e-3);
  });

  it('our own file gives the same net, bit for bit', () => {
    const bytes = writeSafetensors(stateDictFromNet(net), 'F32');
    expect(netFromStateDict(readSafetensors(bytes), TINY)).toEqual(net);
    const folded = {
      ...net,
      stem: { ...net.stem, conv: { ...net.stem.conv, bias: new Float32Array(TINY.stem).fill(0.5) } },
    };
    const again = netFromStateDict(readSafetensors(writeSafetensors(stateDictFromNet(folded), 'F32')), TINY);
    expect(again).toEqual(folded);
  });

  it('half precision, written and read and written, is the same file', () => {
    const once = writeSafetensors(stateDictFromNet(net), 'F16');
    const twice = writeSafetensors(stateDictFromNet(netFromStateDict(readSafetensors(once), TINY)), 'F16');
    expect(twice).toEqual(once);
  });
});

describe('refusals', () => {
  it('a ResNet', () => {
    const resNet = new Map([
      ['conv1.weight', { dims: [64, 3, 7, 7], values: new Float32Array(64 * 147) }],
      ['layer1.0.conv1.weight', { dims: [64, 64, 1, 1], values: new Float32Array(4096) }],
    ]);
    expect(problem(resNet)).toContain('those of a ResNet');
  });

  it('DenseNet-169, naming what is too much', () => {
    const larger = randomNet({ ...TINY, blocks: [2, 3, 3] });
    expect(problem(torchState(larger))).toMatch(/features\.norm5\.weight is \[|denselayer3/);
  });

  it('missing weights', () => {
    expect(problem(without('features.denseblock2.denselayer1.conv2.weight'))).toContain(
      'it has no features.denseblock2.denselayer1.conv2.weight',
    );
    expect(problem(without('features.norm5.running_var'))).toContain('it has no features.norm5.running_var');
    expect(problem(without('classifier.bias'))).toContain('it has no classifier.bias');
  });

  it('unexpected weights, listed', () => {
    expect(problem(withTensor('aux.weight', { dims: [1] }))).toContain('has not: aux.weight');
  });

  it('other shapes and numbers that are not finite', () => {
    expect(problem(withTensor('features.conv0.weight', { dims: [8, 4, 7, 7] }))).toContain('4 input channels');
    expect(problem(withTensor('features.norm0.weight', { dims: [9] }))).toContain('is [9] in place of [8]');
    const values = new Float32Array(8).fill(Number.NaN);
    expect(problem(withTensor('features.norm0.bias', { values }))).toContain('not finite');
    expect(problem(withTensor('features.norm0.running_var', { values: new Float32Array(8).fill(-1) }))).toContain(
      'negative',
    );
  });

  it('two nets in one file', () => {
    const both = new Map([...renamed(state, (name) => `a.${name}`), ...renamed(state, (name) => `b.${name}`)]);
    expect(problem(both)).toContain('it holds 2 nets');
  });

  it('labels that are not as many as the outputs', () => {
    expect(labelsFor(18, undefined)).toBe(TORCHXRAYVISION_LABELS);
    expect(labelsFor(2, ['A', 'B'])).toEqual(['A', 'B']);
    const code = expect.objectContaining({ code: 'MODEL_INVALID' });
    expect(() => labelsFor(2, undefined)).toThrow(code);
    expect(() => labelsFor(2, ['A'])).toThrow(code);
  });
});
