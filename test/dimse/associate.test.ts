/** When the place of an association is taken and given back. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type AssociateOptions, associate } from '../../src/dimse/associate.ts';
import type { NegotiationOptions } from '../../src/dimse/negotiation.ts';
import { RecordingLog } from '../http/support.ts';
import { associateRequest, MemoryIngest, raw } from './support.ts';

/** What happens when TESTSCU asks for an association, in its order. */
async function asking(more: (happened: string[], socket: Socket) => Partial<NegotiationOptions>) {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const { port } = server.address() as { port: number };
  const peer = await raw(port);
  const [socket] = await connected;
  onTestFinished(() => void socket.destroy());
  const happened: string[] = [];
  const options: AssociateOptions = {
    ingest: new MemoryIngest(),
    commitments: undefined as never,
    answerTimeoutMs: 1000,
    limits: { maxPduBytes: 16_384, maxDataSetBytes: 1000, artimMs: 1000, idleTimeoutMs: 1000, messageTimeoutMs: 1000 },
    negotiation: {
      aeTitle: 'CXRGATEWAY',
      knownCallers: new Map(),
      acceptUnknownCallers: true,
      hasRoom: () => true,
      ...more(happened, socket),
    },
    nodes: [],
    log: new RecordingLog(),
    onAssociation: (outcome) => happened.push(outcome),
  };
  const place = { take: () => happened.push('taken'), giveBack: () => happened.push('given back') };
  peer.socket.write(associateRequest());
  const session = await associate(socket, '127.0.0.1', place, options);
  session?.association.abort();
  return { happened, isServed: session !== undefined };
}

test('the place is taken in the step that found room, before any other request can be judged', async () => {
  const { happened, isServed } = await asking((events) => ({
    hasRoom: () => {
      queueMicrotask(() => events.push('next step'));
      return true;
    },
  }));
  expect(happened).toEqual(['taken', 'next step', 'accepted']);
  expect(isServed).toBe(true);
});

test('whoever is rejected takes no place', async () => {
  const { happened, isServed } = await asking(() => ({ hasRoom: () => false }));
  expect(happened).toEqual(['rejected']);
  expect(isServed).toBe(false);
});

test('the place is given back when the peer goes before it is answered', async () => {
  const { happened, isServed } = await asking((_events, socket) => ({
    hasRoom: () => {
      socket.destroy();
      return true;
    },
  }));
  expect(happened).toEqual(['taken', 'failed', 'given back']);
  expect(isServed).toBe(false);
});
