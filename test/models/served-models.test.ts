/** The engine that serves, from the setting over the reading to what the API tells of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom } from '../../src/dicom/phantom.ts';
import type { ModelPackage } from '../../src/inference/registry.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { stow, subscribe } from '../support/client.ts';
import { modelWithAlternative } from '../support/model-with-alternative.ts';

interface Completed {
  readonly findingsCompleted: {
    readonly inference: {
      readonly modelVersion: { readonly digest: string };
      readonly executedEngine: { readonly digest: string; readonly precision: string } | null;
    };
  };
}

const LIVE = `subscription { findingsCompleted { inference {
  modelVersion { digest } executedEngine { digest precision } } } }`;

let models: string;
let model: ModelPackage;
let gateway: TestApp;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'cxr-gateway-models-'));
  model = await modelWithAlternative(models, { precision: 'FP32' });
  gateway = await startTestApp({ MODELS_DIR: models, INFERENCE_PRECISION: 'fp32' });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await rm(models, { recursive: true, force: true });
});

describe('a gateway told to read in FP32', () => {
  it('says at /readyz which engine serves', async () => {
    const { checks } = (await (await fetch(`${gateway.url}/readyz`)).json()) as {
      checks: { name: string; detail: string }[];
    };
    const digest = model.manifest.alternatives?.[0]?.sha256.slice(0, 12);
    expect(checks.find(({ name }) => name === 'model')?.detail).toMatch(new RegExp(`by FP32 \\(${digest}\\)$`));
  });

  it('keeps with each reading which file ran, beside the model version that it is of', async () => {
    await using live = await subscribe<Completed>(gateway.url, LIVE);
    await stow(gateway.url, [makePhantom({ seed: 70_001, rows: 256, columns: 256 })]);
    const { inference } = (await live.next()).findingsCompleted;
    expect(inference.modelVersion.digest).toBe(model.digest);
    expect(inference.executedEngine).toEqual({
      digest: model.manifest.alternatives?.[0]?.sha256,
      precision: 'FP32',
    });
  });

  it('does not start where a file of a model is gone', async () => {
    await rm(join(model.directory, 'alternative.onnx'));
    await expect(gateway.another()).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});
