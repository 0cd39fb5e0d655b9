import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClaimedInference, NewResult } from '../../src/store/inference-records.ts';
import type { Claim } from '../../src/store/queue.ts';
import { UNRESTRICTED } from '../../src/store/reads/scope.ts';
import type { Store } from '../../src/store/store.ts';
import { activeModel, BY_TEST, instanceRecord, recordFilm, shadowModel } from '../support/records.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

const RESULT: NewResult = {
  warnings: [],
  heatMapRows: 1,
  heatMapColumns: 2,
  timings: { readMs: 1, decodeMs: 2, preprocessMs: 3, inferenceMs: 4 },
  executed: { digest: 'ab'.repeat(32), precision: 'FP32' },
  provenance: {
    preprocessingVersion: 'grey-1/steps-1',
    grayscaleSource: 'VOI_WINDOW',
    gatewayVersion: '1.2.3',
    runtime: 'a runtime',
    processor: 'a processor',
    inputMean: 120.5,
    inputDeviation: 30.25,
  },
  findings: [
    {
      label: 'Effusion',
      probability: 0.75,
      threshold: 0.5,
      positive: true,
      code: { system: 'SCT', value: '60046008', display: 'Pleural effusion' },
      heatMap: [0.5, 1.5],
    },
  ],
};

let database: TestStore;
let store: Store;

beforeEach(async () => {
  database = await openTestStore();
  store = database.store;
  await activeModel(store);
});

afterEach(() => database[Symbol.asyncDispose]());

async function claimOne(): Promise<Claim> {
  const [claim] = await store.queue.claim(1);
  if (claim === undefined) throw new Error('nothing to claim');
  return claim;
}

async function beginOne(): Promise<ClaimedInference> {
  const begun = await store.inferences.begin(await claimOne());
  if (begun === undefined) throw new Error('the inference did not begin');
  return begun;
}

const inference = (id: string) =>
  store.prisma.inference.findUniqueOrThrow({ where: { id }, include: { findings: true } });

async function feedTypes(): Promise<string[]> {
  await store.changes.advance();
  return (await store.changes.read(0n, 100, UNRESTRICTED))
    .map((change) => change.type)
    .filter((type) => type !== 'MODEL_VERSION_CHANGED');
}

describe('an inference', () => {
  it('goes from QUEUED over RUNNING to DONE with its findings, and the feed tells each step', async () => {
    const stored = await recordFilm(store, instanceRecord());
    expect(await inference(stored.inferenceId)).toMatchObject({ state: 'QUEUED', attempts: 0 });
    const begun = await beginOne();
    expect(begun).toMatchObject({
      inferenceId: stored.inferenceId,
      attempt: 1,
      eligibility: 'READ',
      priority: 'ROUTINE',
    });
    expect(await inference(stored.inferenceId)).toMatchObject({ state: 'RUNNING', attempts: 1 });
    expect(await store.inferences.finish(begun, RESULT)).toBe(true);
    const done = await inference(stored.inferenceId);
    expect(done).toMatchObject({
      state: 'DONE',
      decodeMs: 2,
      executedDigest: RESULT.executed.digest,
      executedPrecision: 'FP32',
    });
    expect(done.findings).toMatchObject([
      { label: 'Effusion', probability: 0.75, codeValue: '60046008', heatMapValues: [0.5, 1.5] },
    ]);
    expect(await feedTypes()).toEqual(['INSTANCE_STORED', 'INFERENCE_QUEUED', 'INFERENCE_STARTED', 'INFERENCE_DONE']);
    expect(await store.queue.claim(5)).toEqual([]);
  });

  it('writes its result once when a claim that was thought dead comes back', async () => {
    await recordFilm(store, instanceRecord());
    const claim = await claimOne();
    const lapsed = await store.inferences.begin(claim);
    const newer = await store.inferences.begin(claim);
    if (lapsed === undefined || newer === undefined) throw new Error('both claims begin');
    expect(newer.attempt).toBe(2);
    expect(await store.inferences.finish(lapsed, RESULT)).toBe(false);
    expect((await inference(newer.inferenceId)).findings).toHaveLength(0);
    expect(await store.inferences.finish(newer, RESULT)).toBe(true);
    expect((await inference(newer.inferenceId)).findings).toHaveLength(1);
  });

  it('is delivered again after a retryable error, and fails for good with its code', async () => {
    const { inferenceId } = await recordFilm(store, instanceRecord());
    const first = await beginOne();
    await store.inferences.retryLater(first, 'WORKER_CRASHED', 'crashed');
    expect(await inference(inferenceId)).toMatchObject({ state: 'QUEUED', errorCode: 'WORKER_CRASHED', attempts: 1 });
    const second = await store.inferences.begin({ ...first.claim });
    if (second === undefined) throw new Error('the retry begins');
    expect(await store.inferences.fail(second, 'WORKER_CRASHED', 'crashed again')).toBe(true);
    expect(await inference(inferenceId)).toMatchObject({ state: 'FAILED', attempts: 2, errorMessage: 'crashed again' });
  });

  it('released by a process that shuts down is queued again without counting the attempt', async () => {
    const { inferenceId } = await recordFilm(store, instanceRecord());
    await store.inferences.release(await beginOne());
    expect(await inference(inferenceId)).toMatchObject({ state: 'QUEUED', attempts: 0 });
    expect((await beginOne()).inferenceId).toBe(inferenceId);
  });

  it('is cancelled while it waits or runs, never afterwards', async () => {
    const { inferenceId } = await recordFilm(store, instanceRecord());
    const begun = await beginOne();
    await store.inferences.cancel(inferenceId, BY_TEST);
    expect(await store.inferences.finish(begun, RESULT)).toBe(false);
    expect(await inference(inferenceId)).toMatchObject({ state: 'CANCELLED', findings: [] });
    await expect(store.inferences.cancel(inferenceId, BY_TEST)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await expect(store.inferences.cancel('00000000-0000-7000-8000-000000000000', BY_TEST)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('requested again is the same one unless it failed or was cancelled', async () => {
    const { inferenceId, instanceId } = await recordFilm(store, instanceRecord());
    const request = { instanceId, priority: 'STAT' as const, by: BY_TEST };
    expect(await store.inferences.request(request)).toEqual({ inferenceId, created: false });
    await store.inferences.cancel(inferenceId, BY_TEST);
    expect(await store.inferences.request(request)).toEqual({ inferenceId, created: true });
    expect(await inference(inferenceId)).toMatchObject({ state: 'QUEUED', attempts: 0, priority: 'STAT' });
    const { id: modelVersionId } = await store.modelVersions.register(
      {
        name: 'test-model',
        version: '2.0.0',
        digest: 'f'.repeat(64),
        precision: 'FP32',
        manifest: {},
        metrics: undefined,
      },
      BY_TEST,
    );
    await shadowModel(store, modelVersionId);
    const other = await store.inferences.request({ ...request, modelVersionId });
    expect(other.created).toBe(true);
    expect(other.inferenceId).not.toBe(inferenceId);
  });

  it('that waits goes before others once it is requested with a higher priority, and never after them', async () => {
    await recordFilm(store, instanceRecord());
    const { inferenceId, instanceId } = await recordFilm(store, instanceRecord());
    const ask = (priority: 'BACKGROUND' | 'ROUTINE' | 'STAT') =>
      store.inferences.request({ instanceId, priority, by: BY_TEST });
    await ask('BACKGROUND');
    expect(await inference(inferenceId)).toMatchObject({ state: 'QUEUED', priority: 'ROUTINE' });
    expect(await ask('STAT')).toEqual({ inferenceId, created: false });
    const begun = await beginOne();
    expect(begun).toMatchObject({ inferenceId, priority: 'STAT' });
    const records = await store.prisma.auditRecord.findMany({ where: { inferenceIds: { has: inferenceId } } });
    expect(records.filter(({ details }) => details?.includes('"priority":"STAT"'))).toHaveLength(1);
    expect(await store.queue.claim(5)).toHaveLength(1);
  });

  it('refused by the gate keeps the reasons and has no findings', async () => {
    const reasons = ['MODALITY: the modality CT is not radiography.'];
    const { inferenceId } = await recordFilm(
      store,
      instanceRecord({ eligibility: 'INELIGIBLE', eligibilityReasons: reasons }),
    );
    const begun = await beginOne();
    expect(begun.eligibilityReasons).toEqual(reasons);
    await store.inferences.refuse(begun, reasons);
    expect(await inference(inferenceId)).toMatchObject({ state: 'INELIGIBLE', warnings: reasons, findings: [] });
  });

  it('without a job is queued again by the reconciliation', async () => {
    const { inferenceId } = await recordFilm(store, instanceRecord());
    expect(await store.inferences.requeueOrphans()).toBe(0);
    await store.prisma.$executeRaw`DELETE FROM pgboss.job WHERE name = 'inference'`;
    await store.prisma.inference.update({
      where: { id: inferenceId },
      data: { queuedAt: new Date(Date.now() - 120_000) },
    });
    expect(await store.inferences.requeueOrphans()).toBe(1);
    expect(await store.inferences.requeueOrphans()).toBe(0);
    expect((await beginOne()).inferenceId).toBe(inferenceId);
  });
});

describe('a reading left to others', () => {
  it('keeps its attempts and its place, and since when it was left; who left it claims others of other versions', async () => {
    const first = await recordFilm(store, instanceRecord());
    const second = await recordFilm(store, instanceRecord());
    const claimed = await beginOne();
    const { modelVersionId } = claimed;
    expect(claimed.inferenceId).toBe(first.inferenceId);
    await store.inferences.leaveToOthers(claimed, 'MODEL_UNAVAILABLE', 'It is elsewhere.');
    const waiting = await store.prisma.inference.findUniqueOrThrow({ where: { id: first.inferenceId } });
    expect(waiting).toMatchObject({ state: 'QUEUED', attempts: 0, errorCode: 'MODEL_UNAVAILABLE' });
    expect(await store.queue.claim(5, [modelVersionId])).toEqual([]);
    expect(await store.queue.depth()).toEqual({
      live: { waiting: 2, active: 0 },
      background: { waiting: 0, active: 0 },
    });
    const claims = await store.queue.claim(5);
    expect(claims.map(({ inferenceId }) => inferenceId)).toEqual([first.inferenceId, second.inferenceId]);
    const [again, other] = claims;
    expect(other?.leftSince).toBeUndefined();
    const since = again?.leftSince;
    expect(since).toBeInstanceOf(Date);
    const anew = again === undefined ? undefined : await store.inferences.begin(again);
    expect(anew).toMatchObject({ attempt: 1 });
    if (anew !== undefined) await store.inferences.leaveToOthers(anew, 'MODEL_UNAVAILABLE', 'It is elsewhere.');
    expect(await store.queue.claim(5)).toMatchObject([{ inferenceId: first.inferenceId, leftSince: since }]);
    expect(await store.queue.depth()).toMatchObject({ live: { waiting: 0, active: 2 } });
  });
});

describe('the queue', () => {
  it('gives STAT before ROUTINE, then the oldest', async () => {
    const routine = await recordFilm(store, instanceRecord());
    const stat = await recordFilm(store, { ...instanceRecord(), priority: 'STAT' });
    const later = await recordFilm(store, instanceRecord());
    const claims = await store.queue.claim(3);
    expect(claims.map((claim) => claim.inferenceId)).toEqual([
      stat.inferenceId,
      routine.inferenceId,
      later.inferenceId,
    ]);
  });

  it('hands the job of a dead process to the next claimer within 60 s, then to the dead letters', async () => {
    const { inferenceId } = await recordFilm(store, instanceRecord());
    const began = performance.now();
    const deliveries: number[] = [];
    // Nobody sends heartbeats for these claims: three processes that die one after the other.
    while (deliveries.length < 3) {
      const [claim] = await store.queue.claim(1);
      if (claim === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      deliveries.push(performance.now() - began);
      await store.inferences.begin(claim);
    }
    expect(deliveries[1]).toBeLessThan(60_000);
    let letters: Claim[] = [];
    while (letters.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      letters = await store.queue.claimDeadLetters(1);
    }
    for (const letter of letters) await store.inferences.failDeadLetter(letter);
    expect(await inference(inferenceId)).toMatchObject({ state: 'FAILED', errorCode: 'ATTEMPTS_EXHAUSTED' });
  }, 120_000);
});
