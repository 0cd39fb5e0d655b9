import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { anonymousCaller, type Caller } from '../../../src/access/caller.ts';
import { loadConfig } from '../../../src/config.ts';
import { addressKey, IdentityLimits } from '../../../src/http/identity-limits.ts';
import { multipart, stow } from '../support.ts';
import { first, post, socketClient, startThings, TRANSPORTS } from './support.ts';

const bearer = (name: string) => ({ authorization: `Bearer ${name}` });
const HELLO = { query: '{ hello }' };

describe.each(TRANSPORTS)('over %s', (_transport, ask) => {
  it('RATE_LIMIT_REQUESTS_PER_MINUTE counts each identity by itself', async () => {
    const { url } = await startThings({ RATE_LIMIT_REQUESTS_PER_MINUTE: '3' });
    for (let request = 0; request < 3; request += 1) {
      expect(await ask(url, HELLO, 'anna')).toMatchObject({ data: { hello: null } });
    }
    const { code, extensions } = await ask(url, HELLO, 'anna');
    expect(code).toBe('RATE_LIMITED');
    expect(extensions).toMatchObject({ retryable: true });
    expect(await ask(url, HELLO, 'bert')).toMatchObject({ data: { hello: null } });
  });

  it('RATE_LIMIT_COST_PER_MINUTE counts what operations cost', async () => {
    const { url } = await startThings({ RATE_LIMIT_COST_PER_MINUTE: '210' });
    const page = { query: '{ things(first: 100) { nodes { name } } }' };
    expect(await ask(url, page, 'anna')).toMatchObject({ code: undefined });
    expect(await ask(url, page, 'anna')).toMatchObject({ code: undefined });
    expect(await ask(url, page, 'anna')).toMatchObject({ code: 'RATE_LIMITED' });
    expect(await ask(url, page, 'bert')).toMatchObject({ code: undefined });
  });
});

describe('over HTTP', () => {
  it('says what is left, and when to come back', async () => {
    const { url } = await startThings({ RATE_LIMIT_REQUESTS_PER_MINUTE: '2' });
    const answered = await post(url, HELLO, bearer('anna'));
    expect(answered.headers.get('ratelimit-policy')).toBe('"requests";q=2;w=60');
    expect(answered.headers.get('ratelimit')).toMatch(/^"requests";r=1;t=(60|59)$/);
    await post(url, HELLO, bearer('anna'));
    for (const refused of [
      await post(url, HELLO, bearer('anna')),
      await stow(url, multipart(['ok 1.1']), bearer('anna')),
      await fetch(`${url}/instances/1.2/preview.png`, { headers: bearer('anna') }),
      await fetch(`${url}/nothing`, { headers: bearer('anna') }),
    ]) {
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
      expect(await refused.text()).toContain('"RATE_LIMITED"');
    }
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('a cost beyond the limit is 429 with Retry-After', async () => {
    const { url } = await startThings({ RATE_LIMIT_COST_PER_MINUTE: '10' });
    const refused = await post(url, { query: '{ things { nodes { name } } }' });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
  });

  it('RATE_LIMIT_BYTES_PER_MINUTE counts bodies as they arrive, at every door', async () => {
    const { url, ingest } = await startThings({ RATE_LIMIT_BYTES_PER_MINUTE: '10000' });
    const small = await stow(url, multipart([`ok 1.1 ${'x'.repeat(5000)}`]), bearer('anna'));
    expect(small.status).toBe(200);
    const large = await stow(url, multipart([`ok 1.2 ${'x'.repeat(5000)}`]), bearer('anna'));
    expect(large.status).toBe(429);
    expect(Number(large.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(ingest.stored).toEqual(['1.1']);
    expect((await post(url, HELLO, bearer('anna'))).status).toBe(429);
    expect((await stow(url, multipart(['ok 1.3']), bearer('bert'))).status).toBe(200);
  });

  it('AUTH_FAILURES_PER_MINUTE puts an address off, whatever it shows next', async () => {
    const { url } = await startThings({ AUTH_FAILURES_PER_MINUTE: '3' });
    expect((await post(url, HELLO)).status).toBe(200);
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await post(url, HELLO, bearer('wrong'))).status).toBe(401);
    for (const name of ['wrong', 'anna']) {
      const refused = await post(url, HELLO, bearer(name));
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    }
    expect(await closeOf(url, 'anna')).toBe(4429);
  });
});

/** Close code of a connection that is opened with this name. */
async function closeOf(url: string, name: string): Promise<number> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: bearer(name) }));
  const [code] = (await once(socket, 'close')) as [number];
  return code;
}

/** An open, acknowledged connection. */
async function connected(url: string, name: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: bearer(name) }));
  await once(socket, 'message');
  return socket;
}

describe('over WebSocket', () => {
  it('failed authentications count as over HTTP', async () => {
    const { url } = await startThings({ AUTH_FAILURES_PER_MINUTE: '2' });
    expect(await closeOf(url, 'wrong')).toBe(4401);
    expect(await closeOf(url, 'wrong')).toBe(4401);
    expect(await closeOf(url, 'wrong')).toBe(4429);
    expect((await post(url, HELLO, bearer('anna'))).status).toBe(429);
  });

  it('MAX_CONNECTIONS_PER_IDENTITY closes one more with 4429, until one has ended', async () => {
    const { url, log } = await startThings({ MAX_CONNECTIONS_PER_IDENTITY: '2' });
    const held = await connected(url, 'anna');
    await connected(url, 'anna');
    expect(await closeOf(url, 'anna')).toBe(4429);
    await connected(url, 'bert');
    const before = log.events.filter(({ event }) => event === 'websocket.closed').length;
    held.close();
    await log.until(() => log.events.filter(({ event }) => event === 'websocket.closed').length > before);
    await connected(url, 'anna');
  });

  it('MAX_SUBSCRIPTIONS_PER_IDENTITY refuses one more, over all its connections, until one has ended', async () => {
    const { url } = await startThings({ MAX_SUBSCRIPTIONS_PER_IDENTITY: '2' });
    const one = socketClient(url, 'anna');
    const two = socketClient(url, 'anna');
    const quiet = one.iterate({ query: 'subscription { quiet }' });
    expect(await quiet.next()).toMatchObject({ value: { data: { quiet: 'begun' } } });
    expect(await first(two, { query: 'subscription { quiet }' })).toMatchObject({ data: { quiet: 'begun' } });
    expect(await first(two, { query: 'subscription { quiet }' })).toMatchObject({ code: 'RATE_LIMITED' });
    expect(await first(two, HELLO)).toMatchObject({ data: { hello: null } });
    expect(await first(socketClient(url, 'bert'), { query: 'subscription { quiet }' })).toMatchObject({
      code: undefined,
    });
    await quiet.return?.();
    // The query is answered after the end of the subscription before it on the same connection has been dealt with.
    await first(one, HELLO);
    expect(await first(two, { query: 'subscription { quiet }' })).toMatchObject({ data: { quiet: 'begun' } });
  });

  it('a subscription that ended by itself, or never began, counts no more', async () => {
    const { url } = await startThings({ MAX_SUBSCRIPTIONS_PER_IDENTITY: '1' });
    const client = socketClient(url, 'anna');
    for (let round = 0; round < 5; round += 1) {
      for await (const result of client.iterate({ query: 'subscription { ticks }' })) {
        expect(result).toEqual({ data: { ticks: 1 } });
      }
    }
    const lost = await connected(url, 'anna');
    lost.send('{"type":"subscribe","id":"1","payload":{"query":"subscription { quiet }"}}');
    await once(lost, 'message');
    expect(await first(client, { query: 'subscription { quiet }' })).toMatchObject({ code: 'RATE_LIMITED' });
  });
});

describe('the keys', () => {
  const caller = (subject: string): Caller => {
    const { identity, ...rest } = anonymousCaller('r', '10.0.0.1');
    return { ...rest, identity: { ...identity, subject, kind: 'PERSON' } };
  };

  it('are bounded: beyond it the oldest is forgotten', async () => {
    const { identityLimits } = loadConfig({ RATE_LIMIT_REQUESTS_PER_MINUTE: '1' }, {});
    const limits = new IdentityLimits(identityLimits, 3);
    for (const name of ['a', 'b', 'c']) await limits.request(caller(name));
    await expect(limits.request(caller('a'))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await limits.request(caller('d'));
    await expect(limits.request(caller('b'))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await limits.request(caller('a'));
  });

  it('of anonymous callers are their addresses', async () => {
    const { identityLimits } = loadConfig({ RATE_LIMIT_REQUESTS_PER_MINUTE: '1' }, {});
    const limits = new IdentityLimits(identityLimits);
    await limits.request(anonymousCaller('r', '10.0.0.1'));
    await limits.request(anonymousCaller('r', '10.0.0.2'));
    await expect(limits.request(anonymousCaller('r', '::ffff:10.0.0.1'))).rejects.toThrow(
      'RATE_LIMIT_REQUESTS_PER_MINUTE (1)',
    );
  });

  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:0001:2::6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    [null, 'none'],
  ])('of %s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  it('are not counted where the limit is 0', async () => {
    const { identityLimits } = loadConfig({ RATE_LIMIT_REQUESTS_PER_MINUTE: '0', AUTH_FAILURES_PER_MINUTE: '0' }, {});
    const limits = new IdentityLimits(identityLimits);
    for (let request = 0; request < 100; request += 1) {
      expect(await limits.request(caller('a'))).toBeUndefined();
      await limits.authenticationFailed('10.0.0.1');
    }
    await limits.mayAuthenticate('10.0.0.1');
  });
});
