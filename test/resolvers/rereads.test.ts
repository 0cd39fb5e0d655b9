import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toGlobalId } from '../../src/schema/global-id.ts';
import { type SeededStudy, seedModel, seedStudy } from './seed.ts';
import { openApi, type TestApi } from './support.ts';

const REQUEST = `mutation ($input: RequestRereadInput!) { requestReread(input: $input) { job {
  id state reason createdBy completedAt modelVersion { version }
  selection { all studyInstanceUid patientId callingAeTitle studyDate { from until } createdAt { from until }
    finding { label positive modelVersionId } }
  progress { total enqueued skipped waiting running done refused failed cancelled fraction } } } }`;
const STATE = (mutation: string) => `mutation ($id: ID!) { ${mutation}(id: $id) { job { state completedAt } } }`;

interface Requested {
  readonly requestReread: { readonly job: { readonly id: string } };
}

let api: TestApi;
let missing: readonly string[] = [];
let active: string;
let candidate: string;
let study: SeededStudy;

beforeEach(async () => {
  missing = [];
  api = await openApi(undefined, { verify: async () => missing });
  active = await seedModel(api.store);
  candidate = await seedModel(api.store, '2.0.0', false);
  study = await seedStudy(api.store, { modelVersionId: active, films: 2, patient: { issuer: 'NORTH' } });
  await api.data(
    'mutation ($id: ID!) { moveModelVersion(input: { modelVersionId: $id, toState: SHADOW, reason: "test" }) { request { id } } }',
    { id: toGlobalId('ModelVersion', candidate) },
  );
});

afterEach(() => api[Symbol.asyncDispose]());

const input = (selection: Record<string, unknown>, modelVersionId = candidate) => ({
  input: { modelVersionId: toGlobalId('ModelVersion', modelVersionId), selection, reason: 'for the test' },
});
const codes = async (selection: Record<string, unknown>, client: Pick<TestApi, 'run'> = api) =>
  (await client.run(REQUEST, input(selection))).errors.map(({ code }) => code);

async function requested(selection: Record<string, unknown> = { all: true }): Promise<string> {
  return (await api.data<Requested>(REQUEST, input(selection))).requestReread.job.id;
}

const UNSTARTED = {
  ...{ enqueued: 0, skipped: 0, waiting: 0, running: 0, done: 0, refused: 0, failed: 0, cancelled: 0, fraction: 0 },
};
const NOTHING = {
  ...{ all: false, studyInstanceUid: null, patientId: null, callingAeTitle: null, studyDate: null, createdAt: null },
  finding: null,
};

describe('requestReread', () => {
  it('makes a job, and says what it selects and how far it is', async () => {
    const { studyInstanceUid } = study;
    expect(await api.data(REQUEST, input({ studyInstanceUid }))).toMatchObject({
      requestReread: {
        job: {
          ...{ state: 'RUNNING', reason: 'for the test', createdBy: 'dr-test', completedAt: null },
          modelVersion: { version: '2.0.0' },
          selection: { ...NOTHING, studyInstanceUid },
          progress: { total: 2, ...UNSTARTED },
        },
      },
    });
    const filter = {
      patientId: toGlobalId('Patient', study.patientId),
      studyDate: { from: '2025-01-01T00:00:00.000Z' },
      createdAt: { until: '2026-01-01T00:00:00.000Z' },
      callingAeTitle: 'ROOM_1',
      finding: { modelVersionId: toGlobalId('ModelVersion', active), label: 'Effusion' },
    };
    expect(await api.data(REQUEST, input({ filter }))).toMatchObject({
      requestReread: {
        job: {
          selection: {
            ...{ ...NOTHING, patientId: filter.patientId, callingAeTitle: 'ROOM_1' },
            studyDate: { from: new Date(filter.studyDate.from), until: null },
            createdAt: { from: null, until: new Date(filter.createdAt.until) },
            finding: { ...filter.finding, positive: true },
          },
          progress: { total: 0, ...UNSTARTED, fraction: 1 },
        },
      },
    });
  });

  it('wants exactly one way to select, which selects something', async () => {
    const { studyInstanceUid } = study;
    for (const selection of [
      {},
      { all: false },
      { all: true, studyInstanceUid },
      { studyId: toGlobalId('Study', study.studyId), studyInstanceUid },
      { filter: {} },
      { filter: { createdAt: {} } },
      { filter: { callingAeTitle: 'a\0b' } },
      { filter: { patientId: '', createdAt: { until: '2999-01-01T00:00:00.000Z' } } },
    ]) {
      expect(await codes(selection), JSON.stringify(selection)).toEqual(['BAD_REQUEST']);
    }
    expect(await codes({ studyInstanceUid: '1.2.3' })).toEqual(['NOT_FOUND']);
    const unknown = '018f0000-0000-7000-8000-000000000000';
    expect(await codes({ studyId: toGlobalId('Study', unknown) })).toEqual(['NOT_FOUND']);
    expect(await codes({ filter: { patientId: toGlobalId('Patient', unknown) } })).toEqual(['NOT_FOUND']);
    const finding = { modelVersionId: toGlobalId('ModelVersion', unknown), label: 'Effusion' };
    expect(await codes({ filter: { finding } })).toEqual(['NOT_FOUND']);
    expect(await api.store.prisma.rereadJob.count()).toBe(0);
  });

  it('selects nothing more for a condition that is an empty text', async () => {
    const filter = { callingAeTitle: '', createdAt: { until: '2999-01-01T00:00:00.000Z' } };
    const { requestReread } = await api.data<{ requestReread: { job: object } }>(REQUEST, input({ filter }));
    expect(requestReread.job).toMatchObject({ selection: { callingAeTitle: '' }, progress: { total: 0 } });
  });

  it('is refused for a version that is not admitted, or lacks something here', async () => {
    missing = ['a model card (MODEL_CARD.md)'];
    const lacking = await api.run(REQUEST, input({ all: true }));
    expect(lacking.errors).toMatchObject([
      { code: 'INVALID_STATE', message: expect.stringContaining('MODEL_CARD.md') },
    ]);
    missing = [];
    const registered = await seedModel(api.store, '3.0.0', false);
    const refused = await api.run(REQUEST, input({ all: true }, registered));
    expect(refused.errors).toMatchObject([{ code: 'INVALID_STATE', message: expect.stringContaining('SHADOW') }]);
  });

  it('reaches no further than who asks: a study that is granted, and nothing beyond', async () => {
    const { studyInstanceUid } = study;
    const north = api.as({ roles: ['ADMIN'], issuers: ['NORTH'] });
    const south = api.as({ roles: ['ADMIN'], issuers: ['SOUTH'] });
    expect(await codes({ all: true }, north)).toEqual(['FORBIDDEN']);
    expect(await codes({ filter: { patientId: toGlobalId('Patient', study.patientId) } }, north)).toEqual([
      'FORBIDDEN',
    ]);
    expect(await codes({ studyInstanceUid }, south)).toEqual(['NOT_FOUND']);
    expect(await codes({ studyInstanceUid }, north)).toEqual([]);
    const everything = await requested();
    const list = '{ rereadJobs { nodes { id } totalCount } }';
    const seen = async (client: Pick<TestApi, 'data'>) =>
      (await client.data<{ rereadJobs: { nodes: unknown[]; totalCount: number } }>(list)).rereadJobs.totalCount;
    expect([await seen(api), await seen(north), await seen(south)]).toEqual([2, 1, 0]);
    const told = async (client: Pick<TestApi, 'data'>) => {
      const { changes } = await client.data<{ changes: { type: string }[] }>('{ changes { type } }');
      return changes.filter(({ type }) => type === 'REREAD_JOB_CHANGED').length;
    };
    expect([await told(api), await told(north), await told(south)]).toEqual([2, 1, 0]);
    expect((await north.run(STATE('cancelReread'), { id: everything })).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });
});

describe('a job', () => {
  it('is paused, resumed when its version can be used, and cancelled', async () => {
    const id = await requested();
    expect(await api.data(STATE('pauseReread'), { id })).toMatchObject({ pauseReread: { job: { state: 'PAUSED' } } });
    missing = ['metrics in manifest.json'];
    expect((await api.run(STATE('resumeReread'), { id })).errors).toMatchObject([{ code: 'INVALID_STATE' }]);
    missing = [];
    expect(await api.data(STATE('resumeReread'), { id })).toMatchObject({
      resumeReread: { job: { state: 'RUNNING' } },
    });
    expect(await api.data(STATE('cancelReread'), { id })).toMatchObject({
      cancelReread: { job: { state: 'CANCELLED', completedAt: expect.any(Date) } },
    });
    expect((await api.run(STATE('pauseReread'), { id })).errors).toMatchObject([{ code: 'INVALID_STATE' }]);
  });

  it('is found by its id, by node and in the list, by auditors too', async () => {
    const id = await requested();
    await api.store.rereadJobs.advance();
    const auditor = api.as({ roles: ['AUDITOR'] });
    const QUERY = `query ($id: ID!) { rereadJob(id: $id) { progress { waiting } } node(id: $id) { ... on RereadJob { state } }
      running: rereadJobs(states: [RUNNING]) { nodes { id progress { enqueued } } } ended: rereadJobs(states: [DONE, CANCELLED]) { totalCount } }`;
    expect(await auditor.data(QUERY, { id })).toEqual({
      rereadJob: { progress: { waiting: 2 } },
      node: { state: 'RUNNING' },
      running: { nodes: [{ id, progress: { enqueued: 2 } }] },
      ended: { totalCount: 0 },
    });
    const LIST = 'query ($id: ID!) { inferences(filter: { rereadJobId: $id }) { nodes { priority shadow } } }';
    const reading = { priority: 'BACKGROUND', shadow: true };
    expect(await api.data(LIST, { id })).toEqual({ inferences: { nodes: [reading, reading] } });
    expect(await api.as({ roles: ['CLINICIAN'] }).data(LIST, { id })).toEqual({ inferences: { nodes: [] } });
  });

  it('tells its subscribers, and the feed by its id', async () => {
    const LISTEN = 'subscription ($after: String) { rereadJobChanged(after: $after) { job { id state } } }';
    const { currentCursor: after } = await api.data<{ currentCursor: string }>('{ currentCursor }');
    const events = await api.listen<{ rereadJobChanged: unknown }>(LISTEN, { after });
    const id = await requested();
    await api.data(STATE('cancelReread'), { id });
    for (let event = 0; event < 2; event += 1) {
      const { data } = await events.next();
      expect(data?.rereadJobChanged).toMatchObject({ job: { id } });
    }
    await events.return();
    const CHANGES = 'query ($after: String) { changes(after: $after) { type rereadJobId } }';
    const { changes } = await api.data<{ changes: { type: string }[] }>(CHANGES, { after });
    expect(changes.filter(({ type }) => type === 'REREAD_JOB_CHANGED')).toEqual(
      Array.from({ length: 2 }, () => ({ type: 'REREAD_JOB_CHANGED', rereadJobId: id })),
    );
  });
});
