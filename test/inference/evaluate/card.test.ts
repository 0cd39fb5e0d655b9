import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { evaluationLines } from '../../../src/inference/evaluate/card.ts';
import { withMetrics } from '../../../src/inference/evaluate/manifest-metrics.ts';
import { writeEvaluation } from '../../../src/inference/evaluate/write-evaluation.ts';
import type { ModelManifest } from '../../../src/inference/manifest.ts';
import { readManifest } from '../../../src/inference/registry.ts';
import { shippedModel, temporaryFolder } from '../support.ts';
import { sampleEvaluation } from './support.ts';

/** The shipped manifest with the labels of the sample. */
async function sampleManifest(): Promise<ModelManifest> {
  const { manifest } = await shippedModel();
  return {
    ...manifest,
    version: '1.0.0',
    labels: [
      { name: 'Mass', threshold: 0.3 },
      { name: 'Pleural_Thickening', threshold: 0.7 },
    ],
    thresholdsOrigin: { ...manifest.thresholdsOrigin, operatingPoints: {} },
  };
}

test('the section of the card says what was measured', () => {
  const text = evaluationLines(sampleEvaluation()).join('\n');
  expect(text).toContain('On noise: 120 films of 53 patients');
  expect(text).toMatch(
    /\| Mass \| 31 of 120 \| 0\.769 \(0\.694 to 0\.845\) \| 0\.765 \(0\.692 to 0\.842\) \| \+0\.0038 /,
  );
  expect(text).toContain('| Pleural Thickening | 0 of 120 | - | - | - |');
  expect(text).toContain('| Mass | 0.2875 | 83.9 % |');
  expect(text).toContain('1 film(s) could not be read');
});

describe('the manifest', () => {
  test('gets metrics of both precisions and thresholds with their origin', async () => {
    const changed = withMetrics(await sampleManifest(), sampleEvaluation());
    const [fp32, int8] = changed.metrics.slice(-2);
    expect(fp32).toMatchObject({ precision: 'FP32', mean: 0.7688, perLabel: { Mass: 0.7688 } });
    expect(fp32).not.toHaveProperty('againstFp32');
    expect(int8).toMatchObject({
      precision: 'INT8',
      intervals: { perLabel: { Mass: [0.6917, 0.8421] } },
      againstFp32: { drop: 0.0038, dropPerLabel: { Mass: 0.0038 } },
    });
    expect(changed.labels).toEqual([
      { name: 'Mass', threshold: 0.2875 },
      { name: 'Pleural_Thickening', threshold: 0.7 },
    ]);
    expect(changed.thresholdsOrigin).toMatchObject({
      dataSet: 'noise',
      films: 120,
      operatingPoints: { Mass: { positives: 31, sensitivity: 0.8387, specificity: 0.573 } },
    });
  });

  test('keeps metrics of other films and replaces those of the same', async () => {
    const manifest = await sampleManifest();
    const once = withMetrics(manifest, sampleEvaluation());
    expect(withMetrics(once, sampleEvaluation())).toEqual(once);
    expect(once.metrics.slice(0, -2)).toEqual(manifest.metrics);
  });

  test('keeps thresholds when told to', async () => {
    const manifest = await sampleManifest();
    const changed = withMetrics(manifest, sampleEvaluation({ kind: 'kept' }, 10));
    expect(changed.labels).toEqual(manifest.labels);
    expect(changed.thresholdsOrigin).toEqual(manifest.thresholdsOrigin);
  });

  test('refuses the evaluation of another version', async () => {
    const manifest = { ...(await sampleManifest()), version: '2.0.0' };
    expect(() => withMetrics(manifest, sampleEvaluation())).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
  });
});

test('writeEvaluation leaves a folder that can be read, whole files only, and the same a second time', async () => {
  const directory = join(await temporaryFolder(), 'model');
  await mkdir(directory);
  const manifest = await sampleManifest();
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(manifest));
  const files = await writeEvaluation(directory, manifest, sampleEvaluation());
  expect((await readdir(directory)).sort()).toEqual([...files].sort());
  const changed = await readManifest(directory);
  expect(changed).toEqual(withMetrics(manifest, sampleEvaluation()));
  const contents = () => Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));
  const before = await contents();
  expect(JSON.parse(before[0] ?? '')).toEqual(JSON.parse(JSON.stringify(sampleEvaluation())));
  if (changed !== null) await writeEvaluation(directory, changed, sampleEvaluation());
  expect(await contents()).toEqual(before);
});
