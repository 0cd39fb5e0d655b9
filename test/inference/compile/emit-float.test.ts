import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emitFloat } from '../../../src/inference/compile/emit-float.ts';
import { netFromOnnx } from '../../../src/inference/compile/extract/from-onnx.ts';
import { decodeModel } from '../../../src/inference/compile/onnx/decode.ts';
import { encodeModel } from '../../../src/inference/compile/onnx/encode.ts';
import { sharedData } from '../../support/shared.ts';
import { largestDifference, runOnce } from './support.ts';
import { random, tinyNet } from './tiny-net.ts';

const noise = (length: number, seed = 5): Float32Array => {
  const next = random(seed);
  return Float32Array.from({ length }, () => 2 * next());
};

describe('the FP32 graph', () => {
  it('takes any number of films of any size, and its map averages to the logit', async () => {
    const model = encodeModel(emitFloat(tinyNet({ negative: 0.2, zero: 0.1 })));
    const image = { dims: [2, 3, 40, 24], data: noise(2 * 3 * 40 * 24) };
    const { prob, logit, cam } = await runOnce(model, image);
    expect(prob.dims).toEqual([2, 3]);
    expect(cam.dims).toEqual([2, 5, 3, 3]);
    const mean = (film: number, label: number) =>
      Array.from({ length: 15 }, (_, position) => cam.data[(film * 15 + position) * 3 + label] ?? Number.NaN).reduce(
        (sum, value) => sum + value / 15,
        0,
      );
    const means = Float32Array.of(mean(0, 0), mean(0, 1), mean(0, 2), mean(1, 0), mean(1, 1), mean(1, 2));
    expect(largestDifference(logit.data, means)).toBeLessThan(1e-4);
    expect(
      largestDifference(
        prob.data,
        logit.data.map((value) => 1 / (1 + Math.exp(-value))),
      ),
    ).toBeLessThan(1e-6);
  });

  it('gives each film what it gives it alone', async () => {
    const model = encodeModel(emitFloat(tinyNet({ channels: 1 })));
    const films = noise(2 * 32 * 32);
    const together = await runOnce(model, { dims: [2, 1, 32, 32], data: films });
    const second = await runOnce(model, { dims: [1, 1, 32, 32], data: films.subarray(32 * 32) });
    expect(largestDifference(second.prob.data, together.prob.data.subarray(3))).toBeLessThan(1e-6);
  });

  it('is the same bytes for the same net', () => {
    expect(encodeModel(emitFloat(tinyNet()))).toEqual(encodeModel(emitFloat(tinyNet())));
  });
});

const shared = sharedData();

describe.skipIf(shared === undefined)('the demonstration model (needs ../shared)', () => {
  it('computes from its extracted net what its own file computes', async () => {
    const original = await readFile(join(shared ?? '', 'model', 'chexnet-demo.fp32.onnx'));
    const emitted = encodeModel(emitFloat(netFromOnnx(decodeModel(original))));
    const image = { dims: [2, 3, 96, 128], data: noise(2 * 3 * 96 * 128) };
    const expected = await runOnce(original, image, { prob: 'probability' });
    const found = await runOnce(emitted, image);
    expect(largestDifference(found.prob.data, expected.prob.data)).toBeLessThan(1e-4);
  });
});
