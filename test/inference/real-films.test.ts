import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ModelManifest } from '../../src/inference/manifest.ts';
import { InferencePool } from '../../src/inference/pool.ts';
import { NIH_FILMS } from '../support/nih-films.ts';
import { sharedData } from '../support/shared.ts';
import { limits, shippedModel, temporaryFolder } from './support.ts';

const shared = sharedData();

const FP32_SHA256 = '7bfcf37b4a95bfa4b8bff63cb1bd2469e31cc1578a485d5c006fb872b759184b';

describe.skipIf(shared === undefined)('readings of real films (needs ../shared)', () => {
  const folder = shared ?? '';

  function newPool(): InferencePool {
    const pool = new InferencePool({ threads: 1, intraOpThreads: 1, timeoutMs: 30_000 });
    onTestFinished(() => pool[Symbol.asyncDispose]());
    return pool;
  }

  test.each(NIH_FILMS)('$file: the shipped INT8 model gives what Python gives', async ({ file, int8 }) => {
    const path = join(folder, 'data', 'films', 'chest', file);
    const { scores, grayscale } = await newPool().read({ path, model: await shippedModel(), limits });
    expect(grayscale).toBe('STORED_8_BIT');
    for (const score of scores) {
      expect(Math.abs(score.probability - (int8[score.label] ?? Number.NaN))).toBeLessThan(1e-3);
    }
  });

  test.each(NIH_FILMS)('$file: the FP32 model without heat maps gives what Python gives', async ({ file, fp32 }) => {
    const { manifest } = await shippedModel();
    const directory = join(await temporaryFolder(), 'fp32');
    await mkdir(directory);
    await symlink(join(folder, 'model', 'chexnet-demo.fp32.onnx'), join(directory, 'model.onnx'));
    const outputs = { probability: 'probability', logit: null, classActivationMap: null };
    const changed: ModelManifest = { ...manifest, file: 'model.onnx', sha256: FP32_SHA256, precision: 'FP32', outputs };
    const path = join(folder, 'data', 'films', 'chest', file);
    const reading = await newPool().read({
      path,
      model: { directory, digest: FP32_SHA256, manifest: changed },
      limits,
    });
    expect(reading).toMatchObject({ heatMapRows: 0, heatMapColumns: 0 });
    for (const score of reading.scores) {
      expect(score.heatMap).toEqual([]);
      expect(Math.abs(score.probability - (fp32[score.label] ?? Number.NaN))).toBeLessThan(1e-3);
    }
  });
});
