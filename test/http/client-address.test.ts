import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { clientAddress, proxiesOf } from '../../src/http/client-address.ts';
import { post, startThings } from './limits/support.ts';

const from = (remoteAddress: string, forwarded?: string) =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;

describe('the address of a client', () => {
  const isProxy = proxiesOf(['10.0.0.0/8', '192.168.1.1', 'fd00::/8']);

  it.each([
    ['203.0.113.9', undefined, '203.0.113.9'],
    ['203.0.113.9', '198.51.100.1', '203.0.113.9'], // says so itself
    ['10.1.2.3', '198.51.100.1', '198.51.100.1'],
    ['::ffff:10.1.2.3', '198.51.100.1', '198.51.100.1'],
    ['10.1.2.3', '1.1.1.1, 198.51.100.1', '198.51.100.1'], // the first is the client's own
    ['10.1.2.3', '1.1.1.1, 198.51.100.1, 10.9.9.9', '198.51.100.1'],
    ['192.168.1.1', '2001:db8::1', '2001:db8::1'],
    ['fd00::1', '198.51.100.1', '198.51.100.1'],
    ['10.1.2.3', 'unknown', '10.1.2.3'],
    ['10.1.2.3', undefined, '10.1.2.3'],
    ['192.168.1.2', '198.51.100.1', '192.168.1.2'],
  ])('%s with X-Forwarded-For %s is %s', (remote, forwarded, expected) => {
    expect(clientAddress(from(remote, forwarded), isProxy)).toBe(expected);
  });

  it.each(['nowhere', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0', '::/129', '10.0.0.0/x'])(
    'TRUSTED_PROXIES takes no %s',
    (network) => {
      expect(() => loadConfig({ TRUSTED_PROXIES: network }, {})).toThrow(`${network} is neither`);
    },
  );

  it('is believed of proxies alone when failures are counted', async () => {
    const failing = (url: string, forwarded: string) =>
      post(url, { query: '{ hello }' }, { authorization: 'Bearer wrong', 'x-forwarded-for': forwarded });
    const open = await startThings({ AUTH_FAILURES_PER_MINUTE: '1' });
    expect((await failing(open.url, '198.51.100.1')).status).toBe(401);
    expect((await failing(open.url, '198.51.100.2')).status).toBe(429);
    const behind = await startThings({ AUTH_FAILURES_PER_MINUTE: '1', TRUSTED_PROXIES: '127.0.0.1' });
    expect((await failing(behind.url, '198.51.100.1')).status).toBe(401);
    expect((await failing(behind.url, '198.51.100.2')).status).toBe(401);
    expect((await failing(behind.url, '9.9.9.9, 198.51.100.1')).status).toBe(429);
    expect((await failing(behind.url, '203.0.113.1:1001')).status).toBe(401);
    expect((await failing(behind.url, '203.0.113.1:1002')).status).toBe(429);
  });
});
