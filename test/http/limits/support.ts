/** A server whose schema has depth, pages and events, asked over HTTP and over WebSocket. */
import { buildSchema, type GraphQLObjectType, type GraphQLSchema } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import { onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { ANONYMOUS, type Identity } from '../../../src/access/identity.ts';
import { unauthenticated } from '../../../src/access/unauthenticated.ts';
import type { Authentication } from '../../../src/http/authentication.ts';
import type { HttpServerOptions } from '../../../src/http/server.ts';
import { everybody, startServer, type TestServer } from '../support.ts';

/** Names whoever shows `Bearer <name>`, but for `wrong`; without a credential everybody is anonymous. */
export const byName: Authentication = {
  ...everybody,
  authenticator: {
    authenticate: async (credential): Promise<Identity> => {
      if (credential === undefined) return ANONYMOUS;
      if (credential === 'wrong') throw unauthenticated('INVALID');
      return { ...ANONYMOUS, subject: `oidc:test#${credential}`, kind: 'PERSON' };
    },
  },
};

function things(): GraphQLSchema {
  const schema = buildSchema(`
    type Query { hello: String thing(id: Int = 1): Thing things(first: Int): ThingConnection number(n: Int!): Int }
    type Thing { name: String thing: Thing }
    type ThingConnection { nodes: [Thing!]! }
    type Mutation { change: String }
    type Subscription { ticks: Int quiet: String }
  `);
  const fields = (schema.getSubscriptionType() as GraphQLObjectType).getFields();
  const { ticks, quiet } = fields;
  if (ticks !== undefined) {
    ticks.subscribe = async function* () {
      yield { ticks: 1 };
    };
  }
  if (quiet !== undefined) quiet.subscribe = () => endless();
  return schema;
}

/** Says `begun`, then nothing until it is ended. */
function endless(): AsyncGenerator<{ quiet: string }> {
  const ended = Promise.withResolvers<void>();
  let begun = false;
  const done = async () => {
    ended.resolve();
    return { done: true, value: undefined } as const;
  };
  return {
    next: async () => {
      if (!begun) {
        begun = true;
        return { done: false, value: { quiet: 'begun' } };
      }
      await ended.promise;
      return done();
    },
    return: done,
    throw: done,
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => void (await done()),
  };
}

/** Starts the server. */
export function startThings(
  settings: Record<string, string> = {},
  overrides: Partial<HttpServerOptions> = {},
): Promise<TestServer> {
  return startServer(settings, { schema: things(), authentication: byName, ...overrides });
}

/** An operation as a client sends it. */
export interface Operation {
  readonly query?: string;
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
  readonly extensions?: Record<string, unknown>;
}

/** What came back, the same for both transports. */
export interface Outcome {
  /** Code of the first error; undefined when there is none. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly extensions: Record<string, unknown>;
  readonly data: unknown;
}

/** Posts an operation. */
export async function post(url: string, operation: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    body: JSON.stringify(operation),
    headers: { 'content-type': 'application/json', ...headers },
  });
}

interface Body {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
}

function outcome({ data, errors }: Body): Outcome {
  const [error] = errors ?? [];
  return {
    code: error?.extensions?.code as string | undefined,
    message: error?.message,
    extensions: error?.extensions ?? {},
    data,
  };
}

/** A WebSocket client that ends with the test. */
export function socketClient(url: string, name?: string): Client {
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazy: false,
    onNonLazyError: () => {},
    ...(name === undefined ? {} : { connectionParams: { authorization: `Bearer ${name}` } }),
  });
  onTestFinished(async () => client.dispose());
  return client;
}

/** The first result of an operation on a connection; resolves also when it is refused. */
export function first(client: Client, operation: Operation): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    client.subscribe(
      { query: '', ...operation },
      {
        next: (result) => resolve(outcome(result as Body)),
        error: (error) =>
          Array.isArray(error) ? resolve(outcome({ errors: (error as Body['errors']) ?? [] })) : reject(error),
        complete: () => {},
      },
    );
  });
}

/** Both ways of asking. */
export const TRANSPORTS: readonly [string, (url: string, operation: Operation, name?: string) => Promise<Outcome>][] = [
  [
    'HTTP',
    async (url, operation, name) => {
      const headers: Record<string, string> = name === undefined ? {} : { authorization: `Bearer ${name}` };
      return outcome((await (await post(url, operation, headers)).json()) as Body);
    },
  ],
  ['WebSocket', (url, operation, name) => first(socketClient(url, name), operation)],
];
