import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import type { Association } from '../../src/dicom/network/association.ts';
import { COMMAND } from '../../src/dicom/network/command-set.ts';
import { encodeCommitmentRequest, type SopReference } from '../../src/dicom/network/storage-commitment.ts';
import { CommitmentReports, type CommitmentTimes } from '../../src/dimse/commitment-reports.ts';
import { CommitmentRequests } from '../../src/dimse/commitment-request.ts';
import { STORAGE_COMMITMENT } from '../../src/dimse/conformance.ts';
import { GatewayError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { nodeClientOptions } from '../../src/nodes/node-clients.ts';
import { BlobStore } from '../../src/store/blobs.ts';
import { StorageCommitmentStore } from '../../src/store/storage-commitments.ts';
import { listen } from '../dicom/network/support.ts';
import { ACTION, ask, takeReport } from '../support/commitment.ts';
import { activeModel, BY_TEST, freshUid, instanceRecord, recordFilm } from '../support/records.ts';
import { answer, call, DX_PRESENTATION, EXPLICIT, echo, IMPLICIT, VERIFICATION } from '../support/scu.ts';
import { openTestStore, type TestStore } from '../support/store.ts';
import { node, openDoor } from './support.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const TIMES: CommitmentTimes = {
  grace: 100,
  look: 50,
  attempt: 5000,
  firstDelay: 50,
  longestDelay: 200,
  abandonAfter: 60_000,
};

let database: TestStore;
let folder: string;
let blobs: BlobStore;
let kept: SopReference;

beforeAll(async () => {
  database = await openTestStore();
  folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-commitment-'));
  blobs = new BlobStore({ directory: folder, maxFileBytes: 1e6, minFreeDiskBytes: 0 });
  await activeModel(database.store);
  kept = await film(true);
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** A recorded film, with or without its file. */
async function film(withFile: boolean): Promise<SopReference> {
  const record = instanceRecord({ byteLength: 10 });
  await recordFilm(database.store, record);
  const path = blobs.path(record.instance.blobKey);
  await mkdir(dirname(path), { recursive: true });
  if (withFile) await writeFile(path, 'ten bytes.');
  return { sopClassUid: record.instance.sopClassUid, sopInstanceUid: record.instance.sopInstanceUid };
}

/** The store of a database that is away when something is asked of it first. */
class AwayAtFirst extends StorageCommitmentStore {
  #isAway = true;

  override async forgetSettled(before: Date): Promise<number> {
    if (!this.#isAway) return super.forgetSettled(before);
    this.#isAway = false;
    throw new GatewayError('DATABASE_UNAVAILABLE', 'As the test wants it.');
  }
}

/** A door that takes commitments; its caller TESTSCU listens at `port` when given. */
async function commitmentDoor(
  port?: number,
  times: Partial<CommitmentTimes> = {},
  commitments = database.store.storageCommitments,
) {
  const nodes = [node('TESTSCU', port === undefined ? {} : { host: '127.0.0.1', port })];
  const { identity } = nodeClientOptions(loadConfig({ DIMSE_ARTIM_MS: '2000' }, {}));
  const reports = new CommitmentReports({
    commitments,
    blobs,
    nodes,
    identity,
    log: silentLog,
    times: { ...TIMES, ...times },
  });
  const door = await openDoor({}, nodes, new CommitmentRequests(commitments, reports, silentLog));
  onTestFinished(() => reports[Symbol.asyncDispose]());
  return { ...door, reports };
}

async function callForCommitment(port: number, transferSyntax = EXPLICIT): Promise<Association> {
  const contexts = [
    { abstractSyntax: STORAGE_COMMITMENT, transferSyntaxes: [transferSyntax] },
    { abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] },
  ];
  return call({ port, contexts });
}

const rowOf = (transactionUid: string) =>
  database.store.prisma.storageCommitment.findFirst({ where: { transactionUid } });

/** The row once its report has been taken. */
async function delivered(transactionUid: string) {
  for (;;) {
    const row = await rowOf(transactionUid);
    if (row?.deliveredAt != null) return row;
  }
}

describe('a report on the same association', () => {
  it.each([EXPLICIT, IMPLICIT])('tells which films are safe and which are not (%s)', async (transferSyntax) => {
    const { port } = await commitmentDoor();
    const association = await callForCommitment(port, transferSyntax);
    const [transactionUid, gone, unknown] = [freshUid(), await film(false), freshUid()];
    const references = [
      kept,
      gone,
      { sopClassUid: DX_PRESENTATION, sopInstanceUid: unknown },
      { ...kept, sopClassUid: CT },
    ];
    const response = await ask(association, transactionUid, references);
    expect(response).toMatchObject({ status: 0, commandField: COMMAND.N_ACTION_RSP, actionTypeId: 1 });
    expect(await rowOf(transactionUid)).toMatchObject({ callingAeTitle: 'TESTSCU', calledAeTitle: 'CXRGATEWAY' });
    expect(await takeReport(association)).toEqual({
      transactionUid,
      event: 2,
      committed: [kept],
      failed: [
        { ...gone, reason: 0x0112 },
        { sopClassUid: DX_PRESENTATION, sopInstanceUid: unknown, reason: 0x0112 },
        { ...kept, sopClassUid: CT, reason: 0x0119 },
      ],
    });
    // The association is still good for other things, and the request is settled.
    await association.send(3, { commandField: COMMAND.C_ECHO_RQ, messageId: 9, affectedSopClassUid: VERIFICATION });
    expect((await answer(association)).status).toBe(0);
    expect((await delivered(transactionUid)).attempts).toBe(1);
  });

  it('is event 1 when all are safe; the same transaction may be asked for again', async () => {
    const { port } = await commitmentDoor();
    const association = await callForCommitment(port);
    const transactionUid = freshUid();
    for (let round = 0; round < 2; round += 1) {
      expect((await ask(association, transactionUid, [kept])).status).toBe(0);
      expect(await takeReport(association)).toMatchObject({ event: 1, committed: [kept], failed: [] });
      await delivered(transactionUid);
    }
    expect(await database.store.prisma.storageCommitment.count({ where: { transactionUid } })).toBe(1);
  });
});

describe('a report on a new association', () => {
  it('goes to the address of the caller, in the role of the provider', async () => {
    const { port: nodePort, accepted } = await listen();
    const { port } = await commitmentDoor(nodePort);
    const association = await callForCommitment(port);
    const transactionUid = freshUid();
    await ask(association, transactionUid, [kept]);
    await association.release();
    const calledBack = await accepted();
    expect([calledBack.callingAeTitle, calledBack.calledAeTitle]).toEqual(['CXRGATEWAY', 'TESTSCU']);
    expect(calledBack.contexts[0]?.role).toEqual({ scu: false, scp: true });
    expect(await takeReport(calledBack)).toMatchObject({ transactionUid, event: 1 });
    expect(await calledBack.receive()).toBeNull();
    await delivered(transactionUid);
  });

  it('is tried again until it is taken, also by another process after a restart', async () => {
    const { port: nodePort, accepted } = await listen();
    const first = await commitmentDoor(nodePort, { firstDelay: 1, longestDelay: 1 });
    const association = await callForCommitment(first.port);
    const transactionUid = freshUid();
    await ask(association, transactionUid, [kept]);
    await association.release();
    await takeReport(await accepted(), 0x0110); // a failure of the requester
    await first.reports[Symbol.asyncDispose]();
    const second = await commitmentDoor(nodePort);
    second.reports.open();
    const calledBack = await accepted();
    await takeReport(calledBack);
    expect(await calledBack.receive()).toBeNull();
    expect((await delivered(transactionUid)).attempts).toBeGreaterThan(1);
  });

  it('goes out once although several processes look for it', async () => {
    const { port: nodePort, accepted } = await listen();
    const doors = [await commitmentDoor(nodePort), await commitmentDoor(nodePort), await commitmentDoor(nodePort)];
    const transactions = Array.from({ length: 6 }, freshUid);
    for (const transactionUid of transactions) {
      const request = { transactionUid, callingAeTitle: 'TESTSCU', calledAeTitle: 'CXRGATEWAY', references: [kept] };
      await database.store.storageCommitments.record(request, 0, BY_TEST);
    }
    for (const { reports } of doors) reports.open();
    const told: string[] = [];
    for (const _ of transactions) {
      const calledBack = await accepted();
      told.push((await takeReport(calledBack)).transactionUid);
      expect(await calledBack.receive()).toBeNull();
    }
    expect(told.sort()).toEqual(transactions.sort());
    for (const transactionUid of transactions) await delivered(transactionUid);
  });

  it('is owed again to whoever asks again while one is under way', async () => {
    const { storageCommitments } = database.store;
    const request = { transactionUid: freshUid(), callingAeTitle: 'TESTSCU', calledAeTitle: 'CXRGATEWAY' };
    const first = await storageCommitments.record({ ...request, references: [kept] }, 60_000, BY_TEST);
    while (Date.now() === first.createdAt.getTime());
    const second = await storageCommitments.record({ ...request, references: [kept, kept] }, 60_000, BY_TEST);
    await storageCommitments.delivered(first);
    expect(await rowOf(request.transactionUid)).toMatchObject({ id: first.id, deliveredAt: null });
    await storageCommitments.delivered(second);
    expect((await rowOf(request.transactionUid))?.deliveredAt).not.toBeNull();
  });

  it('goes out although the database was away at the first look', async () => {
    const { port: nodePort, accepted } = await listen();
    const { reports } = await commitmentDoor(nodePort, {}, new AwayAtFirst(database.store.prisma));
    const transactionUid = freshUid();
    const request = { transactionUid, callingAeTitle: 'TESTSCU', calledAeTitle: 'CXRGATEWAY', references: [kept] };
    await database.store.storageCommitments.record(request, 0, BY_TEST);
    reports.open();
    expect(await takeReport(await accepted())).toMatchObject({ transactionUid, event: 1 });
    await delivered(transactionUid);
  });

  it('is abandoned when nobody takes it for too long', async () => {
    const { port } = await commitmentDoor(1, { abandonAfter: 0, grace: 0 });
    const association = await callForCommitment(port);
    const transactionUid = freshUid();
    await ask(association, transactionUid, [kept]);
    await association.release();
    for (;;) {
      const row = await rowOf(transactionUid);
      if (row?.abandonedAt == null) continue;
      expect(row.lastError).toMatch(/^DICOM_NODE_UNREACHABLE/);
      break;
    }
  });
});

describe('a request that cannot be taken', () => {
  const REFERENCE = encodeCommitmentRequest(
    { transactionUid: '1.2.3', references: [{ sopClassUid: '1.2', sopInstanceUid: '1.3' }] },
    true,
  );

  it.each([
    ['for another instance', { requestedSopInstanceUid: '1.2.3' }, REFERENCE, 0x0112],
    ['for another class', { requestedSopClassUid: '1.2.3' }, REFERENCE, 0x0122],
    ['for another action', { actionTypeId: 2 }, REFERENCE, 0x0123],
    ['without data set', {}, undefined, 0x0212],
    ['without references', {}, encodeCommitmentRequest({ transactionUid: '1.2.3', references: [] }, true), 0x0115],
    ['cut short', {}, REFERENCE.subarray(0, 40), 0x0115],
    ['of garbage', {}, Buffer.alloc(1000, 0xfe), 0x0115],
    ['of more bytes than anybody needs', {}, Buffer.alloc(5_000_000), 0x0115],
  ])('%s is refused', async (_name, difference, dataSet, status) => {
    const { port } = await commitmentDoor();
    const association = await callForCommitment(port);
    await association.send(1, { ...ACTION, ...difference }, dataSet);
    expect((await answer(association)).status).toBe(status);
    await association.send(3, { commandField: COMMAND.C_ECHO_RQ, messageId: 9, affectedSopClassUid: VERIFICATION });
    expect((await answer(association)).status).toBe(0);
  });

  it('is not answered by success when the database is gone', async () => {
    const lost = await openTestStore();
    const commitments = lost.store.storageCommitments;
    const reports = { claimMs: 1000, report: () => {} };
    const { port } = await openDoor({}, undefined, new CommitmentRequests(commitments, reports, silentLog));
    await lost[Symbol.asyncDispose]();
    const association = await callForCommitment(port);
    const response = await ask(association, freshUid(), [kept]);
    expect(response.status).toBe(0x0110);
    expect(await echo(await call({ port }))).toBe(0);
  });
});
