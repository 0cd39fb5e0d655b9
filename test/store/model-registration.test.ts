import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { BY_TEST, modelRegistration } from '../support/records.ts';
import { openTestStore } from '../support/store.ts';

const MANIFEST = {
  name: 'test-model',
  description: 'a model',
  sha256: 'ab',
  precision: 'INT8',
  input: { name: 'film', height: 128, width: 128, channels: 1 },
  labels: [
    { name: 'Mass', threshold: 0.25 },
    { name: 'Effusion', threshold: 0.5 },
  ],
  thresholdsOrigin: { method: "Youden's J", films: 3 },
  metrics: [{ measure: 'AUC', mean: 0.8 }],
};

let database: Awaited<ReturnType<typeof openTestStore>>;
let store: Store;
let id: string;

const register = (manifest: Record<string, unknown>, reason?: string) =>
  store.modelVersions.register(
    {
      ...modelRegistration(),
      manifest: JSON.parse(JSON.stringify(manifest)),
      metrics: JSON.parse(JSON.stringify(manifest.metrics ?? [])),
    },
    BY_TEST,
    reason,
  );
const found = () => store.prisma.modelVersion.findUniqueOrThrow({ where: { id } });
const told = () => store.prisma.change.count({ where: { type: 'MODEL_VERSION_CHANGED', modelVersionId: id } });

beforeEach(async () => {
  database = await openTestStore();
  store = database.store;
  ({ id } = await register(MANIFEST));
});
afterEach(() => database[Symbol.asyncDispose]());

describe('registering again', () => {
  it('does nothing where nothing has changed, whatever the order of the fields', async () => {
    const reversed = Object.fromEntries(Object.entries(MANIFEST).reverse());
    expect(await register(reversed)).toEqual({ id, outcome: 'KNOWN', changedParts: [] });
    expect(await told()).toBe(1);
  });

  it('brings up what describes the version, and tells which parts in audit and feed', async () => {
    const more = { card: { developer: 'us' }, description: 'a better one', metrics: [{ measure: 'AUC', mean: 0.9 }] };
    const alternatives = [{ file: 'b.onnx', sha256: 'cd', precision: 'FP32' }];
    const changedParts = ['alternatives', 'card', 'description', 'metrics'];
    expect(await register({ ...MANIFEST, ...more, alternatives }, 'a card')).toEqual({
      id,
      outcome: 'UPDATED',
      changedParts,
    });
    expect(await found()).toMatchObject({ manifest: { ...MANIFEST, ...more, alternatives }, metrics: more.metrics });
    expect(await told()).toBe(2);
    const [record] = await store.prisma.auditRecord.findMany({ where: { action: 'UPDATE' } });
    expect(JSON.parse(record?.details ?? '')).toMatchObject({ changedParts, reason: 'a card' });
    // What is gone from the manifest goes.
    expect(await register(MANIFEST)).toMatchObject({ outcome: 'UPDATED', changedParts });
    expect((await found()).manifest).toEqual(MANIFEST);
  });

  it('keeps thresholds, and what tells of their origin, as registered', async () => {
    const labels = MANIFEST.labels.map((label) => ({ ...label, threshold: 0.9 }));
    const thresholdsOrigin = { method: 'by hand', films: 0 };
    expect(await register({ ...MANIFEST, labels, thresholdsOrigin })).toMatchObject({ outcome: 'KNOWN' });
    expect((await found()).manifest).toEqual(MANIFEST);
    expect(await register({ ...MANIFEST, thresholdsOrigin })).toMatchObject({ changedParts: ['thresholdsOrigin'] });
    expect(await store.prisma.thresholdSet.count()).toBe(1);
  });

  it.each([
    ['labels in another order', { labels: [...MANIFEST.labels].reverse() }, 'labels'],
    ['another label', { labels: [...MANIFEST.labels, { name: 'Hernia', threshold: 0.5 }] }, 'labels'],
    ['another input', { input: { ...MANIFEST.input, height: 256 } }, 'input'],
    ['another precision', { precision: 'FP32' }, 'precision'],
    ['a part of which nothing is known', { unknown: true }, 'unknown'],
  ])('refuses %s, and changes nothing else then', async (_, more, part) => {
    await expect(register({ ...MANIFEST, description: 'another', ...more })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(new RegExp(`other ${part},.*register it as a new version`)),
    });
    expect((await found()).manifest).toEqual(MANIFEST);
  });

  it('creates one version, however many processes start together', async () => {
    const another = { ...modelRegistration('9.0.0'), manifest: {} };
    const all = await Promise.all([1, 2, 3].map(() => store.modelVersions.register(another, BY_TEST)));
    expect(all.map(({ outcome }) => outcome).sort()).toEqual(['CREATED', 'KNOWN', 'KNOWN']);
  });
});
