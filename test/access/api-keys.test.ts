import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isApiKeySecret, makeApiKeySecret } from '../../src/access/api-key-secret.ts';
import { type ApiKeyRequest, createApiKey, OPERATOR, revokeApiKey, rotateApiKey } from '../../src/access/api-keys.ts';
import { CredentialAuthenticator } from '../../src/access/credential-authenticator.ts';
import { silentLog } from '../../src/log.ts';
import { systemActor } from '../../src/store/audit/audit-entry.ts';
import type { Store } from '../../src/store/store.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

let opened: TestStore;
let store: Store;
let authenticator: CredentialAuthenticator;

const BY = { ...systemActor('test'), subject: 'command-line:tester' };

const REQUEST: ApiKeyRequest = {
  name: 'RIS',
  roles: ['INTEGRATION', 'INTEGRATION'],
  issuers: ['HOSPITAL_A'],
  studies: ['1.2.3'],
  deidentifiedOnly: false,
  expiresInDays: 90,
};

const create = (request: Partial<ApiKeyRequest> = {}, granter = OPERATOR) =>
  createApiKey(store.apiKeys, { ...REQUEST, ...request }, granter, BY);

const authenticatorOf = ({ apiKeys, identityRevocations, listener }: Store) =>
  new CredentialAuthenticator({
    ...{ issuers: [], keys: apiKeys, revocations: identityRevocations, listener, log: silentLog },
    insecureNoAuth: false,
  });

beforeAll(async () => {
  opened = await openTestStore();
  store = opened.store;
  authenticator = authenticatorOf(store);
});
afterAll(async () => {
  await authenticator[Symbol.asyncDispose]();
  await opened[Symbol.asyncDispose]();
});

const INVALID = { code: 'UNAUTHENTICATED', details: { credential: 'INVALID' } };
const EXPIRED = { code: 'UNAUTHENTICATED', details: { credential: 'EXPIRED' } };

/** Resolves once other processes have been told. */
async function told(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = store.listener.on('cxr_identities', resolve);
  await store.prisma.$executeRaw`SELECT pg_notify('cxr_identities', '')`;
  await promise;
  stop();
}

describe('the secret', () => {
  it('has a prefix, 256 random bits and a checksum that finds what was mistyped', () => {
    const secret = makeApiKeySecret();
    expect(secret).toMatch(/^cxr_[\w-]{49}$/);
    expect(isApiKeySecret(secret)).toBe(true);
    expect(makeApiKeySecret()).not.toBe(secret);
    for (let at = 0; at < secret.length; at += 1) {
      const other = secret[at] === 'x' ? 'y' : 'x';
      expect(isApiKeySecret(secret.slice(0, at) + other + secret.slice(at + 1)), `${at}`).toBe(false);
    }
  });

  it('is stored as its hash alone', async () => {
    const { secret, apiKey } = await create();
    const rows = await store.prisma.$queryRaw<unknown[]>`SELECT * FROM "ApiKey" WHERE id = ${apiKey.id}::uuid`;
    expect(JSON.stringify(rows)).not.toContain(secret.slice(4, 40));
    expect(JSON.stringify(await store.apiKeys.list(true))).not.toMatch(/[0-9a-f]{64}/);
  });
});

describe('a key', () => {
  it('proves what it was made for', async () => {
    const { secret, apiKey } = await create({ deidentifiedOnly: true });
    expect(await authenticator.authenticate(secret)).toEqual({
      subject: `api-key:${apiKey.id}`,
      kind: 'API_KEY',
      displayName: 'RIS',
      roles: ['INTEGRATION'],
      issuers: ['HOSPITAL_A'],
      studies: ['1.2.3'],
      deidentifiedOnly: true,
      issuedAt: apiKey.createdAt,
      expiresAt: apiKey.expiresAt,
      apiKeyId: apiKey.id,
    });
    expect(apiKey).toMatchObject({ createdBy: 'command-line:tester', lastUsedAt: null, revokedAt: null });
  });

  it('sees all issuers by *', async () => {
    const { secret } = await create({ issuers: ['A', '*'] });
    expect((await authenticator.authenticate(secret)).issuers).toBe('ALL');
  });

  it('is refused when nobody made it', async () => {
    await expect(authenticator.authenticate(makeApiKeySecret())).rejects.toMatchObject(INVALID);
    await expect(authenticator.authenticate('cxr_nonsense')).rejects.toMatchObject(INVALID);
  });

  it('is refused once it is expired', async () => {
    const { secret, apiKey } = await create();
    await store.prisma.apiKey.update({ where: { id: apiKey.id }, data: { expiresAt: new Date(Date.now() - 1) } });
    await expect(authenticator.authenticate(secret)).rejects.toMatchObject(EXPIRED);
  });

  it('is refused at once when it is revoked, whatever was remembered, also by another process', async () => {
    const { secret, apiKey } = await create();
    await authenticator.authenticate(secret);
    const another = await opened.another();
    const elsewhere = authenticatorOf(another);
    await elsewhere.authenticate(secret);
    await revokeApiKey(another.apiKeys, apiKey.id, 'lost', BY);
    await told();
    await expect(authenticator.authenticate(secret)).rejects.toMatchObject(INVALID);
    const again = await revokeApiKey(store.apiKeys, apiKey.id, 'again', { ...BY, subject: 'somebody else' });
    expect(again.revokedBy).toBe('command-line:tester');
    await elsewhere[Symbol.asyncDispose]();
  });

  it('is rotated: both are accepted for a while, then the new one alone', async () => {
    const old = await create();
    const rotation = { graceHours: 1, expiresInDays: undefined };
    const { secret, apiKey } = await rotateApiKey(store.apiKeys, old.apiKey.id, rotation, OPERATOR, BY);
    await told();
    expect((await authenticator.authenticate(old.secret)).expiresAt?.getTime()).toBeLessThan(Date.now() + 3_601_000);
    expect(await authenticator.authenticate(secret)).toMatchObject({ roles: ['INTEGRATION'], issuers: ['HOSPITAL_A'] });
    expect(apiKey.expiresAt.getTime()).toBeGreaterThan(Date.now() + 89 * 86_400_000);
    await expect(rotateApiKey(store.apiKeys, old.apiKey.id, rotation, OPERATOR, BY)).rejects.toMatchObject({
      code: 'INVALID_STATE',
    });
    const next = await rotateApiKey(store.apiKeys, apiKey.id, { graceHours: 0, expiresInDays: 1 }, OPERATOR, BY);
    await told();
    await expect(authenticator.authenticate(secret)).rejects.toMatchObject(EXPIRED);
    await authenticator.authenticate(next.secret);
  });

  it('does not live longer by being rotated', async () => {
    const { apiKey } = await create({ expiresInDays: 0.01 });
    const rotation = { graceHours: 24, expiresInDays: undefined };
    await rotateApiKey(store.apiKeys, apiKey.id, rotation, OPERATOR, BY);
    expect((await store.apiKeys.byId(apiKey.id)).expiresAt).toEqual(apiKey.expiresAt);
  });

  it('cannot be rotated by two at once', async () => {
    const { apiKey } = await create();
    const rotation = { graceHours: 1, expiresInDays: undefined };
    const results = await Promise.allSettled(
      Array.from({ length: 4 }, () => rotateApiKey(store.apiKeys, apiKey.id, rotation, OPERATOR, BY)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('notes when it was last used, to the minute and without a write for each request', async () => {
    const { secret, apiKey } = await create();
    const busy = authenticatorOf(store);
    for (let request = 0; request < 20; request += 1) await busy.authenticate(secret);
    await busy[Symbol.asyncDispose]();
    const { lastUsedAt } = await store.apiKeys.byId(apiKey.id);
    expect(lastUsedAt?.getTime()).toBeGreaterThan(Date.now() - 120_000);
    expect((lastUsedAt?.getTime() ?? 1) % 60_000).toBe(0);
  });

  it.each<[string, Partial<ApiKeyRequest>, string]>([
    ['without a role', { roles: [] }, 'BAD_REQUEST'],
    ['without a name', { name: '  ' }, 'BAD_REQUEST'],
    ['for ever', { expiresInDays: 401 }, 'BAD_REQUEST'],
    ['for no time', { expiresInDays: 0 }, 'BAD_REQUEST'],
    ['with a study that has no UID', { studies: ['x'] }, 'BAD_REQUEST'],
    ['with an issuer without a name', { issuers: [''] }, 'BAD_REQUEST'],
  ])('is not made %s', async (_what, request, code) => {
    await expect(create(request)).rejects.toMatchObject({ code });
  });

  it('cannot be granted more than its maker is', async () => {
    const granter = { issuers: ['HOSPITAL_A'], studies: ['1.2.3'] };
    await create({}, granter);
    const beyond = [{ issuers: ['HOSPITAL_B'] }, { issuers: ['*'] }, { studies: ['1.2.4'] }];
    for (const request of beyond) await expect(create(request, granter)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const { apiKey } = await create({ issuers: ['*'] });
    const rotation = { graceHours: 1, expiresInDays: undefined };
    await expect(rotateApiKey(store.apiKeys, apiKey.id, rotation, granter, BY)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('is missing under other ids', async () => {
    for (const id of ['nonsense', '01890000-0000-7000-8000-000000000000']) {
      await expect(revokeApiKey(store.apiKeys, id, 'x', BY)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  it('leaves a record of everything that is done to it, without its secret', async () => {
    const { apiKey, secret } = await create();
    await rotateApiKey(store.apiKeys, apiKey.id, { graceHours: 0, expiresInDays: undefined }, OPERATOR, BY);
    await revokeApiKey(store.apiKeys, apiKey.id, 'no longer needed', BY);
    const records = await store.prisma.auditRecord.findMany({
      where: { details: { contains: apiKey.id } },
      orderBy: { id: 'asc' },
    });
    expect(records.map(({ action, details }) => [action, JSON.parse(details ?? '{}').change])).toEqual([
      ['CREATE', 'created'],
      ['CREATE', 'created'],
      ['UPDATE', 'rotated'],
      ['UPDATE', 'revoked'],
    ]);
    expect(JSON.stringify(records.map(({ details }) => details))).not.toContain(secret.slice(4, 40));
    expect(records.at(-1)).toMatchObject({ subject: 'command-line:tester' });
  });
});
