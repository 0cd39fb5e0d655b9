/** Whoever is not let in is recorded, by every door, without what was shown and without a record for each attempt. */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { makeApiKeySecret } from '../../src/access/api-key-secret.ts';
import { createApiKey, OPERATOR } from '../../src/access/api-keys.ts';
import { RefusedCredentials } from '../../src/access/refused-credentials.ts';
import { silentLog } from '../../src/log.ts';
import type { AuditActor, AuditEntry } from '../../src/store/audit/audit-entry.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type OidcIssuer, startOidcIssuer } from '../support/oidc-issuer.ts';
import { BY_TEST } from '../support/records.ts';

let provider: OidcIssuer;
let gateway: TestApp;

beforeAll(async () => {
  provider = await startOidcIssuer();
  const settings = { ...provider.settings, ROLE: 'api', AUTH_FAILURES_PER_MINUTE: '0' };
  gateway = await startTestApp(settings, { insecureNoAuth: false });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

const denials = () =>
  gateway.app.store.prisma.auditRecord.findMany({ where: { outcome: 'DENIED' }, orderBy: { position: 'asc' } });

async function refusedByWebSocket(url: string, credential: string): Promise<number> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: credential } }));
  const [code] = (await once(socket, 'close')) as [number];
  return code;
}

describe('at the doors', () => {
  it('a caller who is known and may not have de-identified films is recorded', async () => {
    const request = { name: 'x', roles: ['TECHNOLOGIST'], issuers: ['*'], studies: [] } as const;
    const more = { deidentifiedOnly: false, expiresInDays: 1 };
    const { secret } = await createApiKey(gateway.app.store.apiKeys, { ...request, ...more }, OPERATOR, BY_TEST);
    const headers = { 'x-api-key': secret };
    for (const [method, path] of [
      ['GET', '/deidentified/instances/2.25.1'],
      ['GET', '/deidentified/instances/2.25.1/preview.png'],
      ['HEAD', '/deidentified/instances/2.25.1/preview.png'],
    ] as const) {
      expect((await fetch(gateway.url + path, { method, headers })).status).toBe(403);
    }
    await gateway.app.store.audit.seal();
    expect((await denials()).map(({ operation, action, errorCode }) => [operation, action, errorCode])).toEqual([
      ['GET /deidentified/instances/:uid', 'READ', 'FORBIDDEN'],
      ['GET /deidentified/instances/:uid/preview.png', 'READ', 'FORBIDDEN'],
      ['HEAD /deidentified/instances/:uid/preview.png', 'READ', 'FORBIDDEN'],
    ]);
  });

  it('credentials that let nobody in are two records a minute and address, over HTTP and WebSocket', async () => {
    const secret = makeApiKeySecret();
    const other = await gateway.another();
    const before = (await denials()).length;
    for (const path of ['/graphql?query={__typename}', '/instances/1.2/preview.png', '/nothing']) {
      const headers = { authorization: `Bearer ${secret}` };
      expect((await fetch(other.url + path, { headers })).status).toBe(401);
    }
    expect((await fetch(`${other.url}/dicomweb/studies`, { method: 'POST' })).status).toBe(401);
    expect(await refusedByWebSocket(other.url, `Bearer ${secret}`)).toBe(4401);
    expect(await refusedByWebSocket(other.url, 'Basic abc')).toBe(4401);
    await other.app[Symbol.asyncDispose]();
    const rows = (await denials()).slice(before);
    const who = { subject: 'anonymous', identityKind: 'ANONYMOUS', sourceAddress: '127.0.0.1', roles: [] };
    const refusal = { ...who, operation: 'GET /graphql', action: 'EXECUTE', errorCode: 'UNAUTHENTICATED' };
    expect(rows).toMatchObject([refusal, refusal]);
    expect(rows.map(({ details }) => JSON.parse(details ?? ''))).toEqual([
      { count: 1, credentials: ['INVALID'] },
      { count: 5, credentials: ['INVALID', 'MISSING'] },
    ]);
    expect(JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? String(value) : value))).not.toContain(
      secret.slice(4, 20),
    );
  });

  it('WebSockets alone are recorded too', async () => {
    const other = await gateway.another();
    const before = (await denials()).length;
    expect(await refusedByWebSocket(other.url, makeApiKeySecret())).toBe(4401);
    await other.app[Symbol.asyncDispose]();
    expect((await denials()).slice(before)).toMatchObject([{ operation: 'WebSocket /graphql', subject: 'anonymous' }]);
  });
});

describe('from many addresses', () => {
  it('records stay few, and none is forgotten in the count', async () => {
    const recorded: (AuditActor & { readonly entry: AuditEntry })[] = [];
    const audit = {
      enabled: true,
      record: async (actor: AuditActor, [entry]: readonly AuditEntry[]) => {
        if (entry) recorded.push({ ...actor, entry });
      },
    };
    const refused = new RefusedCredentials(audit, silentLog);
    const attempts = 3000;
    for (let index = 0; index < attempts; index += 1) {
      const address = `10.0.${index >> 8}.${index & 255}`;
      refused.note({ address, requestId: 'r', operation: 'GET /graphql', problem: 'INVALID' });
    }
    await refused.close();
    expect(recorded.length).toBeLessThanOrEqual(202);
    expect(recorded.reduce((sum, { entry }) => sum + Number(entry.details?.count), 0)).toBe(attempts);
    expect(recorded.filter(({ sourceAddress }) => sourceAddress === null)).toHaveLength(2);
  });
});
