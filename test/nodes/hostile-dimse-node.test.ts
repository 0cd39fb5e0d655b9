/** A DIMSE node that means no good, or is broken: what it says is bounded, checked and never believed. */
import { createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { acceptAssociation } from '../../src/dicom/network/acceptor.ts';
import type { Association, AssociationLimits, DimseMessage } from '../../src/dicom/network/association.ts';
import { COMMAND, type CommandSet } from '../../src/dicom/network/command-set.ts';
import { encodeIdentifier } from '../../src/dicom/network/query/identifier.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../../src/dicom/transfer-syntaxes.ts';
import type { NodeClient } from '../../src/nodes/node-client.ts';
import { preferredClient } from '../../src/nodes/node-clients.ts';
import { clientOptions, dimseNode } from '../support/nodes.ts';
import { settlements } from './films.ts';

const DX = '1.2.840.10008.5.1.4.1.1.1.1';
const LIMITS: AssociationLimits = {
  maxPduBytes: 65_536,
  maxDataSetBytes: 64 * 1024 * 1024,
  artimMs: 2000,
  idleTimeoutMs: 5000,
  messageTimeoutMs: 20_000,
};

/** For nodes that are busy: they share their thread with the client. */
const PATIENT = { DIMSE_IDLE_TIMEOUT_MS: '30000' };

type Behaviour = (association: Association, request: DimseMessage) => Promise<void>;

/** Starts a node that accepts everything and then behaves as told; returns a client of it. */
async function nodeThat(behaves: Behaviour, settings: Record<string, string> = {}): Promise<NodeClient> {
  const sockets = new Set<Socket>();
  const server = createServer(async (socket) => {
    sockets.add(socket);
    const accepted = await acceptAssociation(socket, LIMITS, {
      judge: () => undefined,
      judgeContext: ({ transferSyntaxes }, role) => ({
        transferSyntax: transferSyntaxes[0] ?? EXPLICIT_VR_LITTLE_ENDIAN,
        ...(role === undefined ? {} : { role }),
      }),
    });
    if (!('association' in accepted)) return;
    const { association } = accepted;
    try {
      const request = await association.receive();
      if (request !== null) {
        if (request.dataSet !== null) for await (const _ of request.dataSet);
        await behaves(association, request);
      }
    } catch {
      association.abort(); // the client has had enough
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const options = clientOptions({ DIMSE_IDLE_TIMEOUT_MS: '1000', DIMSE_ARTIM_MS: '1000', ...settings });
  return preferredClient(dimseNode('hostile', { aeTitle: 'HOSTILE', port: address.port }), options);
}

const answerTo = ({ command }: DimseMessage, commandField: number, more: Partial<CommandSet> = {}): CommandSet => ({
  commandField,
  messageIdBeingRespondedTo: command.messageId,
  affectedSopClassUid: command.affectedSopClassUid,
  ...more,
});

const study = (uid: string) => encodeIdentifier({ '0020000d': ['UI', uid], '00100020': ['LO', 'P1'] }, true);

describe('a search', () => {
  it('ends although the node answers without end', async () => {
    let sent = 0;
    const client = await nodeThat(async (association, request) => {
      for (;;) {
        sent += 1;
        const pending = answerTo(request, COMMAND.C_FIND_RSP, { status: 0xff00 });
        await association.send(request.contextId, pending, study(`1.2.${sent}`));
      }
    }, PATIENT);
    await expect(client.findStudies({ patientId: 'P1' }, 10)).rejects.toMatchObject({
      code: 'DICOM_NODE_FAILED',
      message: expect.stringContaining('C-CANCEL'),
    });
    // What the sockets hold counts as well.
    expect(sent).toBeLessThan(200_000);
  });

  it('ends although the node answers what was not asked for, without end', async () => {
    const client = await nodeThat(async (association, request) => {
      for (let sent = 1; ; sent += 1) {
        const pending = answerTo(request, COMMAND.C_FIND_RSP, { status: 0xff00 });
        await association.send(request.contextId, pending, study(`1.2.${sent}`));
      }
    }, PATIENT);
    await expect(client.findStudies({ patientId: 'SOMEBODY ELSE' }, 10)).rejects.toMatchObject({
      code: 'DICOM_NODE_FAILED',
    });
  });

  it.each<[string, Behaviour]>([
    [
      'an identifier of 32 MiB',
      async (association, request) =>
        association.send(
          request.contextId,
          answerTo(request, COMMAND.C_FIND_RSP, { status: 0xff00 }),
          Buffer.alloc(32 * 1024 * 1024),
        ),
    ],
    [
      'an identifier that is none',
      async (association, request) =>
        association.send(
          request.contextId,
          answerTo(request, COMMAND.C_FIND_RSP, { status: 0xff00 }),
          Buffer.from('<html>no DICOM at all</html>'),
        ),
    ],
    [
      'the answer to another request',
      async (association, request) =>
        association.send(
          request.contextId,
          answerTo(request, COMMAND.C_FIND_RSP, { status: 0, messageIdBeingRespondedTo: 99 }),
        ),
    ],
    [
      'an answer of another service',
      async (association, request) =>
        association.send(request.contextId, answerTo(request, COMMAND.C_ECHO_RSP, { status: 0 })),
    ],
    [
      'an answer without status',
      async (association, request) => association.send(request.contextId, answerTo(request, COMMAND.C_FIND_RSP)),
    ],
    [
      'a request of its own',
      async (association, request) =>
        association.send(request.contextId, { commandField: COMMAND.C_ECHO_RQ, messageId: 1 }),
    ],
    ['silence', () => new Promise(() => {})],
    ['a release', async (association) => association.release()],
    ['an abort', async (association) => association.abort()],
    [
      'that it is out of resources',
      async (association, request) =>
        association.send(request.contextId, answerTo(request, COMMAND.C_FIND_RSP, { status: 0xa700 })),
    ],
  ])('fails when the node answers with %s', async (_, behaves) => {
    const client = await nodeThat(behaves);
    await expect(client.findStudies({ patientId: 'P1' }, 10)).rejects.toMatchObject({ code: 'DICOM_NODE_FAILED' });
  });

  it('is refused for good when the node says so, and tells nothing of what the node wrote', async () => {
    const client = await nodeThat(async (association, request) =>
      association.send(
        request.contextId,
        answerTo(request, COMMAND.C_FIND_RSP, { status: 0xa900, errorComment: 'no MUSTER^ERIKA here' }),
      ),
    );
    const error = await client.findStudies({ patientId: 'P1' }, 10).catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ code: 'DICOM_NODE_REFUSED', message: expect.stringContaining('A900') });
    expect((error as Error).message).not.toContain('MUSTER');
  });

  it('ends when it is no longer wanted', async () => {
    const asked = Promise.withResolvers<void>();
    const client = await nodeThat(async () => asked.resolve());
    const cancel = new AbortController();
    const search = client.findStudies({ patientId: 'P1' }, 10, cancel.signal);
    await asked.promise;
    cancel.abort();
    await expect(search).rejects.toBeDefined();
  });
});

/** Sends a film as a sub-operation, receives the answer, and reports its status. */
async function subOperation(
  association: Association,
  { sopClass = DX, uid = '1.2.3.4', context = DX }: { sopClass?: string; uid?: string; context?: string },
  dataSet: Uint8Array | null = Buffer.alloc(64),
): Promise<number | undefined> {
  const id = association.contexts.find((one) => one.abstractSyntax === context)?.id ?? 0;
  const command = {
    commandField: COMMAND.C_STORE_RQ,
    messageId: 7,
    priority: 0,
    affectedSopClassUid: sopClass,
    affectedSopInstanceUid: uid,
  };
  await association.send(id, command, dataSet ?? undefined);
  return (await association.receive())?.command.status;
}

describe('a retrieval by C-GET', () => {
  it('refuses films under UIDs that are none, of classes that were not agreed on, and without data set', async () => {
    const statuses: (number | undefined)[] = [];
    const client = await nodeThat(async (association, request) => {
      statuses.push(await subOperation(association, { uid: '../../../etc/passwd' }));
      statuses.push(await subOperation(association, { uid: '' }));
      statuses.push(await subOperation(association, { sopClass: '1.2.840.10008.5.1.4.1.1.2' }));
      statuses.push(await subOperation(association, { context: request.command.affectedSopClassUid ?? '' }));
      statuses.push(await subOperation(association, {}, null));
      statuses.push(await subOperation(association, {}));
      await association.send(
        request.contextId,
        answerTo(request, COMMAND.C_GET_RSP, { status: 0xb000, numberOfFailedSuboperations: 5 }),
      );
      await association.receive();
    });
    const received: (string | undefined)[] = [];
    const { told, listener } = settlements();
    await client.fetchStudy(
      '1.2.3',
      async ({ bytes, sopInstanceUid }) => {
        received.push(sopInstanceUid);
        for await (const _ of bytes);
      },
      listener,
    );
    expect(received.filter((uid) => uid !== '1.2.3.4')).toEqual([]);
    expect(statuses.slice(0, 4)).toEqual([0xa900, 0xa900, 0x0122, 0x0122]);
    expect(statuses.at(-1)).toBe(0);
    expect(told.filter(([, code]) => code === undefined)).toHaveLength(received.length);
  });

  it('ends with a film that is longer than any film', async () => {
    const client = await nodeThat(
      async (association, request) => {
        await subOperation(association, {}, Buffer.alloc(2 * 1024 * 1024));
        await association.send(request.contextId, answerTo(request, COMMAND.C_GET_RSP, { status: 0 }));
        await association.receive();
      },
      { DICOM_MAX_FILE_BYTES: '1500000' },
    );
    const { told, listener } = settlements();
    let bytesTaken = 0;
    await client.fetchStudy(
      '1.2.3',
      async ({ bytes }) => {
        for await (const chunk of bytes) bytesTaken += chunk.length;
      },
      listener,
    );
    expect(told).toEqual([['1.2.3.4', 'PAYLOAD_TOO_LARGE']]);
    expect(bytesTaken).toBeLessThan(1_600_000);
  });

  it('is no failure of the film when the association breaks off within it', async () => {
    const client = await nodeThat(async (association) => {
      async function* broken() {
        yield Buffer.alloc(100_000);
        throw new Error('the node crashes');
      }
      const id = association.contexts.find((one) => one.abstractSyntax === DX)?.id ?? 0;
      await association.send(
        id,
        { commandField: COMMAND.C_STORE_RQ, messageId: 7, affectedSopClassUid: DX, affectedSopInstanceUid: '1.2.3.4' },
        broken(),
      );
    });
    const { told, listener } = settlements();
    const fetched = client.fetchStudy(
      '1.2.3',
      async ({ bytes }) => {
        for await (const _ of bytes);
      },
      listener,
    );
    await expect(fetched).rejects.toMatchObject({ code: 'DICOM_NODE_FAILED' });
    expect(told).toEqual([]);
  });

  it('counts what the node could not send', async () => {
    const client = await nodeThat(async (association, request) => {
      await subOperation(association, {});
      await association.send(
        request.contextId,
        answerTo(request, COMMAND.C_GET_RSP, { status: 0xb000, numberOfFailedSuboperations: 2 }),
      );
      await association.receive();
    });
    const { told, listener } = settlements();
    await client.fetchStudy(
      '1.2.3',
      async ({ bytes }) => {
        for await (const _ of bytes);
      },
      listener,
    );
    expect(told.map(([, code]) => code)).toEqual([undefined, 'DICOM_NODE_REFUSED', 'DICOM_NODE_REFUSED']);
  });
});
