import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClaimedInference, NewResult } from '../../src/store/inference-records.ts';
import { requestReading } from '../../src/store/inference-request.ts';
import { rereadProgress } from '../../src/store/reads/reread-jobs.ts';
import { UNRESTRICTED } from '../../src/store/reads/scope.ts';
import { MOST_OUTSTANDING, MOST_UNFINISHED } from '../../src/store/reread-jobs.ts';
import type { RereadSelection } from '../../src/store/reread-selection.ts';
import type { Store } from '../../src/store/store.ts';
import {
  activateModel,
  activeModel,
  BY_TEST,
  freshUid,
  instanceRecord,
  modelRegistration,
  recordFilm,
} from '../support/records.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

const RESULT: NewResult = {
  warnings: [],
  heatMapRows: 1,
  heatMapColumns: 1,
  timings: { readMs: 1, decodeMs: 1, preprocessMs: 1, inferenceMs: 1 },
  executed: { digest: 'ab'.repeat(32), precision: 'FP32' },
  provenance: {
    preprocessingVersion: 'grey-1/steps-1',
    grayscaleSource: 'VOI_WINDOW',
    gatewayVersion: '1.2.3',
    runtime: 'a runtime',
    processor: 'a processor',
    inputMean: 100,
    inputDeviation: 50,
  },
  findings: [{ label: 'Effusion', probability: 0.75, threshold: 0.5, positive: true, code: null, heatMap: [0.5] }],
};

let database: TestStore;
let store: Store;
let active: string;
let candidate: string;

beforeEach(async () => {
  database = await openTestStore();
  store = database.store;
  active = await activeModel(store);
  candidate = await version('2.0.0', 'SHADOW');
  await moveTo(candidate, 'RETIRED'); // admitted, and reads no new films
});

afterEach(() => database[Symbol.asyncDispose]());

async function version(name: string, toState?: 'SHADOW'): Promise<string> {
  await store.modelVersions.register(modelRegistration(name), BY_TEST);
  const { id } = await store.prisma.modelVersion.findUniqueOrThrow({
    where: { name_version: { name: 'test-model', version: name } },
  });
  if (toState !== undefined) await moveTo(id, toState);
  return id;
}

const moveTo = (modelVersionId: string, toState: 'SHADOW' | 'RETIRED' | 'REGISTERED') =>
  store.modelVersions.moveNow({ modelVersionId, toState, reason: 'for the test', by: BY_TEST, missing: [] });

async function films(count: number, overrides: Parameters<typeof instanceRecord>[0] = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { instanceId } = await recordFilm(store, instanceRecord(overrides));
    ids.push(instanceId);
  }
  return ids;
}

const request = (selection: RereadSelection, modelVersionId = candidate) =>
  store.rereadJobs.request({ modelVersionId, selection, reason: 'for the test', by: BY_TEST });

/** Steps until there is nothing to do for now. */
async function advance(from: Store = store): Promise<void> {
  while ((await from.rereadJobs.advance()) !== undefined);
}

async function claimBackground(count: number): Promise<ClaimedInference[]> {
  const claims = await store.queue.claimBackground(count);
  const begun = await Promise.all(claims.map((claim) => store.inferences.begin(claim)));
  return begun.filter((each) => each !== undefined);
}

async function finishAll(count: number): Promise<void> {
  for (const claimed of await claimBackground(count)) await store.inferences.finish(claimed, RESULT);
}

/** Reads whatever the job queues, to its end. */
async function runToEnd(id: string): Promise<void> {
  for (;;) {
    await advance();
    if ((await job(id)).state !== 'RUNNING') return;
    await finishAll(MOST_OUTSTANDING);
  }
}

const job = (id: string) => store.prisma.rereadJob.findUniqueOrThrow({ where: { id } });
const readings = (id: string) =>
  store.prisma.inference.findMany({ where: { rereadJobId: id }, orderBy: { createdAt: 'asc' } });
const instancesOf = async (id: string) => (await readings(id)).map(({ instanceId }) => instanceId).sort();

async function progress(id: string) {
  const [found] = await rereadProgress(store.prisma, [id]);
  return found;
}

/** Resolves when a statement waits for what another transaction has locked. */
async function lockIsWaitedFor(): Promise<void> {
  for (;;) {
    const waiting = await store.prisma.$queryRaw<unknown[]>`
      SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    if (waiting.length > 0) return;
  }
}

describe('a job', () => {
  it('queues a few background readings at a time, and each film once, until all are read', async () => {
    const all = await films(MOST_OUTSTANDING + 5);
    const id = await request({ all: true });
    expect(await progress(id)).toMatchObject({ total: all.length, enqueued: 0, fraction: 0 });
    await advance();
    expect(await progress(id)).toMatchObject({ enqueued: MOST_OUTSTANDING, waiting: MOST_OUTSTANDING, fraction: 0 });
    await advance();
    expect(await readings(id)).toHaveLength(MOST_OUTSTANDING);
    const [first, second, ...others] = await claimBackground(4);
    if (first === undefined || second === undefined) throw new Error('nothing was queued');
    await store.inferences.finish(first, RESULT);
    await store.inferences.refuse(second, ['NOT_FRONTAL: a lateral film']);
    const [third] = others;
    if (third !== undefined) await store.inferences.fail(third, 'WORKER_CRASHED', 'broken');
    expect(await progress(id)).toMatchObject({ waiting: 16, running: 1, done: 1, refused: 1, failed: 1 });
    await advance();
    expect(await progress(id)).toMatchObject({ enqueued: MOST_OUTSTANDING + 3, waiting: 19, running: 1 });
    for (const left of others.slice(1)) await store.inferences.finish(left, RESULT);
    await runToEnd(id);
    expect(await job(id)).toMatchObject({ state: 'DONE', completedAt: expect.any(Date) });
    expect(await progress(id)).toEqual({
      ...{ total: all.length, enqueued: all.length, skipped: 0, waiting: 0, running: 0, cancelled: 0, fraction: 1 },
      ...{ done: all.length - 2, refused: 1, failed: 1 },
    });
    expect(await instancesOf(id)).toEqual([...all].sort());
    for (const reading of await readings(id)) expect(reading).toMatchObject({ priority: 'BACKGROUND', shadow: true });
    expect(await store.prisma.finding.count({ where: { modelVersionId: candidate, shadow: false } })).toBe(0);
  });

  it('leaves out films that came later, and those that the gate refused', async () => {
    const [film] = await films(1);
    await films(1, { eligibility: 'INELIGIBLE', eligibilityReasons: ['NOT_CHEST: A hand.'] });
    const id = await request({ all: true });
    await films(2);
    await runToEnd(id);
    expect(await instancesOf(id)).toEqual([film]);
    expect(await progress(id)).toMatchObject({ total: 1, enqueued: 1, done: 1, fraction: 1 });
  });

  it('passes over what the version has read or is about to, and reads again what failed or was cancelled', async () => {
    const [done, failed, cancelled, waiting, fresh] = await films(5);
    const ask = async (instanceId = '') =>
      (
        await store.inferences.request({
          ...{ instanceId, modelVersionId: candidate, priority: 'BACKGROUND', by: BY_TEST },
        })
      ).inferenceId;
    await ask(done);
    await finishAll(1);
    await ask(failed);
    for (const claimed of await claimBackground(1)) await store.inferences.fail(claimed, 'WORKER_CRASHED', 'broken');
    await store.inferences.cancel(await ask(cancelled), BY_TEST);
    await ask(waiting);
    const id = await request({ all: true });
    await advance();
    expect(await instancesOf(id)).toEqual([failed, cancelled, fresh].sort());
    expect(await progress(id)).toMatchObject({ total: 5, enqueued: 3, skipped: 2, waiting: 3, fraction: 0.4 });
    await runToEnd(id);
    expect(await progress(id)).toMatchObject({ done: 3, failed: 0, cancelled: 0, fraction: 1 });
    expect(await store.prisma.inference.count({ where: { modelVersionId: candidate, state: 'DONE' } })).toBe(5);
    const again = await request({ all: true });
    await advance();
    expect(await job(again)).toMatchObject({ state: 'DONE', total: 5, enqueued: 0, skipped: 5 });
  });

  it('by a version in clinical use shows its findings, also those that it made as a shadow', async () => {
    const [asShadow, fresh] = await films(2);
    await store.inferences.request({
      ...{ instanceId: asShadow ?? '', modelVersionId: candidate, priority: 'BACKGROUND', by: BY_TEST },
    });
    await store.prisma.inference.updateMany({ where: { modelVersionId: candidate }, data: { shadow: true } });
    await finishAll(1);
    await store.prisma.finding.updateMany({ where: { modelVersionId: candidate }, data: { shadow: true } });
    await activateModel(store, candidate);
    const id = await request({ all: true });
    await runToEnd(id);
    expect(await instancesOf(id)).toEqual([fresh]);
    const found = await store.prisma.finding.findMany({ where: { modelVersionId: candidate } });
    expect(found.map(({ shadow }) => shadow)).toEqual([false, false]);
    const records = await store.prisma.auditRecord.findMany({ where: { subject: 'system', operation: 'reread' } });
    expect(records.filter(({ details }) => details?.includes('"shadow":false'))).toHaveLength(1);
  });

  it('keeps a reading clinical that was, so that the film has one', async () => {
    const [film] = await films(1);
    const [claim] = await store.queue.claim(1);
    const claimed = claim && (await store.inferences.begin(claim));
    if (claimed === undefined) throw new Error('nothing to read');
    await store.inferences.fail(claimed, 'WORKER_CRASHED', 'broken');
    await activateModel(store, candidate);
    const id = await request({ all: true }, active);
    await runToEnd(id);
    expect(await readings(id)).toMatchObject([{ instanceId: film, state: 'DONE', shadow: false, attempts: 1 }]);
  });

  it('pauses where it is and goes on there', async () => {
    await films(MOST_OUTSTANDING + 2);
    const id = await request({ all: true });
    await advance();
    await store.rereadJobs.move(id, 'PAUSED', BY_TEST);
    await finishAll(MOST_OUTSTANDING);
    await advance();
    expect(await progress(id)).toMatchObject({ enqueued: MOST_OUTSTANDING, done: MOST_OUTSTANDING });
    expect(await job(id)).toMatchObject({ state: 'PAUSED' });
    await store.rereadJobs.move(id, 'PAUSED', BY_TEST);
    await store.rereadJobs.move(id, 'RUNNING', BY_TEST);
    await runToEnd(id);
    expect(await progress(id)).toMatchObject({ enqueued: MOST_OUTSTANDING + 2, done: MOST_OUTSTANDING + 2 });
    await expect(store.rereadJobs.move(id, 'RUNNING', BY_TEST)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });

  it('is cancelled with its readings that wait or run, but for one that somebody else has asked for', async () => {
    await films(MOST_OUTSTANDING + 2);
    const id = await request({ all: true });
    await advance();
    await finishAll(3);
    const [running] = await claimBackground(1);
    if (running === undefined) throw new Error('nothing runs');
    const waiting = (await readings(id)).find(({ state }) => state === 'QUEUED');
    await store.inferences.request({
      ...{ instanceId: waiting?.instanceId ?? '', modelVersionId: candidate, priority: 'STAT', by: BY_TEST },
    });
    await store.rereadJobs.move(id, 'CANCELLED', BY_TEST);
    await advance();
    expect(await progress(id)).toMatchObject({ done: 3, waiting: 1, running: 0, cancelled: MOST_OUTSTANDING - 4 });
    expect(await store.inferences.finish(running, RESULT)).toBe(false);
    for (const to of ['RUNNING', 'PAUSED'] as const) {
      await expect(store.rereadJobs.move(id, to, BY_TEST)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    }
    await store.rereadJobs.move(id, 'CANCELLED', BY_TEST);
    const left = await store.queue.claim(1);
    expect(left.map(({ inferenceId }) => inferenceId)).toEqual([waiting?.id]);
  });

  it('spares a reading that somebody asks for while it is cancelled', async () => {
    await films(2);
    const id = await request({ all: true });
    await advance();
    const [wanted] = await readings(id);
    if (wanted === undefined) throw new Error('nothing waits');
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    const asking = store.prisma.$transaction(async (tx) => {
      const { instanceId } = wanted;
      await requestReading(tx, store.queue, { instanceId, modelVersionId: candidate, priority: 'STAT', by: BY_TEST });
      asked.resolve();
      await answered.promise;
    });
    await asked.promise;
    const cancelling = store.rereadJobs.move(id, 'CANCELLED', BY_TEST);
    await lockIsWaitedFor();
    answered.resolve();
    await Promise.all([asking, cancelling]);
    expect(await progress(id)).toMatchObject({ enqueued: 2, waiting: 1, cancelled: 1 });
    expect((await store.queue.claim(1)).map(({ inferenceId }) => inferenceId)).toEqual([wanted.id]);
  });

  it('tells the feed and the audit of every change', async () => {
    await films(1);
    const id = await request({ all: true });
    await store.rereadJobs.move(id, 'PAUSED', BY_TEST);
    await store.rereadJobs.move(id, 'RUNNING', BY_TEST);
    await runToEnd(id);
    await store.changes.advance();
    const changes = (await store.changes.read(0n, 200, UNRESTRICTED)).filter(({ rereadJobId }) => rereadJobId === id);
    expect(changes.map(({ type, modelVersionId }) => [type, modelVersionId])).toEqual(
      Array.from({ length: 4 }, () => ['REREAD_JOB_CHANGED', candidate]),
    );
    const records = await store.prisma.auditRecord.findMany({
      where: { details: { contains: id }, inferenceIds: { isEmpty: true } },
      orderBy: { id: 'asc' },
    });
    const steps = records.map(({ subject, action, details }) => [subject, action, JSON.parse(details ?? '').state]);
    expect(steps).toEqual([
      ['test', 'CREATE', 'RUNNING'],
      ['test', 'UPDATE', 'PAUSED'],
      ['test', 'UPDATE', 'RUNNING'],
      ['system', 'UPDATE', 'DONE'],
    ]);
    const [reading] = await readings(id);
    const ofReading = await store.prisma.auditRecord.findMany({ where: { inferenceIds: { has: reading?.id ?? '' } } });
    expect(ofReading.some(({ action, details }) => action === 'CREATE' && details?.includes(id))).toBe(true);
  });
});

describe('several processes', () => {
  it('together queue no more than a job may, and no film twice', async () => {
    const all = await films(3 * MOST_OUTSTANDING);
    const other = await database.another();
    const third = await database.another();
    const id = await request({ all: true });
    while ((await job(id)).state === 'RUNNING') {
      await Promise.all([advance(store), advance(other), advance(third), advance(other)]);
      const { waiting = 0, running = 0 } = (await progress(id)) ?? {};
      expect(waiting + running).toBeLessThanOrEqual(MOST_OUTSTANDING);
      await finishAll(7);
    }
    expect(await instancesOf(id)).toEqual([...all].sort());
    expect(await progress(id)).toMatchObject({ enqueued: all.length, done: all.length, skipped: 0 });
  });
});

describe('a selection', () => {
  it('is of a study, a patient, times, a sender, or what was found', async () => {
    const record = instanceRecord({ callingAeTitle: 'ROOM_1' });
    const { instanceId: film, inferenceId } = await recordFilm(store, {
      ...record,
      study: { ...record.study, date: '2025-06-01T00:00:00Z' },
    });
    const [other] = await films(1);
    for (const claim of await store.queue.claim(1)) {
      const claimed = await store.inferences.begin(claim);
      if (claimed?.inferenceId === inferenceId) await store.inferences.finish(claimed, RESULT);
    }
    await store.prisma.instance.update({ where: { id: film }, data: { createdAt: new Date('2026-01-05T00:00:00Z') } });
    const { studyId, patientId } = await store.prisma.inference.findUniqueOrThrow({ where: { id: inferenceId } });
    const { studyInstanceUid } = record.study;
    const finding = { modelVersionId: active, label: 'Effusion', positive: true };
    const selections: readonly [RereadSelection, readonly (string | undefined)[]][] = [
      [{ study: { id: studyId, studyInstanceUid, patientId } }, [film]],
      [{ filter: { patientId } }, [film]],
      [{ filter: { createdAt: { from: '2026-01-01T00:00:00Z', until: '2026-02-01T00:00:00Z' } } }, [film]],
      [{ filter: { createdAt: { from: '2026-02-01T00:00:00Z' } } }, [other]],
      [{ filter: { studyDate: { until: '2025-12-31T00:00:00Z' } } }, [film]],
      [{ filter: { callingAeTitle: 'ROOM_1' } }, [film]],
      [{ filter: { callingAeTitle: 'ROOM_2' } }, []],
      [{ filter: { finding } }, [film]],
      [{ filter: { finding: { ...finding, positive: false } } }, []],
      [{ filter: { finding, studyDate: { from: '2026-01-01T00:00:00Z' } } }, []],
      [{ all: true }, [film, other]],
    ];
    for (const [index, [selection, expected]] of selections.entries()) {
      const reader = await version(`3.${index}.0`, 'SHADOW');
      await moveTo(reader, 'RETIRED');
      const id = await request(selection, reader);
      expect(await job(id)).toMatchObject({ total: expected.length });
      await runToEnd(id);
      expect(await instancesOf(id), JSON.stringify(selection)).toEqual([...expected].sort());
    }
  });
});

describe('films that match rarely', () => {
  it('are found some thousands of others further on, a part of the table at a time', async () => {
    const [first] = await films(1, { callingAeTitle: 'RARE' });
    const { seriesId, ...like } = await store.prisma.instance.findUniqueOrThrow({ where: { id: first ?? '' } });
    const others = Array.from({ length: 4100 }, (_, index) => ({
      ...{ ...like, seriesId, callingAeTitle: 'OTHER' },
      ...{ id: randomUUID(), sopInstanceUid: freshUid() },
      // Many at the same moment: the id decides between them.
      createdAt: new Date(like.createdAt.getTime() + 1 + Math.floor(index / 500)),
    }));
    for (let at = 0; at < others.length; at += 1000) {
      await store.prisma.instance.createMany({ data: others.slice(at, at + 1000) });
    }
    const rare = others[3000]?.id ?? '';
    await store.prisma.instance.update({ where: { id: rare }, data: { callingAeTitle: 'RARE' } });
    await store.prisma.$executeRaw`UPDATE "Instance" SET "createdAt" = "createdAt" - interval '1 minute'`;
    const id = await request({ filter: { callingAeTitle: 'RARE' } });
    expect(await store.rereadJobs.advance()).toMatchObject({ state: 'RUNNING', enqueued: 1 });
    await runToEnd(id);
    expect(await instancesOf(id)).toEqual([first, rare].sort());
    expect(await progress(id)).toMatchObject({ total: 2, done: 2, fraction: 1 });
  });
});

describe('a request', () => {
  it('is refused for a version that is REGISTERED, without a reason, and when too many jobs are unfinished', async () => {
    const registered = await version('4.0.0');
    await expect(request({ all: true }, registered)).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: expect.stringContaining('SHADOW'),
    });
    const nameless = { modelVersionId: candidate, selection: { all: true }, reason: ' ', by: BY_TEST } as const;
    await expect(store.rereadJobs.request(nameless)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    const ids: string[] = [];
    for (let index = 0; index < MOST_UNFINISHED; index += 1) ids.push(await request({ all: true }));
    await expect(request({ all: true })).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await store.rereadJobs.move(ids[0] ?? '', 'CANCELLED', BY_TEST);
    await request({ all: true });
  });

  it('is put aside when its version is taken back to REGISTERED, until that is admitted again', async () => {
    await films(1);
    const id = await request({ all: true });
    await moveTo(candidate, 'SHADOW');
    await moveTo(candidate, 'REGISTERED');
    await advance();
    expect(await job(id)).toMatchObject({ state: 'PAUSED', enqueued: 0 });
    await expect(store.rereadJobs.move(id, 'RUNNING', BY_TEST)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await moveTo(candidate, 'SHADOW');
    await store.rereadJobs.move(id, 'RUNNING', BY_TEST);
    await runToEnd(id);
    expect(await progress(id)).toMatchObject({ done: 1 });
  });
});
