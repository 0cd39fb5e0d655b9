import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { instanceRecord, recordFilm } from '../support/records.ts';
import { announce, seedModel, seedStudy } from './seed.ts';
import { type Events, openApi, type TestApi } from './support.ts';

interface Completed {
  readonly findingsCompleted: {
    readonly cursor: string;
    readonly study: { readonly studyInstanceUid: string };
    readonly findings: readonly { readonly label: string }[];
  };
}

const COMPLETED = `subscription ($filter: FindingsCompletedFilter, $after: String) {
  findingsCompleted(filter: $filter, after: $after) {
    cursor completedAt study { studyInstanceUid } patient { mrn } inference { id state findings { label } }
    findings { label probability study { patient { mrn } } } } }`;

let api: TestApi;
let modelVersionId: string;

beforeAll(async () => {
  api = await openApi();
  modelVersionId = await seedModel(api.store);
});

afterAll(() => api?.[Symbol.asyncDispose]());

const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64url');

/** A study whose reading ends now. */
async function finish(seed: Partial<Parameters<typeof seedStudy>[1]> = {}) {
  const study = await seedStudy(api.store, { modelVersionId, ...seed });
  await announce(api.store, study, modelVersionId, seed.priority);
  return study;
}

/** The cursor after everything so far, so that a subscription's beginning does not depend on timing. */
const now = () => api.feed.currentCursor();

const uidOf = async (events: Events<Completed>) => (await events.next()).data?.findingsCompleted.study.studyInstanceUid;

describe('findingsCompleted', () => {
  test('gives each reading with its study, patient and findings, in order, and then the live ones', async () => {
    const after = await now();
    const missed = [await finish(), await finish({ patient: { mrn: 'M-2' } })];
    const events = await api.listen<Completed>(COMPLETED, { after });
    const first = await events.next();
    expect(first.errors).toEqual([]);
    expect(first.data?.findingsCompleted).toMatchObject({
      cursor: expect.any(String),
      completedAt: expect.any(Date),
      study: { studyInstanceUid: missed[0]?.studyInstanceUid },
      inference: { state: 'DONE' },
    });
    expect(first.data?.findingsCompleted.findings).toHaveLength(14);
    expect(first.data?.findingsCompleted.findings[0]?.label).toBe('Hernia'); // the most probable of the seed
    expect(await uidOf(events)).toBe(missed[1]?.studyInstanceUid);
    const waiting = uidOf(events);
    const live = await finish();
    expect(await waiting).toBe(live.studyInstanceUid);
    await events.return();
    const resumed = await api.listen<Completed>(COMPLETED, { after: first.data?.findingsCompleted.cursor });
    expect(await uidOf(resumed)).toBe(missed[1]?.studyInstanceUid);
    expect(await uidOf(resumed)).toBe(live.studyInstanceUid);
    await resumed.return();
  });

  test('leaves out what the filter does not want', async () => {
    const after = await now();
    const routine = await finish();
    const stat = await finish({ priority: 'STAT', patientId: routine.patientId });
    const weak = await finish({ probability: () => 0.1 });
    const end = await finish({ probability: (label) => (label === 2 ? 0.95 : 0.6) });
    const wanted = async (filter: Record<string, unknown>) => {
      const events = await api.listen<Completed>(COMPLETED, { filter, after });
      const seen: string[] = [];
      for (let uid = ''; uid !== end.studyInstanceUid; ) {
        uid = (await uidOf(events)) ?? '';
        seen.push(uid);
      }
      await events.return();
      return seen;
    };
    const all = [routine, stat, weak, end].map(({ studyInstanceUid }) => studyInstanceUid);
    const [uidRoutine, uidStat, , uidEnd] = all;
    expect(await wanted({})).toEqual(all);
    expect(await wanted({ studyInstanceUid: uidEnd })).toEqual([uidEnd]);
    expect(await wanted({ positiveOnly: true })).toEqual([uidRoutine, uidStat, uidEnd]);
    expect(await wanted({ minimumProbability: 0.65 })).toEqual([uidRoutine, uidStat, uidEnd]);
    expect(await wanted({ minimumProbability: 0.9 })).toEqual([uidEnd]);
    expect(await wanted({ labels: ['Effusion'], minimumProbability: 0.2 })).toEqual([uidEnd]);
    expect(await wanted({ priority: 'ROUTINE' })).toEqual(all.filter((uid) => uid !== uidStat));
    const events = await api.listen<Completed>(COMPLETED, {
      after,
      filter: { patientId: globalId('Patient', routine.patientId), labels: ['Hernia', 'Mass'], positiveOnly: true },
    });
    const found = [await events.next(), await events.next()].map(({ data }) => data?.findingsCompleted);
    expect(found.map((event) => event?.study.studyInstanceUid)).toEqual([uidRoutine, uidStat]);
    expect(found.map((event) => event?.findings.map(({ label }) => label))).toEqual([['Hernia'], ['Hernia']]);
    await events.return();
  });

  test('loads an event once for all subscribers', async () => {
    const after = await now();
    await finish();
    api.statements.length = 0;
    const subscribers = await Promise.all(
      Array.from({ length: 20 }, () => api.listen<Completed>(COMPLETED, { after })),
    );
    await Promise.all(subscribers.map((events) => events.next()));
    const reads = api.statements.filter((sql) => /"(Inference|Study|Patient|Finding)"/.test(sql));
    expect(reads).toHaveLength(4);
    await Promise.all(subscribers.map((events) => events.return()));
  });

  test('shows rows as they are at each event, not as the first event saw them', async () => {
    const after = await now();
    const study = await finish();
    const events = await api.listen<Completed>(COMPLETED, { after });
    await events.next();
    await api.store.prisma.patient.update({ where: { id: study.patientId }, data: { mrn: 'CORRECTED' } });
    await finish({ patientId: study.patientId });
    expect((await events.next()).data).toMatchObject({ findingsCompleted: { patient: { mrn: 'CORRECTED' } } });
    await events.return();
  });

  test('ends at once when its client leaves while nothing happens', async () => {
    const events = await api.listen<Completed>(COMPLETED);
    const waiting = events.next().catch((error: Error) => error.message);
    await events.return();
    expect(await waiting).toBe('the subscription ended');
  });

  test('refuses cursors that are none, or older than the retention, with a code', async () => {
    const invalid = await api.listen(COMPLETED, { after: 'nonsense' });
    await expect(invalid.next()).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
    const old = await now();
    await finish();
    await now();
    await api.store.changes.trim(0, new Date(Date.now() + 60_000));
    const expired = await api.listen(COMPLETED, { after: old });
    await expect(expired.next()).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
  });

  test('refuses a wrong filter before anything happens', async () => {
    for (const filter of [{ minimumProbability: 2 }, { patientId: 'x' }]) {
      await expect(api.listen(COMPLETED, { filter })).rejects.toThrow('BAD_REQUEST');
    }
  });
});

describe('inferenceProgress', () => {
  test('gives each step of the readings of one study', async () => {
    const after = await now();
    const record = instanceRecord();
    await recordFilm(api.store, instanceRecord()); // another study
    const { inferenceId } = await recordFilm(api.store, record);
    const events = await api.listen<{ inferenceProgress: { state: string; type: string } }>(
      `subscription ($uid: DicomUID!, $after: String) { inferenceProgress(studyInstanceUid: $uid, after: $after) {
        cursor type state changedAt inference { id state instance { sopInstanceUid } } } }`,
      { uid: record.study.studyInstanceUid, after },
    );
    expect((await events.next()).data).toMatchObject({
      inferenceProgress: {
        type: 'INFERENCE_QUEUED',
        state: 'QUEUED',
        inference: {
          id: globalId('Inference', inferenceId),
          instance: { sopInstanceUid: record.instance.sopInstanceUid },
        },
      },
    });
    const claims = await api.store.queue.claim(10);
    const claim = claims.find((candidate) => candidate.inferenceId === inferenceId);
    if (claim === undefined) throw new Error('the job is not there');
    const claimed = await api.store.inferences.begin(claim);
    if (claimed === undefined) throw new Error('the inference does not want to run');
    expect((await events.next()).data).toMatchObject({
      inferenceProgress: { state: 'RUNNING', inference: { state: 'RUNNING' } },
    });
    await api.store.inferences.refuse(claimed, ['BODY_PART: The film shows a hand.']);
    expect((await events.next()).data).toMatchObject({
      inferenceProgress: { type: 'INFERENCE_INELIGIBLE', state: 'INELIGIBLE', inference: { state: 'INELIGIBLE' } },
    });
    await events.return();
  });
});

describe('modelVersionChanged', () => {
  test('gives registration and both moves of an activation', async () => {
    const after = await now();
    await seedModel(api.store, '2.0.0');
    const events = await api.listen<{ modelVersionChanged: { modelVersion: { version: string } } }>(
      `subscription ($after: String) { modelVersionChanged(after: $after) {
        cursor changedAt modelVersion { version state transitions { reason } } } }`,
      { after },
    );
    const versions: unknown[] = [];
    for (let event = 0; event < 3; event++) versions.push((await events.next()).data?.modelVersionChanged.modelVersion);
    expect(versions).toMatchObject([
      { version: '2.0.0', state: 'ACTIVE' },
      { version: '1.0.0', state: 'RETIRED' },
      { version: '2.0.0', state: 'ACTIVE', transitions: [{ reason: 'first' }] },
    ]);
    await events.return();
  });
});
