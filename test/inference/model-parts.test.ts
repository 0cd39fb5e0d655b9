import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ModelManifest } from '../../src/inference/manifest.ts';
import { HANDWRITTEN_CARD_FILE, writeCard } from '../../src/inference/model-card/write-card.ts';
import { missingParts, reopenPackage } from '../../src/inference/model-parts.ts';
import { modelFolder, shippedModel, temporaryFolder } from './support.ts';

const CARD = 'MODEL_CARD.md';

/** What a folder with the shipped manifest, changed, lacks once its card was made. */
async function lacking(change: (manifest: ModelManifest) => unknown): Promise<readonly string[]> {
  const model = await modelFolder(await temporaryFolder(), 'model', change);
  await writeCard(model.directory);
  return missingParts(await reopenPackage(model));
}

test('a folder that is gone, or has other bytes now, is told', async () => {
  const { directory, ...model } = await modelFolder(await temporaryFolder(), 'model', (manifest) => manifest);
  const other = { ...model, directory, digest: 'ab'.repeat(32) };
  await expect(reopenPackage(other)).rejects.toMatchObject({ code: 'MODEL_DIGEST_MISMATCH' });
  await rm(join(directory, 'manifest.json'));
  await expect(reopenPackage({ ...model, directory })).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
});

test('the shipped model lacks nothing', async () => {
  expect(await missingParts(await shippedModel())).toEqual([]);
});

test('a made card with the required attributes is enough', async () => {
  expect(await lacking((manifest) => manifest)).toEqual([]);
});

test('a manifest from before cards lacks the attributes that nobody may leave out, by name, and what to do', async () => {
  expect(await lacking(({ card: _, ...manifest }) => manifest)).toEqual([
    'in `card` of manifest.json: developer (1(a) Name and contact information of the developer), output (1(c) Description of ' +
      'the value that is produced as an output), outputKind (1(d) Whether the output is a prediction, classification, ' +
      'recommendation, evaluation, analysis or other type), intendedUse (2(a) Intended use), intendedPopulation (2(b) Intended ' +
      'patient population(s)), intendedUsers (2(c) Intended user(s)), decisionRole (2(d) Intended decision-making role), ' +
      'cautionedUse (3(a) Tasks, situations or populations where a user is cautioned against applying it), knownRisks (3(b) Known ' +
      'risks, inappropriate settings, inappropriate uses or known limitations), trainingDataCriteria (4(a) Exclusion and inclusion ' +
      'criteria that influenced the training data set) (state them there, then run cxr-gateway model card)',
  ]);
});

test('one of them is named alone; the others may be missing', async () => {
  const one = await lacking(({ card: { knownRisks: _, ...card } = {}, ...manifest }) => ({ ...manifest, card }));
  expect(one).toEqual([
    expect.stringMatching(/^in `card` of manifest\.json: knownRisks \(3\(b\) [^(]+\) \(state them/),
  ]);
  const others = ({
    card: { validityInternal: _, demographicInputs: __, ...card } = {},
    ...manifest
  }: ModelManifest) => ({
    ...manifest,
    card,
  });
  expect(await lacking(others)).toEqual([]);
});

test('MODEL_CARD.md must be there and made from the manifest as it is now', async () => {
  const model = await modelFolder(await temporaryFolder(), 'model', (manifest) => manifest);
  const path = join(model.directory, CARD);
  await rm(path, { force: true });
  expect(await missingParts(model)).toEqual(['a model card, MODEL_CARD.md (cxr-gateway model card writes it)']);
  const stale = ['a MODEL_CARD.md that is made from manifest.json as it is now (run cxr-gateway model card)'];
  await writeFile(path, '# By hand\n');
  expect(await missingParts(model)).toEqual(stale);
  await writeCard(model.directory);
  expect(await missingParts(model)).toEqual([]);
  const changed = { ...model, manifest: { ...model.manifest, description: 'Changed since.' } };
  expect(await missingParts(changed)).toEqual(stale);
});

test('writing the card again changes nothing, and one that people wrote is kept', async () => {
  const { directory } = await modelFolder(await temporaryFolder(), 'model', (manifest) => manifest);
  const path = join(directory, CARD);
  await writeFile(path, '# By hand\n');
  expect((await writeCard(directory)).files).toEqual([HANDWRITTEN_CARD_FILE, CARD]);
  const first = await readFile(path, 'utf8');
  expect((await writeCard(directory)).files).toEqual([CARD]);
  expect(await readFile(path, 'utf8')).toBe(first);
  expect(await readFile(join(directory, HANDWRITTEN_CARD_FILE), 'utf8')).toBe('# By hand\n');
  expect((await readdir(directory)).filter((file) => file.endsWith('.tmp'))).toEqual([]);
});

test('an evaluation of another form stands against the card', async () => {
  const { directory } = await modelFolder(await temporaryFolder(), 'model', (manifest) => manifest);
  await writeFile(join(directory, 'evaluation.json'), '{"films":1}');
  await expect(writeCard(directory)).rejects.toMatchObject({
    code: 'MODEL_INVALID',
    message: expect.stringContaining('evaluation.json is no evaluation: '),
  });
});
