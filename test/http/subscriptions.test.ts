import { once } from 'node:events';
import { type Client, type ClientOptions, createClient } from 'graphql-ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { SUBSCRIBER_TOO_SLOW } from '../../src/http/graphql/websocket-transport.ts';
import { RawConnection, startServer } from './support.ts';

const endpoint = (url: string) => `${url.replace('http', 'ws')}/graphql`;

function client(url: string, options: Partial<ClientOptions> = {}): Client {
  const made = createClient({ url: endpoint(url), webSocketImpl: WebSocket, retryAttempts: 0, ...options });
  onTestFinished(async () => made.dispose());
  return made;
}

async function results(made: Client, query: string): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const result of made.iterate({ query })) found.push(result);
  return found;
}

async function socket(
  url: string,
  protocol = 'graphql-transport-ws',
  headers: Record<string, string> = {},
): Promise<WebSocket> {
  const made = new WebSocket(endpoint(url), protocol, { headers });
  onTestFinished(() => made.terminate());
  await once(made, 'open');
  return made;
}

/** Status and body of an upgrade that was not granted. */
async function refusal(url: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  const made = new WebSocket(endpoint(url), 'graphql-transport-ws', { headers });
  made.on('error', () => {});
  const [, response] = (await once(made, 'unexpected-response')) as [
    unknown,
    NodeJS.ReadableStream & { statusCode: number },
  ];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, body };
}

describe('GraphQL over WebSockets', () => {
  it('pushes the events of a subscription and answers queries', async () => {
    const { url } = await startServer();
    const made = client(url);
    expect(await results(made, 'subscription { count(to: 3) }')).toEqual(
      [1, 2, 3].map((count) => ({ data: { count } })),
    );
    expect(await results(made, '{ hello }')).toEqual([{ data: { hello: 'world' } }]);
  });

  it('ends a subscription at its source at once when the client leaves', async () => {
    const { url, gate } = await startServer();
    const made = client(url);
    const iteration = made.iterate({ query: 'subscription { quiet }' });
    const next = iteration.next();
    await gate.passed('quiet began');
    await iteration.return?.();
    await gate.passed('quiet ended');
    expect(await next).toMatchObject({ done: true });
  });

  it('ends a subscription at its source when the connection is lost', async () => {
    const { url, gate } = await startServer();
    const made = await socket(url);
    made.send('{"type":"connection_init"}');
    await once(made, 'message');
    made.send('{"type":"subscribe","id":"1","payload":{"query":"subscription { quiet }"}}');
    await gate.passed('quiet began');
    made.terminate();
    await gate.passed('quiet ended');
  });

  it.each([
    ['subscription {', { extensions: { code: 'GRAPHQL_PARSE_FAILED' } }],
    ['subscription { nope }', { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    [`subscription { ${'count '.repeat(200)} }`, { extensions: { code: 'GRAPHQL_PARSE_FAILED' } }],
    ['subscription { failing }', { extensions: { code: 'SUBSCRIBER_TOO_SLOW', retryable: true, lastCursor: 'abc' } }],
  ])('codes the error of %s', async (query, error) => {
    const { url } = await startServer({ GRAPHQL_MAX_TOKENS: '100' });
    await expect(results(client(url), query)).rejects.toMatchObject([error]);
  });

  it('masks what is unknown, in results and at the end of a subscription', async () => {
    const { url } = await startServer();
    const made = client(url);
    const seen: unknown[] = [];
    const failure = await (async () => {
      for await (const result of made.iterate({ query: 'subscription { crashing }' })) seen.push(result);
    })().catch((error: unknown) => error);
    expect(seen).toMatchObject([{ data: { crashing: null }, errors: [{ extensions: { code: 'INTERNAL' } }] }]);
    expect(failure).toMatchObject([{ extensions: { code: 'INTERNAL' } }]);
    expect(JSON.stringify([seen, failure])).not.toContain('secret');
  });

  it('refuses connections above the limit with 503, and pages of another origin with 403', async () => {
    const { url } = await startServer({ MAX_SUBSCRIPTIONS: '1' });
    expect(await refusal(url, { origin: 'https://elsewhere.example' })).toMatchObject({ status: 403 });
    const first = await socket(url, 'graphql-transport-ws', { origin: url });
    const refused = await refusal(url);
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'BUSY', retryable: true });
    first.close();
    await once(first, 'close');
  });

  it('refuses operations above the limit of a connection', async () => {
    const { url, gate } = await startServer({ GRAPHQL_MAX_SOCKET_OPERATIONS: '1' });
    const made = client(url);
    const quiet = made.iterate({ query: 'subscription { quiet }' });
    const next = quiet.next();
    await gate.passed('quiet began');
    await expect(results(made, '{ hello }')).rejects.toMatchObject([{ extensions: { code: 'BUSY' } }]);
    await quiet.return?.();
    await next;
  });

  it('closes what does not speak the protocol, sends too much at once, or is no JSON', async () => {
    const { url } = await startServer();
    const silent = await socket(url, 'graphql-ws').catch((error: Error) => error);
    expect(silent).toBeInstanceOf(Error);
    const large = await socket(url);
    large.send('x'.repeat(200_000));
    expect((await once(large, 'close'))[0]).toBe(1009);
    const malformed = await socket(url);
    malformed.send('{');
    expect((await once(malformed, 'close'))[0]).toBe(4400);
  });

  it('serves WebSockets at /graphql only, and takes an offer of h2c for the plain request it is', async () => {
    const { url, port } = await startServer();
    const elsewhere = new WebSocket(`${url.replace('http', 'ws')}/elsewhere`);
    elsewhere.on('error', () => {});
    const [, response] = await once(elsewhere, 'unexpected-response');
    expect(response.statusCode).toBe(404);
    const connection = await RawConnection.open(port);
    connection.socket.write(
      'GET /healthz HTTP/1.1\r\nHost: g\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n',
    );
    expect(await connection.until(/\}$/)).toMatch(/^HTTP\/1.1 200 /);
  });

  it('closes a peer that does not read, with a code that has its client come back', async () => {
    const { url, log } = await startServer({ SUBSCRIPTION_STALL_MS: '300' });
    const made = await socket(url);
    made.send('{"type":"connection_init"}');
    await once(made, 'message');
    made.send('{"type":"subscribe","id":"1","payload":{"query":"subscription { flood }"}}');
    await once(made, 'message');
    made.pause();
    await log.find('websocket.stalled');
    made.resume();
    expect((await once(made, 'close'))[0]).toBe(SUBSCRIBER_TOO_SLOW);
  });
});
