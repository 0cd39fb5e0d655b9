import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { importModel } from '../../../src/inference/compile/import-model.ts';
import { evaluateModel } from '../../../src/inference/evaluate/evaluate-model.ts';
import { Subjects } from '../../../src/inference/evaluate/subjects.ts';
import { compileFolder } from '../../../src/inference/model-folder/compile-folder.ts';
import { sharedData } from '../../support/shared.ts';
import { limits, temporaryFolder } from '../support.ts';

const shared = sharedData();
const threads = 2;

/** 26 s of calibration and 20 s of reading on two cores. */
const TIMEOUT_MS = 300_000;

describe.skipIf(shared === undefined)('INT8 loses nothing on NIH films (needs ../shared)', () => {
  test('calibrated on 128 films, evaluated on 300 others', { timeout: TIMEOUT_MS }, async () => {
    const data = join(shared ?? '', 'data', 'nih');
    const { directory } = await importModel({
      source: join(shared ?? '', 'model', 'chexnet-demo.fp32.onnx'),
      name: 'chexnet',
      version: '1.0.0',
      modelsDirectory: await temporaryFolder(),
      size: { height: 128, width: 128 },
      precision: 'F16',
    });
    const { calibration } = await compileFolder({
      directory,
      source: { films: join(data, 'calibration') },
      method: 'mse',
      reduceRange: false,
      keepFloat: false,
      threads,
      limits,
      onFailure: (_, error) => expect.fail(error.message),
      onProgress: () => {},
    });
    expect(calibration).toMatchObject({ films: 128, warning: null });
    const subjects = await Subjects.load(directory, threads);
    onTestFinished(() => subjects[Symbol.asyncDispose]());
    const evaluation = await evaluateModel({
      subjects,
      labelsFile: join(data, 'evaluation.csv'),
      films: join(data, 'evaluation'),
      rule: { kind: 'youden' },
      resamples: 100,
      seed: 1,
      limits,
    });
    expect(evaluation).toMatchObject({ films: 300, patients: 285, notRead: [], notFound: 0, notLabelled: 0 });
    // Python with Pillow and ONNX Runtime: 0.7380.
    expect(evaluation.meanAuc.FP32?.value).toBeCloseTo(0.738, 3);
    expect(evaluation.agreement?.drop.value).toBeLessThanOrEqual(0.001);
    for (const { label, agreement } of evaluation.labels) {
      expect(agreement?.drop.value, label).toBeLessThanOrEqual(0.005);
    }
    expect(evaluation.agreement?.meanDifference).toBeLessThanOrEqual(0.003);
  });
});
