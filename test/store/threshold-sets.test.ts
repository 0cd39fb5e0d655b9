import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UNRESTRICTED } from '../../src/store/reads/scope.ts';
import type { Store } from '../../src/store/store.ts';
import { activateModel, BY_TEST, instanceRecord, modelRegistration, recordFilm } from '../support/records.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

const LABELS = [
  { name: 'Effusion', threshold: 0.5 },
  { name: 'Mass', threshold: 0.25 },
];

let database: TestStore;
let store: Store;
let modelVersionId: string;

beforeEach(async () => {
  database = await openTestStore();
  store = database.store;
  const manifest = { labels: LABELS, thresholdsOrigin: { method: 'Youden on 3 films' } };
  modelVersionId = (await store.modelVersions.register({ ...modelRegistration(), manifest }, BY_TEST)).id;
});

afterEach(() => database[Symbol.asyncDispose]());

const sets = () => store.prisma.thresholdSet.findMany({ where: { modelVersionId }, orderBy: { version: 'asc' } });

const append = (thresholds: Record<string, number>, reason = 'a test') =>
  store.modelVersions.changeThresholds({ modelVersionId, thresholds, method: 'By hand.', reason, by: BY_TEST });

describe('threshold sets', () => {
  it('begin with those of the manifest, once', async () => {
    const labels = LABELS.map((label) => ({ ...label, threshold: 0.9 }));
    await store.modelVersions.register({ ...modelRegistration(), manifest: { labels } }, BY_TEST);
    expect(await sets()).toMatchObject([
      { version: 1, thresholds: { Effusion: 0.5, Mass: 0.25 }, method: 'Youden on 3 films', createdBy: 'test' },
    ]);
  });

  it('are appended; labels that are not named keep theirs; the feed and the audit tell of it', async () => {
    await append({ Mass: 0.75 }, ' too many of them ');
    await append({ Effusion: 1 });
    expect(await sets()).toMatchObject([
      { version: 1 },
      { version: 2, thresholds: { Effusion: 0.5, Mass: 0.75 }, reason: 'too many of them' },
      { version: 3, thresholds: { Effusion: 1, Mass: 0.75 } },
    ]);
    await store.changes.advance();
    const changes = await store.changes.read(0n, 100, UNRESTRICTED);
    expect(changes.map(({ type }) => type)).toEqual(Array(3).fill('MODEL_VERSION_CHANGED'));
    const records = await store.prisma.auditRecord.findMany({ where: { action: 'UPDATE' }, orderBy: { id: 'asc' } });
    expect(records.map(({ details }) => JSON.parse(details ?? ''))).toMatchObject([
      { thresholdSetVersion: 2, changedLabels: ['Mass'] },
      { thresholdSetVersion: 3, changedLabels: ['Effusion'] },
    ]);
  });

  it('get numbers without gaps when several are appended at once', async () => {
    await Promise.all([0.1, 0.2, 0.3, 0.4].map((threshold) => append({ Mass: threshold })));
    expect((await sets()).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
  });

  it.each([
    [{ Hernia: 0.5 }, 'no label'],
    [{ Mass: 1.01 }, 'within 0 and 1'],
    [{ Mass: Number.NaN }, 'within 0 and 1'],
    [{}, 'At least one'],
  ])('refuse %j', async (thresholds: Record<string, number>, problem) => {
    await expect(append(thresholds)).rejects.toThrow(problem);
    expect(await sets()).toHaveLength(1);
  });

  it('need a reason and a version', async () => {
    await expect(append({ Mass: 0.5 }, ' ')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    const unknown = { modelVersionId: '00000000-0000-7000-8000-000000000000', thresholds: { Mass: 0.5 } };
    const set = { ...unknown, method: 'By hand.', reason: 'a test', by: BY_TEST };
    await expect(store.modelVersions.changeThresholds(set)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('cannot be changed or removed, by nobody', async () => {
    await expect(store.prisma.thresholdSet.updateMany({ data: { reason: 'another' } })).rejects.toThrow();
    await expect(store.prisma.thresholdSet.deleteMany()).rejects.toThrow();
  });

  it('are those of the claim: a claimed reading keeps its set, the next one has the newest', async () => {
    await activateModel(store, modelVersionId);
    const begin = async () => {
      await recordFilm(store, instanceRecord());
      const [claim] = await store.queue.claim(1);
      return claim === undefined ? undefined : store.inferences.begin(claim);
    };
    const first = await begin();
    await append({ Mass: 0.75 });
    expect(first).toMatchObject({ thresholdSetVersion: 1, thresholds: { Effusion: 0.5, Mass: 0.25 } });
    expect(await begin()).toMatchObject({ thresholdSetVersion: 2, thresholds: { Effusion: 0.5, Mass: 0.75 } });
  });
});
