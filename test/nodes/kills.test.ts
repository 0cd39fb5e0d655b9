/**
 * Studies fetched while both sides die: at the first attempt the gateway is killed between two films, at the second each node
 * dies within the second film, at the third all goes well.
 */
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { acceptAssociation } from '../../src/dicom/network/acceptor.ts';
import type { Association, DimseMessage } from '../../src/dicom/network/association.ts';
import { COMMAND } from '../../src/dicom/network/command-set.ts';
import { OPEN } from '../dicom/network/support.ts';
import { graphql } from '../support/client.ts';
import { type DurableFilm, expectKeptAndReadOnce, prepareMachine } from '../support/durability.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { nodesFile } from '../support/nodes.ts';
import { freshUid } from '../support/records.ts';
import { call, DX_PRESENTATION, dataSetOf, LIMITS, store } from '../support/scu.ts';
import { freshStudy, phantomOf } from './films.ts';

/** A study of two films at a node, and how far it has been fetched. */
class RemoteStudy {
  readonly studyInstanceUid: string;
  readonly films: readonly DurableFilm[];
  attempts = 0;
  readonly #half = Promise.withResolvers<void>();

  constructor() {
    const study = freshStudy();
    this.studyInstanceUid = study.studyInstanceUid;
    this.films = [freshUid(), freshUid()].map((sopInstanceUid) => {
      const file = phantomOf(study, { elements: { '00080018': ['UI', sopInstanceUid] } });
      return { file, dataSet: dataSetOf(file), sopInstanceUid };
    });
  }

  /** Resolves when the first film has arrived at the first attempt. */
  get isHalfThere(): Promise<void> {
    return this.#half.promise;
  }

  /** Gives the films of one attempt; returns whether it gave all of them, throws when it dies. */
  async give(send: (film: DurableFilm, bytes: AsyncIterable<Uint8Array>) => Promise<void>): Promise<boolean> {
    this.attempts += 1;
    const [first, second] = this.films as [DurableFilm, DurableFilm];
    await send(first, inPieces(first.dataSet));
    if (this.attempts === 1) {
      this.#half.resolve();
      return false;
    }
    await send(second, this.attempts === 2 ? broken(second.dataSet) : inPieces(second.dataSet));
    return true;
  }
}

async function* inPieces(bytes: Uint8Array) {
  yield bytes;
}

async function* broken(bytes: Uint8Array) {
  yield bytes.subarray(0, bytes.length / 2);
  throw new Error('the node dies');
}

async function listening(server: Server, sockets: ReadonlySet<Socket>): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A DIMSE node: `answers` serves one retrieval; when it throws, the node breaks off. */
function dimseNode(answers: (association: Association, request: DimseMessage) => Promise<void>): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer(async (socket) => {
    sockets.add(socket);
    const accepted = await acceptAssociation(socket, LIMITS, OPEN).catch(() => undefined);
    if (accepted === undefined || !('association' in accepted)) return;
    const { association } = accepted;
    try {
      const request = await association.receive();
      if (request === null) return;
      for await (const _ of request.dataSet ?? []);
      await answers(association, request);
      await association.receive();
    } catch {
      association.abort();
    }
  });
  return listening(server, sockets);
}

function done(association: Association, { command, contextId }: DimseMessage): Promise<void> {
  return association.send(contextId, {
    commandField: command.commandField | 0x8000,
    messageIdBeingRespondedTo: command.messageId,
    affectedSopClassUid: command.affectedSopClassUid,
    status: 0,
    numberOfCompletedSuboperations: 2,
    numberOfFailedSuboperations: 0,
  });
}

const getNode = (study: RemoteStudy) =>
  dimseNode(async (association, request) => {
    const contextId = association.contexts.find(({ abstractSyntax }) => abstractSyntax === DX_PRESENTATION)?.id ?? 0;
    const all = await study.give(async ({ sopInstanceUid }, dataSet) => {
      expect((await store(association, { sopInstanceUid, dataSet, contextId })).status).toBe(0);
    });
    if (all) await done(association, request);
  });

const moveNode = (study: RemoteStudy, doorPort: number) =>
  dimseNode(async (association, request) => {
    expect(request.command.commandField).toBe(COMMAND.C_MOVE_RQ);
    const storing = await call({ port: doorPort, callingAeTitle: 'MOVER' });
    const all = await study.give(async ({ sopInstanceUid }, dataSet) => {
      expect((await store(storing, { sopInstanceUid, dataSet })).status).toBe(0);
    });
    if (all) await done(association, request);
  });

async function webNode(study: RemoteStudy): Promise<number> {
  const server = createHttpServer(async (_, response) => {
    response.writeHead(200, { 'content-type': 'multipart/related; type="application/dicom"; boundary=edge' });
    try {
      const all = await study.give(async ({ file, dataSet }, bytes) => {
        response.write('--edge\r\n\r\n');
        response.write(file.subarray(0, file.length - dataSet.length));
        for await (const piece of bytes) response.write(piece);
        await new Promise((written) => response.write('\r\n', written));
      });
      if (all) response.end('--edge--');
    } catch {
      response.destroy();
    }
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  return listening(server, sockets);
}

it('a study fetched by C-GET, C-MOVE and WADO-RS comes whole and once, whoever dies', { timeout: 90_000 }, async () => {
  const machine = await prepareMachine();
  const [got, moved, retrieved] = [new RemoteStudy(), new RemoteStudy(), new RemoteStudy()];
  const studies = { get: got, move: moved, web: retrieved };
  const dimse = { host: '127.0.0.1' };
  machine.settings.DICOM_NODES_FILE = await nodesFile([
    { name: 'get', dimse: { ...dimse, aeTitle: 'GETTER', port: await getNode(got) } },
    {
      name: 'move',
      dimse: { ...dimse, aeTitle: 'MOVER', port: await moveNode(moved, machine.port), retrieve: 'move' },
    },
    { name: 'web', dicomWeb: { url: `http://127.0.0.1:${await webNode(retrieved)}` } },
  ]);
  Object.assign(machine.settings, { DICOM_TRANSFER_CONCURRENCY: '3', DICOM_TRANSFER_RETRY_DELAY_SECONDS: '0' });
  {
    await using first = await startGatewayProcess(machine.settings);
    for (const [node, { studyInstanceUid }] of Object.entries(studies)) {
      await graphql(
        first.url,
        `mutation($node: String!, $study: DicomUID!) {
          retrieveStudy(input: { node: $node, studyInstanceUid: $study }) { created } }`,
        { node, study: studyInstanceUid },
      );
    }
    await Promise.all([got.isHalfThere, moved.isHalfThere, retrieved.isHalfThere]);
    await first.end('SIGKILL');
  }
  await using _second = await startGatewayProcess(machine.settings);
  const { dicomTransfer } = machine.prisma;
  while ((await dicomTransfer.count({ where: { state: { in: ['QUEUED', 'RUNNING'] } } })) > 0) await delay(50);
  const transfers = await dicomTransfer.findMany({ orderBy: { node: 'asc' } });
  expect(
    transfers.map(({ node, state, attempts, completed, failed }) => [node, state, attempts, completed, failed]),
  ).toEqual([
    ['get', 'DONE', 3, 2, 0],
    ['move', 'DONE', 3, 2, 0],
    ['web', 'DONE', 3, 2, 0],
  ]);
  await expectKeptAndReadOnce(
    machine,
    Object.values(studies).flatMap(({ films }) => films),
  );
});
