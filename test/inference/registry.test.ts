import { execFileSync } from 'node:child_process';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ModelManifest } from '../../src/inference/manifest.ts';
import { MOST_BYTES } from '../../src/inference/model-folder/read-text.ts';
import { discoverModels, scanModels } from '../../src/inference/registry.ts';
import { codeOf, modelFolder, modelsDirectory, temporaryFolder } from './support.ts';

const BYTES = Uint8Array.of(1, 2, 3);

const SECOND = { file: 'second.onnx', sha256: 'ab'.repeat(32), precision: 'INT8', weightBits: 7 };

describe('discoverModels', () => {
  test('finds the shipped model with its digest', async () => {
    const [model, ...others] = await discoverModels(modelsDirectory);
    expect(others).toEqual([]);
    expect(model?.manifest.name).toBe('chexnet-demo');
    expect(model?.digest).toBe(model?.manifest.sha256);
    expect(model?.manifest.labels).toHaveLength(14);
  });

  test('lists several in the order of their folders and passes over what is no model', async () => {
    const folder = await temporaryFolder();
    await modelFolder(folder, 'b', (manifest) => ({ ...manifest, version: '2' }), Uint8Array.of(2));
    await modelFolder(folder, 'a', (manifest) => ({ ...manifest, version: '1' }), Uint8Array.of(1));
    await writeFile(join(folder, 'README.md'), 'not a model');
    const found = await discoverModels(folder);
    expect(found.map((model) => model.manifest.version)).toEqual(['1', '2']);
  });

  test('refuses bytes other than those of the manifest', async () => {
    const folder = await temporaryFolder();
    const { directory, manifest } = await modelFolder(folder, 'changed', (same) => same, BYTES);
    await writeFile(join(directory, manifest.file), Uint8Array.of(1, 2, 4));
    await expect(discoverModels(folder)).rejects.toMatchObject({
      code: 'MODEL_DIGEST_MISMATCH',
      message: expect.stringContaining('changed'),
    });
  });

  const wrong: [string, (manifest: ModelManifest) => unknown][] = [
    ['schemaVersion', (manifest) => ({ ...manifest, schemaVersion: 2 })],
    ['sha256', (manifest) => ({ ...manifest, sha256: 'abc' })],
    ['file', (manifest) => ({ ...manifest, file: '../model.onnx' })],
    ['inputs', (manifest) => ({ ...manifest, inputs: manifest.input })],
    ['input.channels', (manifest) => ({ ...manifest, input: { ...manifest.input, channels: 2 } })],
    [
      'alternatives.0.file: is already used',
      (manifest) => ({ ...manifest, alternatives: [{ ...SECOND, file: manifest.file }] }),
    ],
    [
      'alternatives.0.sha256: is already used',
      (manifest) => ({ ...manifest, alternatives: [{ ...SECOND, sha256: manifest.sha256 }] }),
    ],
    ['alternatives.0.weightBits', (manifest) => ({ ...manifest, alternatives: [{ ...SECOND, weightBits: 6 }] })],
    [
      'alternatives.0.weightBits: is for INT8 only',
      (manifest) => ({ ...manifest, alternatives: [{ ...SECOND, precision: 'FP32' }] }),
    ],
    ['labels.1.name', ({ labels, ...manifest }) => ({ ...manifest, labels: [labels[0], labels[0]] })],
    ['name', (manifest) => ({ ...manifest, name: 'a'.repeat(101) })],
    ['version', (manifest) => ({ ...manifest, version: '1'.repeat(101) })],
    ['labels.0.name', (manifest) => ({ ...manifest, labels: [{ name: 'a'.repeat(201), threshold: 0.5 }] })],
    ['labels.0.threshold', (manifest) => ({ ...manifest, labels: [{ name: 'Mass', threshold: 1.5 }] })],
    ['preprocessing.std', (manifest) => ({ ...manifest, preprocessing: { ...manifest.preprocessing, std: [1] } })],
    ['preprocessing.crop', (manifest) => ({ ...manifest, preprocessing: { ...manifest.preprocessing, crop: 'five' } })],
    [
      'preprocessing.resize',
      (manifest) => ({ ...manifest, preprocessing: { ...manifest.preprocessing, crop: 'ten' } }),
    ],
    [
      'outputs.classActivationMap',
      (manifest) => ({ ...manifest, preprocessing: { ...manifest.preprocessing, crop: 'center' } }),
    ],
    [
      'preprocessing.grayscaleRule',
      (manifest) => ({ ...manifest, preprocessing: { ...manifest.preprocessing, grayscaleRule: 'another' } }),
    ],
  ];
  test.each(wrong)('names the folder and the wrong field %s', async (field, change) => {
    const folder = await temporaryFolder();
    await modelFolder(folder, 'wrong-one', change, BYTES);
    const message = expect.stringMatching(`wrong-one/manifest.json.*${field}`);
    await expect(discoverModels(folder)).rejects.toMatchObject({ code: 'MODEL_INVALID', message });
  });

  test('refuses a manifest that is not JSON, a missing file, a missing folder', async () => {
    const folder = await temporaryFolder();
    expect(await codeOf(discoverModels(join(folder, 'absent')))).toBe('MODEL_INVALID');
    const { directory } = await modelFolder(folder, 'one', (manifest) => ({ ...manifest, file: 'other.onnx' }), BYTES);
    expect(await codeOf(discoverModels(folder))).toBe('MODEL_INVALID');
    await writeFile(join(directory, 'manifest.json'), '{');
    expect(await codeOf(discoverModels(folder))).toBe('MODEL_INVALID');
  });

  test('neither waits for a pipe nor reads without bound, whatever lies in place of a file', async () => {
    const folder = await temporaryFolder();
    const names = ['pipe', 'large', 'pipe-of-bytes'];
    const models = await Promise.all(
      names.map((name, index) => modelFolder(folder, name, (manifest) => manifest, Uint8Array.of(index))),
    );
    const [pipe, large, bytes] = models.map(({ directory }) => directory);
    await rm(join(pipe ?? '', 'manifest.json'));
    await truncate(join(large ?? '', 'manifest.json'), MOST_BYTES + 1);
    const onnx = join(bytes ?? '', models[2]?.manifest.file ?? '');
    await rm(onnx);
    execFileSync('mkfifo', [join(pipe ?? '', 'manifest.json'), onnx]);
    const { found, refused } = await scanModels(folder);
    expect(found).toEqual([]);
    expect(refused.map(({ folder, error }) => [folder, error.code])).toEqual(
      ['large', 'pipe', 'pipe-of-bytes'].map((name) => [name, 'MODEL_INVALID']),
    );
  });

  test('tells of a manifest with very many faults in few words, and soon', async () => {
    const folder = await temporaryFolder();
    const many = Array.from({ length: 100_000 }, (_, index) => ({ name: `label ${index}`, threshold: 2 }));
    await modelFolder(folder, 'faulty', (manifest) => ({ ...manifest, labels: many }), BYTES);
    await modelFolder(folder, 'misspelt', (manifest) => ({ ...manifest, ['x'.repeat(100_000)]: 1 }), BYTES);
    const { refused } = await scanModels(folder);
    expect(refused).toHaveLength(2);
    for (const { error } of refused) expect(error.message.length).toBeLessThan(10_000);
  });

  test('refuses the same bytes, or the same name and version, twice', async () => {
    const sameBytes = await temporaryFolder();
    await modelFolder(sameBytes, 'a', (manifest) => ({ ...manifest, version: '1' }), BYTES);
    await modelFolder(sameBytes, 'b', (manifest) => ({ ...manifest, version: '2' }), BYTES);
    expect(await codeOf(discoverModels(sameBytes))).toBe('MODEL_INVALID');
    const sameName = await temporaryFolder();
    await modelFolder(sameName, 'a', (manifest) => manifest, BYTES);
    await modelFolder(sameName, 'b', (manifest) => manifest, Uint8Array.of(9));
    expect(await codeOf(discoverModels(sameName))).toBe('MODEL_INVALID');
  });
});
