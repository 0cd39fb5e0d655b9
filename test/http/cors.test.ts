import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { loadConfig } from '../../src/config.ts';
import { startServer } from './support.ts';

const RIS = 'https://ris.example';

const preflight = (url: string, origin: string, path = '/graphql') =>
  fetch(url + path, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });

const ask = (url: string, origin: string) =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ hello }' }),
  });

/** Every header by which a browser lets a page of another origin do something. */
const granted = ({ headers }: Response) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));

async function connects(url: string, origin: string): Promise<boolean> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { origin });
  onTestFinished(() => socket.terminate());
  socket.on('error', () => {});
  return Promise.race([once(socket, 'open').then(() => true), once(socket, 'unexpected-response').then(() => false)]);
}

describe('pages of other origins', () => {
  it('get nothing by default', async () => {
    const { url } = await startServer();
    expect((await preflight(url, RIS)).status).toBe(404);
    expect(granted(await preflight(url, RIS))).toEqual([]);
    expect(granted(await ask(url, RIS))).toEqual([]);
    expect(await connects(url, RIS)).toBe(false);
    expect(await connects(url, url)).toBe(true);
  });

  it('get answers when their origin is in CORS_ORIGINS, without cookies', async () => {
    const { url } = await startServer({ CORS_ORIGINS: `${RIS}, http://localhost:5173` });
    const asked = await preflight(url, RIS);
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(RIS);
    expect(asked.headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST');
    expect(asked.headers.get('access-control-allow-headers')).toContain('authorization');
    const answered = await ask(url, RIS);
    expect(await answered.json()).toEqual({ data: { hello: 'world' } });
    expect(answered.headers.get('access-control-allow-origin')).toBe(RIS);
    expect(answered.headers.get('access-control-allow-credentials')).toBeNull();
    expect(answered.headers.get('vary')).toContain('Origin');
    expect(answered.headers.get('access-control-expose-headers')).toContain('retry-after');
    expect(await connects(url, RIS)).toBe(true);
    expect(await connects(url, 'http://localhost:5173')).toBe(true);
  });

  it('read refusals too', async () => {
    const { url } = await startServer({ CORS_ORIGINS: RIS });
    const refused = await fetch(`${url}/instances/x/preview.png`, { headers: { origin: RIS } });
    expect(refused.status).toBe(400);
    expect(refused.headers.get('access-control-allow-origin')).toBe(RIS);
  });

  it.each([
    'https://ris.example.evil',
    'https://evil.example',
    'http://ris.example',
    'https://ris.example:8443',
    'https://ris.exampl',
    'null',
    'HTTPS://RIS.EXAMPLE',
  ])('get nothing from %s', async (origin) => {
    const { url } = await startServer({ CORS_ORIGINS: RIS });
    for (const answer of [await preflight(url, origin), await ask(url, origin)]) {
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    }
    expect(await connects(url, origin)).toBe(false);
  });

  it.each([
    '*',
    'ris.example',
    'https://ris.example/',
    'https://ris.example/app',
    'https://*.example',
    'null',
    'file:///x',
  ])('CORS_ORIGINS takes no %s', (origin) => {
    expect(() => loadConfig({ CORS_ORIGINS: `${RIS},${origin}` }, {})).toThrow(`${origin} is no origin`);
  });
});
