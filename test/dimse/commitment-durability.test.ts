/** A storage commitment that was answered by success is reported, whoever dies when, and with the right list. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Association } from '../../src/dicom/network/association.ts';
import type { SopReference } from '../../src/dicom/network/storage-commitment.ts';
import { STORAGE_COMMITMENT } from '../../src/dimse/conformance.ts';
import { GatewayError } from '../../src/errors.ts';
import { listen, OPEN, type TestAcceptor } from '../dicom/network/support.ts';
import { ask, takeReport } from '../support/commitment.ts';
import { freshFilm, type Machine, prepareMachine, ROUNDS, randomMoments } from '../support/durability.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { nodesFile } from '../support/nodes.ts';
import { freePort } from '../support/peers/programs.ts';
import { freshUid } from '../support/records.ts';
import { call, DX_PRESENTATION, EXPLICIT, store } from '../support/scu.ts';

const NO_SUCH_OBJECT_INSTANCE = 0x0112;
const CLASS_INSTANCE_CONFLICT = 0x0119;

/** A machine whose gateways know the requester TESTSCU at a port. */
async function machineWithRequester() {
  const machine = await prepareMachine();
  const requesterPort = await freePort();
  const node = { name: 'requester', dimse: { aeTitle: 'TESTSCU', host: '127.0.0.1', port: requesterPort } };
  machine.settings.DICOM_NODES_FILE = await nodesFile([node]);
  machine.settings.ROLE = 'api';
  return { machine, requesterPort, requester: () => listen({}, OPEN, requesterPort) };
}

/** Stores two films and asks for both, for one of another class, and for one that nobody has sent. */
async function request({ port }: Machine) {
  const storing = await call({ port });
  const kept: SopReference[] = [];
  for (const film of [freshFilm(), freshFilm()]) {
    expect((await store(storing, film)).status).toBe(0);
    kept.push({ sopClassUid: DX_PRESENTATION, sopInstanceUid: film.sopInstanceUid });
  }
  await storing.release();
  const [first] = kept;
  const misnamed = { sopClassUid: '1.2.840.10008.5.1.4.1.1.2', sopInstanceUid: first?.sopInstanceUid ?? '' };
  const unknown = { sopClassUid: DX_PRESENTATION, sopInstanceUid: freshUid() };
  const transactionUid = freshUid();
  const contexts = [{ abstractSyntax: STORAGE_COMMITMENT, transferSyntaxes: [EXPLICIT] }];
  const association = await call({ port, contexts });
  expect((await ask(association, transactionUid, [...kept, misnamed, unknown])).status).toBe(0);
  const expected = {
    transactionUid,
    event: 2,
    committed: kept,
    failed: [
      { ...misnamed, reason: CLASS_INSTANCE_CONFLICT },
      { ...unknown, reason: NO_SUCH_OBJECT_INSTANCE },
    ],
  };
  return { association, transactionUid, expected };
}

/** Has the next attempt made at the next look, as if the claim of the killed process or the wait had run out. */
async function hasten({ prisma }: Machine, transactionUid: string): Promise<void> {
  await prisma.storageCommitment.updateMany({
    where: { transactionUid, deliveredAt: null },
    data: { nextAttemptAt: new Date(0) },
  });
}

async function rowOnce(
  { prisma }: Machine,
  transactionUid: string,
  is: (row: { deliveredAt: Date | null; lastError: string | null }) => boolean,
): Promise<void> {
  for (;;) {
    const row = await prisma.storageCommitment.findFirstOrThrow({ where: { transactionUid } });
    if (is(row)) return;
    await delay(20);
  }
}

/** Takes the report without answering it. */
async function takeHalf(association: Association): Promise<void> {
  const message = await association.receive();
  for await (const _ of message?.dataSet ?? []) return;
}

/** Takes from the next association that lives: a process may have been killed as it called. */
async function onNext<T>({ accepted }: TestAcceptor, take: (association: Association) => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await take(await accepted());
    } catch (error) {
      if (!(error instanceof GatewayError && error.code === 'DICOM_NODE_FAILED')) throw error;
    }
  }
}

describe('a storage commitment', () => {
  it('is reported although the gateway is killed after its answer, and again in the middle of the report', {
    timeout: 60_000 + ROUNDS * 20_000,
  }, async () => {
    const random = randomMoments();
    const { machine, requester } = await machineWithRequester();
    const listener = await requester();
    for (let round = 0; round < ROUNDS / 2; round += 1) {
      await using first = await startGatewayProcess(machine.settings);
      const { association, transactionUid, expected } = await request(machine);
      if (random.below(2) === 0) await association.release();
      await delay(random.below(30));
      await first.end('SIGKILL');
      await hasten(machine, transactionUid);
      await using second = await startGatewayProcess(machine.settings);
      await onNext(listener, takeHalf);
      await second.end('SIGKILL');
      await hasten(machine, transactionUid);
      await using _third = await startGatewayProcess(machine.settings);
      expect(await onNext(listener, takeReport)).toEqual(expected);
      await rowOnce(machine, transactionUid, ({ deliveredAt }) => deliveredAt !== null);
    }
  });

  it('is reported to a requester that was down, and then died in the middle of the report', async () => {
    const { machine, requester } = await machineWithRequester();
    await using _gateway = await startGatewayProcess(machine.settings);
    const { association, transactionUid, expected } = await request(machine);
    await association.release();
    await rowOnce(machine, transactionUid, ({ lastError }) => lastError?.startsWith('DICOM_NODE_UNREACHABLE') === true);
    const { accepted } = await requester();
    await hasten(machine, transactionUid);
    const dying = await accepted();
    await takeHalf(dying);
    dying.abort();
    await rowOnce(machine, transactionUid, ({ lastError }) => lastError?.startsWith('DICOM_NODE_FAILED') === true);
    await hasten(machine, transactionUid);
    expect(await takeReport(await accepted())).toEqual(expected);
    await rowOnce(machine, transactionUid, ({ deliveredAt }) => deliveredAt !== null);
  });
});
