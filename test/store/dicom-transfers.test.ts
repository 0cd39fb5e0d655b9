import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import type { ClaimedTransfer } from '../../src/store/dicom-transfers.ts';
import { activeModel, BY_TEST, freshUid, instanceRecord, recordFilm } from '../support/records.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

let opened: TestStore;

beforeAll(async () => {
  opened = await openTestStore();
});

afterAll(() => opened?.[Symbol.asyncDispose]());

beforeEach(async () => {
  await opened.store.prisma.dicomTransfer.deleteMany();
});

const transfers = () => opened.store.dicomTransfers;
const row = (id: string) => opened.store.prisma.dicomTransfer.findUniqueOrThrow({ where: { id } });
const NODES = ['pacs'];

const retrieval = () => ({ kind: 'RETRIEVE' as const, node: 'pacs', studyInstanceUid: freshUid() });

async function claimOne(): Promise<ClaimedTransfer> {
  const [claimed] = await transfers().claim(1, NODES);
  if (claimed === undefined) throw new Error('nothing to claim');
  return claimed;
}

/** As if its process had been silent for this long. */
async function silent(id: string, seconds: number): Promise<void> {
  await opened.store.prisma.$executeRaw`
    UPDATE "DicomTransfer" SET "heartbeatAt" = now() - make_interval(secs => ${seconds}) WHERE "id" = ${id}::uuid`;
}

describe('a requested transfer', () => {
  it('is one, however often it is requested while it waits or runs', async () => {
    const request = retrieval();
    const answers = await Promise.all([1, 2, 3, 4].map(() => transfers().request(request, BY_TEST)));
    expect(new Set(answers.map(({ transferId }) => transferId)).size).toBe(1);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    await claimOne();
    expect((await transfers().request(request, BY_TEST)).created).toBe(false);
    expect((await transfers().request({ ...request, kind: 'SEND' }, BY_TEST)).created).toBe(true);
  });

  it('can be requested again once it has ended', async () => {
    const request = retrieval();
    const first = await transfers().request(request, BY_TEST);
    await transfers().finish(await claimOne(), { completed: 2, failed: 0 }, undefined);
    const second = await transfers().request(request, BY_TEST);
    expect(second).toMatchObject({ created: true });
    expect(second.transferId).not.toBe(first.transferId);
  });

  it('is claimed once, by one of many', async () => {
    for (let index = 0; index < 6; index += 1) await transfers().request(retrieval(), BY_TEST);
    const other = await opened.another();
    const claims = await Promise.all([transfers().claim(4, NODES), other.dicomTransfers.claim(4, NODES)]);
    const ids = claims.flat().map(({ id }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(4);
    expect(new Set(ids).size).toBe(ids.length);
    expect(claims.flat().every(({ attempt }) => attempt === 1)).toBe(true);
  });

  it('waits for a process that knows its node, for a day at most', async () => {
    const { transferId } = await transfers().request(retrieval(), BY_TEST);
    expect(await transfers().claim(5, ['archive'])).toEqual([]);
    expect(await transfers().claim(5, [])).toEqual([]);
    await opened.store.prisma.dicomTransfer.update({
      where: { id: transferId },
      data: { createdAt: new Date(Date.now() - 25 * 3600_000) },
    });
    expect(await transfers().claim(5, [])).toMatchObject([{ id: transferId }]);
  });
});

describe('a claim', () => {
  it('is taken over once it is silent, and then writes nothing', async () => {
    const { transferId } = await transfers().request(retrieval(), BY_TEST);
    const first = await claimOne();
    expect(await transfers().claim(1, NODES)).toEqual([]);
    expect(await transfers().renew(first, { completed: 3, failed: 1 })).toBe(true);
    expect(await row(transferId)).toMatchObject({ completed: 3, failed: 1 });
    await silent(transferId, 11);
    const second = await claimOne();
    expect(second).toMatchObject({ id: transferId, attempt: 2 });
    expect(await row(transferId)).toMatchObject({ completed: 0, failed: 0 });
    expect(await transfers().renew(first, { completed: 4, failed: 1 })).toBe(false);
    expect(await transfers().finish(first, { completed: 4, failed: 1 }, undefined)).toBe(false);
    expect(await transfers().fail(first, { completed: 4, failed: 1 }, 'INTERNAL', 'late')).toBe(false);
    expect(await row(transferId)).toMatchObject({ state: 'RUNNING', attempts: 2, completed: 0, errorCode: null });
    expect(await transfers().finish(second, { completed: 5, failed: 0 }, undefined)).toBe(true);
    expect(await row(transferId)).toMatchObject({ state: 'DONE', completed: 5, completedAt: expect.any(Date) });
  });

  it('that failed for now waits for its delay', async () => {
    const { transferId } = await transfers().request(retrieval(), BY_TEST);
    const error = new GatewayError('DICOM_NODE_UNREACHABLE', 'The node is away.');
    await transfers().retryLater(await claimOne(), { completed: 1, failed: 0 }, error, 3600);
    expect(await row(transferId)).toMatchObject({ state: 'QUEUED', errorCode: 'DICOM_NODE_UNREACHABLE', completed: 1 });
    expect(await transfers().claim(1, NODES)).toEqual([]);
    await opened.store.prisma.$executeRaw`UPDATE "DicomTransfer" SET "nextAttemptAt" = now() - interval '1 second'`;
    expect(await claimOne()).toMatchObject({ attempt: 2 });
    expect(await row(transferId)).toMatchObject({ errorCode: null });
  });

  it('that is given back does not count', async () => {
    await transfers().request(retrieval(), BY_TEST);
    await transfers().release(await claimOne());
    expect(await claimOne()).toMatchObject({ attempt: 1 });
  });
});

describe('films of a study', () => {
  it('come in the order of their arrival, no more than asked for', async () => {
    const { store } = opened;
    await activeModel(store);
    const first = instanceRecord();
    const second = { ...instanceRecord(), patient: first.patient, study: first.study, series: first.series };
    for (const record of [first, second, instanceRecord()]) await recordFilm(store, record);
    const films = await store.dicomTransfers.filmsOfStudy(first.study.studyInstanceUid, 10);
    expect(films.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual([
      first.instance.sopInstanceUid,
      second.instance.sopInstanceUid,
    ]);
    expect(films[0]).toMatchObject({ blobKey: first.instance.blobKey });
    expect(await store.dicomTransfers.filmsOfStudy(first.study.studyInstanceUid, 1)).toHaveLength(1);
  });
});
