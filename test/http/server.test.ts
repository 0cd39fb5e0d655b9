import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { createClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { GatewayError } from '../../src/errors.ts';
import { FIRST_QUERY, FIRST_SUBSCRIPTION } from '../../src/http/landing-page.ts';
import { toGlobalId } from '../../src/schema/global-id.ts';
import { multipart, RawConnection, startServer, stow, stowHead } from './support.ts';

describe('errors', () => {
  it('answers unknown addresses and methods in JSON', async () => {
    const { url } = await startServer();
    for (const [path, method] of [
      ['/nope', 'GET'],
      ['/dicomweb/studies', 'DELETE'],
      ['/nope', 'POST'],
    ] as const) {
      const response = await fetch(`${url}${path}`, { method });
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ code: 'NOT_FOUND', message: expect.any(String), retryable: false });
    }
  });

  it('masks unknown errors, and logs them without their text', async () => {
    const { url, log } = await startServer(
      {},
      {
        images: {
          preview: async () => {
            throw new TypeError('a secret of the inside');
          },
          heatMap: async () => {
            throw new GatewayError('BUSY', 'Too much at once.', { retryAfterSeconds: 3 });
          },
        },
      },
    );
    const masked = await fetch(`${url}/instances/1.2/preview.png`);
    expect(masked.status).toBe(500);
    expect(await masked.json()).toEqual({
      code: 'INTERNAL',
      message: expect.not.stringContaining('secret'),
      retryable: true,
    });
    expect(log.events.find(({ level }) => level === 'error')).toMatchObject({
      event: 'http.failed',
      fields: { requestId: masked.headers.get('x-request-id'), route: '/instances/:uid/preview.png' },
    });
    const busy = await fetch(`${url}/instances/1.2/heatmaps/Edema.png`);
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([503, '3']);
  });

  it.each([
    ['no HTTP', 'nonsense\r\n\r\n', 400],
    ['a bad escape in the address', 'GET /%zz HTTP/1.1\r\nHost: g\r\n\r\n', 400],
    ['headers over the limit', `GET / HTTP/1.1\r\nHost: g\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    [
      'two lengths',
      'POST /graphql HTTP/1.1\r\nHost: g\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
  ])('answers %s in JSON', async (_what, request, status) => {
    const { port } = await startServer();
    const connection = await RawConnection.open(port);
    connection.socket.write(request);
    expect(await connection.until(/\}$/)).toMatch(new RegExp(`^HTTP/1.1 ${status} [\\s\\S]*"code":"BAD_REQUEST"`));
  });

  it('answers 408 to headers that do not end', async () => {
    const { port } = await startServer({ HTTP_REQUEST_TIMEOUT_MS: '300' });
    const connection = await RawConnection.open(port);
    connection.socket.write('GET / HTTP/1.1\r\nHost: g\r\nX-Slow: ');
    expect(await connection.until(/\}$/)).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"UPLOAD_TIMEOUT"/);
    await connection.closed;
  });
});

describe('every answer', () => {
  it('has security headers and a request id, and no CORS', async () => {
    const { url } = await startServer();
    for (const path of ['/healthz', '/nope', '/instances/1.2/preview.png', '/graphql?query={hello}']) {
      const { headers } = await fetch(`${url}${path}`, { headers: { origin: 'https://elsewhere.example' } });
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'");
      expect(headers.get('referrer-policy'), path).toBe('no-referrer');
      expect(headers.get('x-request-id'), path).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get('access-control-allow-origin'), path).toBeNull();
      expect(headers.get('x-powered-by'), path).toBeNull();
    }
  });

  it('is logged once with the template of its route, never with a UID', async () => {
    const { url, log } = await startServer();
    await (await fetch(`${url}/instances/1.2.840.99/preview.png?modelVersion=x`)).arrayBuffer();
    await (await fetch(`${url}/nope/1.2.840.99`)).arrayBuffer();
    await log.find('http.request');
    await expect
      .poll(() => log.events.filter(({ event }) => event === 'http.request'))
      .toMatchObject([
        {
          fields: {
            method: 'GET',
            route: '/instances/:uid/preview.png',
            status: 200,
            milliseconds: expect.any(Number),
          },
        },
        { fields: { method: 'GET', route: 'unmatched', status: 404 } },
      ]);
    expect(JSON.stringify(log.events)).not.toContain('1.2.840.99');
  });
});

describe('landing page', () => {
  it('loads nothing and escapes the host it was asked at', async () => {
    const { url, port } = await startServer();
    const response = await fetch(`${url}/`);
    const html = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'.*style-src 'sha256-/);
    expect(html).toContain(`curl ${url}/graphql`);
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(/);
    const connection = await RawConnection.open(port);
    connection.socket.write('GET / HTTP/1.1\r\nHost: <b>\r\nConnection: close\r\n\r\n');
    await connection.closed;
    expect(connection.received).not.toContain('curl http://<b>');
  });
});

it('the landing page shows operations that the schema has', () => {
  const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
  const operations = [FIRST_QUERY, FIRST_SUBSCRIPTION, '{ modelVersions { nodes { name version state digest } } }'];
  for (const operation of operations) expect(validate(schema, parse(operation)), operation).toEqual([]);
});

describe('images', () => {
  it('answers a PNG that a browser may keep but must ask about', async () => {
    const { url } = await startServer();
    const response = await fetch(`${url}/instances/1.2/preview.png`);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('cache-control')).toBe('private, no-cache');
    expect(await response.text()).toBe('png');
    const etag = response.headers.get('etag') ?? '';
    const again = await fetch(`${url}/instances/1.2/preview.png`, { headers: { 'if-none-match': `"x", W/${etag}` } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it('gives film, label and model version to the renderer', async () => {
    const { url } = await startServer();
    const text = async (path: string) => (await fetch(`${url}${path}`)).text();
    expect(await text('/instances/1.2/heatmaps/Pleural_Thickening.png')).toBe('1.2|Pleural_Thickening|');
    // By UUID, as in the addresses that findings have, or by the global id of the API.
    const id = '01a20ef7-f450-7378-9518-157e33dad66c';
    for (const name of [id, toGlobalId('ModelVersion', id)]) {
      const path = `/instances/1.2/heatmaps/No%20Finding.png?modelVersion=${name}`;
      expect(await text(path)).toBe(`1.2|No Finding|${id}`);
    }
  });

  it.each([
    '/instances/1.02/preview.png',
    '/instances/..%2f..%2fetc/preview.png',
    '/instances/1.2/heatmaps/%3Cb%3E.png',
    '/instances/1.2/heatmaps/Edema.png?modelVersion=a&modelVersion=b',
    "/instances/1.2/heatmaps/Edema.png?modelVersion='",
    '/instances/1.2/heatmaps/Edema.png?modelVersion=abc-1',
  ])('refuses %s', async (path) => {
    const { url } = await startServer();
    const response = await fetch(`${url}${path}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'BAD_REQUEST' });
  });
});

describe('health', () => {
  it('tells life, readiness and metrics', async () => {
    const { url } = await startServer();
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'alive' });
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({
      status: 'ready',
      checks: [
        { name: 'database', ok: true, detail: 'answers' },
        { name: 'http', ok: true, detail: 'Requests are accepted.' },
      ],
    });
    const metrics = await fetch(`${url}/metrics`);
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await metrics.text()).toBe('up 1\n');
  });

  it.each([
    ['a check fails', async () => [{ name: 'database', ok: false, detail: 'no answer' }]],
    ['the checks fail', async () => Promise.reject(new Error('a secret of the inside'))],
    ['the checks hang', () => new Promise<never>(() => {})],
  ])('is not ready when %s', async (_what, readiness) => {
    const { url } = await startServer({}, { readiness });
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('secret');
  });
});

describe('drain', () => {
  it('lets running uploads and queries end, refuses new ones, tells subscribers, then closes', async () => {
    const { url, port, server, ingest, gate, log } = await startServer();
    // A subscriber, an upload in the middle of a film, a running query and an idle connection.
    const subscriber = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    const told = subscriber
      .iterate({ query: 'subscription { quiet }' })
      .next()
      .catch((error: unknown) => error);
    await gate.passed('quiet began');
    const upload = await RawConnection.open(port);
    const film = '--edge\r\n\r\nok 1.1';
    const end = '\r\n--edge--';
    upload.socket.write(`${stowHead(`Content-Length: ${film.length + end.length}`)}${film}`);
    await ingest.gate.passed('receiving ok 1.1');
    const query = fetch(`${url}/graphql`, {
      method: 'POST',
      body: '{"query":"{ held }"}',
      headers: { 'content-type': 'application/json' },
    });
    await gate.passed('query began');
    const kept = await RawConnection.open(port);
    kept.socket.write('GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n');
    await kept.until(/\}$/);

    const drained = server.drain();
    await log.find('http.draining');
    expect(await told).toMatchObject({ code: 1001 });
    await gate.passed('quiet ended');
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    gate.open('release query');
    const answered = await query;
    expect(await answered.json()).toEqual({ data: { held: 'released' } });
    expect(answered.headers.get('connection')).toBe('close');
    upload.socket.write(end);
    expect(await upload.until(/\}$/)).toMatch(/^HTTP\/1.1 200 [\s\S]*connection: close/i);
    await drained;
    await Promise.all([kept.closed, upload.closed]);
    expect(log.events.some(({ event }) => event === 'http.drain-timeout')).toBe(false);
    expect(ingest.stored).toEqual(['1.1']);
  });

  it('refuses a request that was half sent when the drain began', async () => {
    const { port, server, ingest, log } = await startServer();
    const connection = await RawConnection.open(port);
    connection.socket.write('GET /healthz HTTP/1.1\r\nHost: g\r\n\r\nPOST /dicomweb/studies HTTP/1.1\r\nHost: g\r\n');
    await connection.until(/"alive"\}$/);
    const drained = server.drain();
    await log.find('http.draining');
    connection.socket.write('Content-Length: 0\r\n\r\n');
    await drained;
    await connection.closed;
    expect(connection.received).toMatch(/\}HTTP\/1.1 503 [\s\S]*"code":"SHUTTING_DOWN"/);
    expect(connection.received).toMatch(/503 [\s\S]*retry-after: 5\r\n/);
    expect(connection.received).toMatch(/503 [\s\S]*connection: close\r\n/i);
    expect(ingest.sources).toEqual([]);
  });

  it('cuts what is open at the deadline', async () => {
    const { port, server, ingest, log } = await startServer({ SHUTDOWN_TIMEOUT_MS: '1000' });
    const upload = await RawConnection.open(port);
    upload.socket.write(`${stowHead()}--edge\r\n\r\nok 1.1`);
    await ingest.gate.passed('receiving ok 1.1');
    await server.drain();
    await upload.closed;
    expect(log.events.some(({ event }) => event === 'http.drain-timeout')).toBe(true);
    expect(ingest.stored).toEqual([]);
  });

  it('ends at once when nothing runs, and a second time', async () => {
    const { url, server } = await startServer();
    await (await stow(url, multipart(['ok 1.1']))).text();
    await server.drain();
    await server.drain();
  });
});

describe('connections', () => {
  it('drops those above the limit', async () => {
    const { port } = await startServer({ HTTP_MAX_CONNECTIONS: '1' });
    const first = await RawConnection.open(port);
    first.socket.write('GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n');
    await first.until(/\}$/);
    const second = await RawConnection.open(port);
    await second.closed;
    first.socket.end();
    await once(first.socket, 'close');
  });
});
