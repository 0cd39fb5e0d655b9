import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import type { InstanceRecord } from '../../src/store/instance-records.ts';
import type { Store } from '../../src/store/store.ts';
import { activateModel, activeModel, BY_TEST, freshUid, instanceRecord, recordFilm } from '../support/records.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

let database: TestStore;
let store: Store;

beforeEach(async () => {
  database = await openTestStore();
  store = database.store;
});

afterEach(() => database[Symbol.asyncDispose]());

describe('recording a film', () => {
  it('needs an active model version', async () => {
    await expect(recordFilm(store, instanceRecord())).rejects.toMatchObject({ code: 'MODEL_NOT_ACTIVE' });
    expect(await store.prisma.patient.count()).toBe(0);
  });

  it('answers the same records for the same bytes, also when both arrive at once', async () => {
    await activeModel(store);
    const record = instanceRecord();
    const answers = await Promise.all([1, 2, 3, 4].map(() => recordFilm(store, record)));
    expect(new Set(answers.map((answer) => answer.instanceId)).size).toBe(1);
    expect(answers.filter((answer) => !answer.duplicate)).toHaveLength(1);
    expect(await store.prisma.inference.count()).toBe(1);
    expect(await store.instances.find(record.instance.sopInstanceUid, record.instance.sha256)).toMatchObject({
      duplicate: true,
      instanceId: answers[0]?.instanceId,
    });
  });

  it('refuses other bytes under the same UID and overwrites nothing', async () => {
    await activeModel(store);
    const record = instanceRecord();
    await recordFilm(store, record);
    const other = { ...record, instance: { ...record.instance, sha256: '0'.repeat(64) } };
    await expect(recordFilm(store, other)).rejects.toMatchObject({ code: 'INSTANCE_CONFLICT' });
    const kept = await store.prisma.instance.findUniqueOrThrow({
      where: { sopInstanceUid: record.instance.sopInstanceUid },
    });
    expect(kept.sha256).toBe(record.instance.sha256);
  });

  it('refuses a study that is stored under another patient, and a series under another study', async () => {
    await activeModel(store);
    const record = instanceRecord();
    await recordFilm(store, record);
    const next = instanceRecord();
    const foreignStudy = { ...next, study: record.study };
    await expect(recordFilm(store, foreignStudy)).rejects.toMatchObject({ code: 'RECORD_CONFLICT' });
    const foreignSeries = { ...next, patient: record.patient, series: record.series };
    await expect(recordFilm(store, foreignSeries)).rejects.toMatchObject({ code: 'RECORD_CONFLICT' });
    expect(await store.prisma.study.count()).toBe(1);
  });

  it('has the film kept before its record is committed, and keeps nothing of one that it refuses', async () => {
    const kept: string[] = [];
    const recordKeeping = (record: InstanceRecord) =>
      store.instances.record(
        record,
        async () => {
          expect(await store.prisma.instance.count({ where: { sha256: record.instance.sha256 } })).toBe(0);
          kept.push(record.instance.sha256);
        },
        BY_TEST,
      );
    const record = instanceRecord();
    await expect(recordKeeping(record)).rejects.toMatchObject({ code: 'MODEL_NOT_ACTIVE' });
    await activeModel(store);
    await recordKeeping(record);
    const next = instanceRecord();
    await expect(recordKeeping({ ...next, study: record.study })).rejects.toMatchObject({ code: 'RECORD_CONFLICT' });
    const foreignSeries = { ...next, patient: record.patient, series: record.series };
    await expect(recordKeeping(foreignSeries)).rejects.toMatchObject({ code: 'RECORD_CONFLICT' });
    expect(kept).toEqual([record.instance.sha256]);
  });

  it('is undone when the film cannot be kept', async () => {
    await activeModel(store);
    const record = instanceRecord();
    const full = new GatewayError('STORAGE_FULL', 'The disk is full.');
    await expect(store.instances.record(record, () => Promise.reject(full), BY_TEST)).rejects.toBe(full);
    expect(await store.prisma.patient.count()).toBe(0);
    expect(await recordFilm(store, record)).toMatchObject({ duplicate: false });
  });

  it('files many films of one new study under one patient, study and series when they arrive at once', async () => {
    await activeModel(store);
    const first = instanceRecord();
    const records = Array.from({ length: 12 }, () => ({
      ...first,
      instance: { ...first.instance, sopInstanceUid: freshUid() },
    }));
    await Promise.all(records.map((record) => recordFilm(store, record)));
    const counts = [store.prisma.patient, store.prisma.study, store.prisma.series].map((table) =>
      (table as { count(): Promise<number> }).count(),
    );
    expect(await Promise.all(counts)).toEqual([1, 1, 1]);
    expect(await store.prisma.instance.count()).toBe(12);
  });
});

describe('model versions', () => {
  it('activate one at a time, with a reason, each move recorded for good', async () => {
    const first = await activeModel(store, '1.0.0');
    const second = await activeModel(store, '2.0.0');
    expect(await store.modelVersions.active()).toMatchObject({ id: second });
    const moves = await store.prisma.modelTransition.findMany({ orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
    expect(moves.map(({ modelVersionId, fromState, toState }) => [modelVersionId, fromState, toState])).toEqual([
      [first, 'REGISTERED', 'ACTIVE'],
      [first, 'ACTIVE', 'RETIRED'],
      [second, 'REGISTERED', 'ACTIVE'],
    ]);
    await expect(store.prisma.modelTransition.deleteMany()).rejects.toThrow('append-only');
    await expect(store.prisma.modelTransition.updateMany({ data: { reason: 'other' } })).rejects.toThrow('append-only');
    const noReason = activateModel(store, first, ' ');
    await expect(noReason).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('are never registered twice with different bytes', async () => {
    await activeModel(store);
    const other = {
      name: 'test-model',
      version: '1.0.0',
      digest: 'e'.repeat(64),
      precision: 'INT8' as const,
      manifest: {},
      metrics: undefined,
    };
    await expect(store.modelVersions.register(other, BY_TEST)).rejects.toMatchObject({ code: 'MODEL_DIGEST_MISMATCH' });
  });
});
