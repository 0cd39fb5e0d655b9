import { describe, expect, test } from 'vitest';
import { ModelSession } from '../../src/inference/session.ts';
import { SessionCache } from '../../src/inference/session-cache.ts';
import { codeOf, modelFolder, noise, shippedModel, temporaryFolder } from './support.ts';

const input = Float32Array.from(noise(5, 3 * 128 * 128, 256), (grey) => (grey / 255 - 0.485) / 0.229);

describe('ModelSession with the shipped model', async () => {
  const model = await shippedModel();

  test('gives the same probabilities within 0..1 each time, and a map whose mean is the logit', async () => {
    const session = await ModelSession.load(model, 1);
    const first = await session.run(input);
    expect(await session.run(input)).toEqual(first);
    const { probabilities, logits, classActivationMap } = first;
    expect(probabilities).toHaveLength(14);
    expect(classActivationMap).toMatchObject({ rows: 4, columns: 4 });
    probabilities.forEach((probability, label) => {
      const logit = logits?.[label] ?? Number.NaN;
      const positions = classActivationMap?.values.filter((_, index) => index % 14 === label) ?? new Float32Array();
      const mean = positions.reduce((sum, value) => sum + value, 0) / positions.length;
      expect(mean).toBeCloseTo(logit, 4);
      expect(probability).toBeCloseTo(1 / (1 + Math.exp(-logit)), 5);
    });
    await session.release();
  });

  test('refuses other bytes than those asked for', async () => {
    const other = { ...model, digest: '0'.repeat(64) };
    expect(await codeOf(ModelSession.load(other, 1))).toBe('MODEL_DIGEST_MISMATCH');
  });

  test('refuses a folder without the file and a file that is no ONNX', async () => {
    const folder = await temporaryFolder();
    expect(await codeOf(ModelSession.load({ ...model, directory: folder }, 1))).toBe('MODEL_INVALID');
    const broken = await modelFolder(folder, 'broken', (manifest) => manifest, Uint8Array.of(1, 2, 3));
    expect(await codeOf(ModelSession.load(broken, 1))).toBe('MODEL_INVALID');
  });

  test('names a graph input or output that the graph lacks', async () => {
    const folder = await temporaryFolder();
    const noInput = await modelFolder(folder, 'a', (manifest) => ({
      ...manifest,
      input: { ...manifest.input, name: 'film' },
    }));
    await expect(ModelSession.load(noInput, 1)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('input.name'),
    });
    const noOutput = await modelFolder(folder, 'b', (manifest) => ({
      ...manifest,
      outputs: { ...manifest.outputs, classActivationMap: 'map' },
    }));
    await expect(ModelSession.load(noOutput, 1)).rejects.toMatchObject({
      message: expect.stringContaining('outputs.classActivationMap'),
    });
  });

  test('refuses outputs of another shape than the labels imply', async () => {
    const fewer = await modelFolder(await temporaryFolder(), 'fewer', ({ labels, ...manifest }) => ({
      ...manifest,
      labels: labels.slice(0, 3),
      thresholdsOrigin: { ...manifest.thresholdsOrigin, operatingPoints: {} },
    }));
    const session = await ModelSession.load(fewer, 1);
    await expect(session.run(input)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('outputs.probability'),
    });
    await session.release();
  });

  test('refuses numbers that are no probabilities', async () => {
    const logits = await modelFolder(await temporaryFolder(), 'logits', (manifest) => ({
      ...manifest,
      outputs: { probability: 'logit', logit: null, classActivationMap: null },
    }));
    const session = await ModelSession.load(logits, 1);
    expect(await codeOf(session.run(input))).toBe('INFERENCE_FAILED');
    await session.release();
  });
});

describe('SessionCache', () => {
  test('loads a model whose manifest has changed anew', async () => {
    const model = await shippedModel();
    const cache = new SessionCache(1);
    const before = await cache.get(model, 1);
    expect(await cache.get(structuredClone(model), 1)).toBe(before);
    const labels = model.manifest.labels.map((label) => ({ ...label, threshold: 0.25 }));
    const after = await cache.get({ ...model, manifest: { ...model.manifest, labels } }, 1);
    expect(after.manifest.labels).toEqual(labels);
    await after.release();
  });

  test('keeps what was used last', async () => {
    const model = await shippedModel();
    const cache = new SessionCache(1);
    const session = await cache.get(model, 1);
    expect(await cache.get(model, 1)).toBe(session);
    // The same model under another digest cannot be loaded; what was kept stays.
    expect(await codeOf(cache.get({ ...model, digest: '0'.repeat(64) }, 1))).toBe('MODEL_DIGEST_MISMATCH');
    expect(await cache.get(model, 1)).toBe(session);
    await session.release();
  });
});
