/** The last look at what leaves by WebSocket: identities that end around the recording of an event. */
import { once } from 'node:events';
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import type { IdentityState } from '../../src/access/identity-watch.ts';
import type { GatewayContext } from '../../src/resolvers/context.ts';
import type { Store } from '../../src/store/store.ts';
import { testPseudonyms } from '../support/pseudonyms.ts';
import { everybody, Gate, startServer } from './support.ts';

/** One event that shows a patient, when the gate `event` is open. */
function schemaOf(gate: Gate): GraphQLSchema {
  const text = { type: GraphQLString };
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { hello: text } }),
    subscription: new GraphQLObjectType<unknown, GatewayContext>({
      name: 'Subscription',
      fields: {
        patient: {
          ...text,
          subscribe: async function* () {
            gate.open('subscribed');
            await gate.passed('event');
            yield 'a name';
          },
          resolve: (name, _arguments, { disclosures }) => {
            disclosures?.note({ patientId: 'p' });
            return name;
          },
        },
      },
    }),
  });
}

/** Subscribes on a gateway whose identities are in `state` and whose audit calls `recorded`; gives what came in the end. */
async function subscribe(state: () => IdentityState, recorded: () => void) {
  const gate = new Gate();
  const store = {
    reads: () => ({ prisma: {} }),
    audit: { enabled: true, record: async () => recorded() },
  } as unknown as Store;
  const none = {} as never;
  const { url } = await startServer(
    {},
    {
      schema: schemaOf(gate),
      authentication: { ...everybody, watch: { ...everybody.watch, state, confirm: async () => state() } },
      services: {
        ...{ ingest: none, changes: none, nodes: none, models: none, reports: none },
        pseudonyms: testPseudonyms(),
        store,
      },
    },
  );
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  onTestFinished(() => socket.terminate());
  const received: string[] = [];
  socket.on('message', (message) => received.push(String(message)));
  const closed = once(socket, 'close');
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.send('{"type":"subscribe","id":"1","payload":{"query":"subscription { patient }"}}');
  await gate.passed('subscribed');
  return { gate, socket, received, closed };
}

test('an event is recorded, then sent', async () => {
  let records = 0;
  const { gate, socket, received } = await subscribe(
    () => 'VALID',
    () => {
      records += 1;
    },
  );
  gate.open('event');
  await once(socket, 'message');
  expect(received[1]).toContain('a name'); // after connection_ack
  expect(records).toBe(1);
});

test('of an identity that has ended nothing is recorded, and nothing is sent to it', async () => {
  let state: IdentityState = 'VALID';
  let records = 0;
  const { gate, received, closed } = await subscribe(
    () => state,
    () => {
      records += 1;
    },
  );
  state = 'REVOKED';
  gate.open('event');
  expect((await closed)[0]).toBe(4403);
  expect(received.join()).not.toContain('a name');
  expect(records).toBe(0);
});

test('an identity that ends while an event is recorded does not get it', async () => {
  let state: IdentityState = 'VALID';
  const { gate, socket, received, closed } = await subscribe(
    () => state,
    () => {
      state = 'REVOKED';
    },
  );
  gate.open('event');
  await Promise.race([closed, once(socket, 'message')]);
  expect(received.join()).not.toContain('a name');
  expect((await closed)[0]).toBe(4403);
});
