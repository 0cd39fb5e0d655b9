/** The card as a condition: of the first activation of a database, never of a version that is in use already. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ModelPackage } from '../src/inference/registry.ts';
import { startTestApp } from './support/app.ts';
import { graphql } from './support/client.ts';
import { modelWithAlternative } from './support/model-with-alternative.ts';

const CARDS = '{ modelVersions { nodes { state card { missing complete } } } }';

let models: string;
let model: ModelPackage;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'cxr-gateway-models-'));
  model = await modelWithAlternative(models, { precision: 'FP32' });
});

afterAll(() => rm(models, { recursive: true, force: true }));

/** Takes the card out of the manifest, as manifests were before there were cards. */
async function withoutCard(): Promise<void> {
  const path = join(model.directory, 'manifest.json');
  const { card: _, ...manifest } = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify(manifest));
  await writeFile(join(model.directory, 'MODEL_CARD.md'), '# By hand\n');
}

it('a version in use keeps being used when its folder has no card; a new database does not begin with it', async () => {
  await using gateway = await startTestApp({ MODELS_DIR: models });
  expect(await graphql(gateway.url, CARDS)).toMatchObject({
    modelVersions: { nodes: [{ state: 'ACTIVE', card: { complete: false } }] },
  });
  await withoutCard();
  const second = await gateway.another();
  expect(await graphql(second.url, CARDS)).toMatchObject({ modelVersions: { nodes: [{ state: 'ACTIVE' }] } });
  await expect(startTestApp({ MODELS_DIR: models })).rejects.toMatchObject({
    code: 'INVALID_STATE',
    message: expect.stringMatching(/`card` of manifest\.json: developer .+ run cxr-gateway model card/),
  });
});
