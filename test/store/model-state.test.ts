/** The life of a model version: what may follow what, on which conditions, and what is written of it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelState } from '../../src/store/generated/enums.ts';
import type { ModelMove } from '../../src/store/model-state.ts';
import type { Store } from '../../src/store/store.ts';
import { BY_TEST, freshUid, instanceRecord, modelRegistration, recordFilm } from '../support/records.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

const STATES: readonly ModelState[] = ['REGISTERED', 'SHADOW', 'CANARY', 'ACTIVE', 'RETIRED'];
/** From each state, in the order above. */
const ALLOWED: Readonly<Record<ModelState, readonly ModelState[]>> = {
  REGISTERED: ['SHADOW', 'CANARY', 'ACTIVE', 'RETIRED'],
  SHADOW: ['REGISTERED', 'CANARY', 'ACTIVE', 'RETIRED'],
  CANARY: ['SHADOW', 'ACTIVE', 'RETIRED'],
  ACTIVE: ['RETIRED'],
  RETIRED: ['SHADOW', 'CANARY', 'ACTIVE'],
};
const WAYS: Readonly<Record<ModelState, readonly ModelState[]>> = {
  REGISTERED: [],
  SHADOW: ['SHADOW'],
  CANARY: ['CANARY'],
  ACTIVE: ['ACTIVE'],
  RETIRED: ['ACTIVE', 'RETIRED'],
};

let opened: TestStore;
let store: Store;

beforeEach(async () => {
  opened = await openTestStore();
  store = opened.store;
});

afterEach(() => opened[Symbol.asyncDispose]());

const register = async (version: string) =>
  (await store.modelVersions.register(modelRegistration(version), BY_TEST)).id;

function move(modelVersionId: string, toState: ModelState, more: Partial<ModelMove> = {}): Promise<boolean> {
  const canary = toState === 'CANARY' ? { canaryShare: 0.5, canarySources: [] } : undefined;
  return store.modelVersions.moveNow({
    ...{ modelVersionId, toState, reason: 'for the test', by: BY_TEST, missing: [], canary },
    ...more,
  });
}

const stateOf = async (id: string) => (await store.prisma.modelVersion.findUniqueOrThrow({ where: { id } })).state;

describe('a version', () => {
  it.each(STATES)('that is %s moves where the table says, and nowhere else', async (from) => {
    for (const to of STATES.filter((state) => state !== from)) {
      const id = await register(`${from}-${to}`);
      for (const state of WAYS[from]) await move(id, state, { force: true });
      expect(await stateOf(id)).toBe(from);
      if (ALLOWED[from].includes(to)) {
        await move(id, to, { force: true });
        expect(await stateOf(id)).toBe(to);
      } else {
        await expect(move(id, to, { force: true })).rejects.toMatchObject({ code: 'INVALID_STATE' });
        expect(await stateOf(id)).toBe(from);
      }
      // Room for the next.
      const present = await stateOf(id);
      if (present !== 'RETIRED') await move(id, 'RETIRED', { force: true });
    }
  });

  it('cannot be used while it lacks something, and is told what', async () => {
    const id = await register('1');
    for (const to of ['SHADOW', 'CANARY', 'ACTIVE'] as const) {
      const refused = move(id, to, { missing: ['a model card (MODEL_CARD.md)'] });
      await expect(refused).rejects.toMatchObject({
        code: 'INVALID_STATE',
        message: expect.stringContaining('MODEL_CARD.md'),
      });
    }
    await move(id, 'RETIRED', { missing: ['a model card (MODEL_CARD.md)'] });
  });

  it('that lacks something comes no way round, by being retired first; one that has been in use comes back', async () => {
    const missing = ['a model card (MODEL_CARD.md)'];
    const id = await register('1');
    await move(id, 'RETIRED', { missing });
    for (const to of ['SHADOW', 'CANARY', 'ACTIVE'] as const) {
      await expect(move(id, to, { missing })).rejects.toMatchObject({ code: 'INVALID_STATE' });
    }
    await move(id, 'SHADOW');
    await move(id, 'RETIRED');
    await move(id, 'ACTIVE', { missing });
    expect(await stateOf(id)).toBe('ACTIVE');
  });

  it('leaves with each move a transition, a change and an audit record, or nothing of them', async () => {
    const id = await register('1');
    const changes = () => store.prisma.change.count({ where: { type: 'MODEL_VERSION_CHANGED', modelVersionId: id } });
    const records = () => store.prisma.auditRecord.count({ where: { modelVersionIds: { has: id } } });
    const before = [await changes(), await records()];
    await move(id, 'CANARY', { reason: '  first films  ', canary: { canaryShare: 0.1, canarySources: ['ROOM_1'] } });
    for (const reason of [' ', '\u200b\u2060', 'x'.repeat(2001)]) {
      await expect(move(id, 'CANARY', { reason })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    }
    await expect(move(id, 'REGISTERED')).rejects.toMatchObject({ code: 'INVALID_STATE' });
    expect(await store.prisma.modelTransition.findMany({ where: { modelVersionId: id } })).toMatchObject([
      { fromState: 'REGISTERED', toState: 'CANARY', actor: 'test', reason: 'first films' },
    ]);
    expect([await changes(), await records()]).toEqual(before.map((count) => count + 1));
    const record = await store.prisma.auditRecord.findFirst({
      where: { modelVersionIds: { has: id } },
      orderBy: { occurredAt: 'desc' },
    });
    expect(JSON.parse(record?.details ?? '{}')).toMatchObject({
      toState: 'CANARY',
      canaryShare: 0.1,
      canarySources: ['ROOM_1'],
    });
  });

  it('does nothing when it is where it is to be, but for a canary with another part', async () => {
    const id = await register('1');
    expect(await move(id, 'CANARY')).toBe(true);
    expect(await move(id, 'CANARY')).toBe(false);
    expect(await move(id, 'CANARY', { canary: { canaryShare: 0.6, canarySources: [] } })).toBe(true);
    expect(await move(id, 'ACTIVE')).toBe(true);
    expect(await store.prisma.modelVersion.findUnique({ where: { id } })).toMatchObject({ canaryShare: null });
  });

  it.each([undefined, { canaryShare: 0, canarySources: [] }, { canaryShare: 1.5, canarySources: [] }])(
    'is no canary with %j',
    async (canary) => {
      const id = await register('1');
      await expect(move(id, 'CANARY', { canary })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    },
  );

  it('that is active leaves only for another, or by force', async () => {
    const id = await register('1');
    await move(id, 'ACTIVE');
    await expect(move(id, 'RETIRED')).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await move(id, 'RETIRED', { force: true });
    await expect(recordFilm(store, instanceRecord())).rejects.toMatchObject({ code: 'MODEL_NOT_ACTIVE' });
  });
});

describe('there is room', () => {
  it('for one canary and three shadows, and when two come at once for one of them', async () => {
    const ids = await Promise.all(['1', '2', '3', '4'].map(register));
    const moved = await Promise.allSettled(ids.map((id) => move(id, 'SHADOW')));
    expect(moved.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    const canaries = await Promise.allSettled(ids.map((id) => move(id, 'CANARY')));
    expect(canaries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const actives = await Promise.all(ids.map((id) => move(id, 'ACTIVE')));
    expect(actives).toEqual([true, true, true, true]);
    expect(await store.prisma.modelVersion.count({ where: { state: 'ACTIVE' } })).toBe(1);
  });
});

describe('a new film', () => {
  const readingsOf = async (instanceId: string) =>
    store.prisma.inference.findMany({
      where: { instanceId },
      select: { id: true, modelVersionId: true, shadow: true, priority: true, state: true },
    });

  it('gets one clinical reading and one of low priority of each shadow, queued apart', async () => {
    const [active, shadow] = [await register('1'), await register('2')];
    await move(active, 'ACTIVE');
    await move(shadow, 'SHADOW');
    const stored = await recordFilm(store, instanceRecord());
    const readings = await readingsOf(stored.instanceId);
    expect(readings).toHaveLength(2);
    expect(readings.find(({ id }) => id === stored.inferenceId)).toMatchObject({
      modelVersionId: active,
      shadow: false,
      priority: 'ROUTINE',
    });
    expect(readings.find(({ id }) => id !== stored.inferenceId)).toMatchObject({
      modelVersionId: shadow,
      shadow: true,
      priority: 'BACKGROUND',
    });
    const one = { waiting: 1, active: 0 };
    expect(await store.queue.depth()).toEqual({ live: one, background: one });
    expect(await store.queue.claim(5)).toMatchObject([{ inferenceId: stored.inferenceId, background: false }]);
    expect(await store.queue.claimBackground(5)).toMatchObject([{ background: true }]);
  });

  it('is answered again with its clinical reading', async () => {
    const [active, shadow] = [await register('1'), await register('2')];
    await move(active, 'ACTIVE');
    await move(shadow, 'SHADOW');
    const record = instanceRecord();
    const first = await recordFilm(store, record);
    expect(await recordFilm(store, record)).toEqual({ ...first, duplicate: true });
    expect(await store.instances.storedFile(record.instance.sopInstanceUid)).toMatchObject({
      inferenceId: first.inferenceId,
    });
  });

  it('goes to the canary by its share of the studies, all films of a study to one version', async () => {
    const [active, canary] = [await register('1'), await register('2')];
    await move(active, 'ACTIVE');
    await move(canary, 'CANARY', { canary: { canaryShare: 0.5, canarySources: [] } });
    const records = Array.from({ length: 60 }, () => instanceRecord());
    const again = records.map((record) => ({
      ...record,
      instance: { ...instanceRecord().instance, sopInstanceUid: freshUid() },
    }));
    for (const record of [...records, ...again]) await recordFilm(store, record);
    const byStudy = await store.prisma.inference.groupBy({ by: ['studyId', 'modelVersionId'], _count: true });
    expect(byStudy).toHaveLength(60);
    expect(byStudy.every(({ _count }) => _count === 2)).toBe(true);
    const taken = byStudy.filter(({ modelVersionId }) => modelVersionId === canary).length;
    // 60 x 0.5, within four standard deviations
    expect(Math.abs(taken - 30)).toBeLessThanOrEqual(4 * Math.sqrt(15));
    expect(await store.prisma.inference.count({ where: { shadow: true } })).toBe(0);
  });

  it('goes to the canary when its source is named', async () => {
    const [active, canary] = [await register('1'), await register('2')];
    await move(active, 'ACTIVE');
    await move(canary, 'CANARY', { canary: { canaryShare: null, canarySources: ['ROOM_1'] } });
    const versionOf = async (sources: string[]) => {
      const { instanceId } = await recordFilm(store, { ...instanceRecord(), sources });
      return (await readingsOf(instanceId))[0]?.modelVersionId;
    };
    expect(await versionOf(['C_STORE', 'ROOM_1'])).toBe(canary);
    expect(await versionOf(['C_STORE', 'ROOM_2'])).toBe(active);
  });
});
