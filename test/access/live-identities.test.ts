import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { createApiKey, OPERATOR, revokeApiKey } from '../../src/access/api-keys.ts';
import { ANONYMOUS, type Identity } from '../../src/access/identity.ts';
import { LiveIdentities, type LiveIdentitiesOptions } from '../../src/access/live-identities.ts';
import { silentLog } from '../../src/log.ts';
import { systemActor } from '../../src/store/audit/audit-entry.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

let opened: TestStore;

beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened[Symbol.asyncDispose]());

function watchOf(overrides: Partial<LiveIdentitiesOptions> = {}): LiveIdentities {
  const { apiKeys: keys, identityRevocations: revocations, listener } = opened.store;
  const watch = new LiveIdentities({ keys, revocations, listener, clockSkewMs: () => 0, log: silentLog, ...overrides });
  onTestFinished(() => watch[Symbol.asyncDispose]());
  return watch;
}

const person = (subject: string, issuedAt: Date, expiresAt: Date | null = null): Identity => ({
  ...ANONYMOUS,
  ...{ subject, kind: 'PERSON', issuedAt, expiresAt },
});

const ended = (watch: LiveIdentities, identity: Identity) => new Promise<string>((end) => watch.onEnd(identity, end));

it('ends the identities of a key that is revoked, each of its watchers once', async () => {
  const watch = watchOf();
  const request = { name: 'x', roles: ['ADMIN' as const], issuers: [], studies: [], deidentifiedOnly: false };
  const by = systemActor('test');
  const { apiKey } = await createApiKey(opened.store.apiKeys, { ...request, expiresInDays: 1 }, OPERATOR, by);
  const { id, createdAt, expiresAt } = apiKey;
  const identity: Identity = {
    ...person(`api-key:${id}`, createdAt, expiresAt),
    ...{ kind: 'API_KEY', apiKeyId: id },
  };
  const ends = [ended(watch, identity), ended(watch, identity)];
  expect(await watch.confirm(identity)).toBe('VALID');
  await revokeApiKey(opened.store.apiKeys, id, 'x', by);
  expect(await Promise.all(ends)).toEqual(['REVOKED', 'REVOKED']);
  expect(watch.state(identity)).toBe('REVOKED');
});

it('ends tokens that were issued before a revocation, and leaves later ones', async () => {
  const watch = watchOf();
  const now = Date.now();
  const [before, after] = [person('oidc:i#p', new Date(now - 5000)), person('oidc:i#p', new Date(now + 5000))];
  const other = person('oidc:i#q', new Date(now - 5000));
  const end = ended(watch, before);
  for (const identity of [after, other]) watch.onEnd(identity, () => expect.unreachable());
  await opened.store.identityRevocations.revoke('oidc:i#p', 'x', systemActor('test'));
  expect(await end).toBe('REVOKED');
  expect([await watch.confirm(after), await watch.confirm(other)]).toEqual(['VALID', 'VALID']);
});

it('takes a token for older when the clock of its issuer may be ahead', async () => {
  const watch = watchOf({ clockSkewMs: () => 10_000 });
  const identity = person('oidc:i#ahead', new Date(Date.now() + 5000));
  const end = ended(watch, identity);
  await opened.store.identityRevocations.revoke('oidc:i#ahead', 'x', systemActor('test'));
  expect(await end).toBe('REVOKED');
});

it('tells the moment of expiry, the earliest first', async () => {
  const watch = watchOf();
  const now = Date.now();
  const order: string[] = [];
  const ends = [300, 100, 200].map(async (milliseconds) => {
    const identity = person(`oidc:i#${milliseconds}`, new Date(now), new Date(now + milliseconds));
    expect(await ended(watch, identity)).toBe('EXPIRED');
    order.push(identity.subject);
    expect(Date.now() - now).toBeGreaterThanOrEqual(milliseconds);
  });
  await Promise.all(ends);
  expect(order).toEqual(['oidc:i#100', 'oidc:i#200', 'oidc:i#300']);
});

it('does not confirm what it cannot look up', async () => {
  const lost = { latest: () => Promise.reject(new Error('away')) };
  const revocations = lost as unknown as LiveIdentitiesOptions['revocations'];
  const watch = watchOf({ revocations });
  const identity = person('oidc:i#lost', new Date());
  watch.onEnd(identity, () => expect.unreachable());
  await expect(watch.confirm(identity)).rejects.toThrow('away');
});

it('never ends who has no credential that could', async () => {
  const watch = watchOf();
  watch.onEnd(ANONYMOUS, () => expect.unreachable());
  expect(await watch.confirm(ANONYMOUS)).toBe('VALID');
});

it('stops watching', async () => {
  const watch = watchOf();
  const identity = person('oidc:i#left', new Date(0));
  const stop = watch.onEnd(identity, () => expect.unreachable());
  await watch.confirm(identity);
  stop();
  await opened.store.identityRevocations.revoke('oidc:i#left', 'x', systemActor('test'));
  const another = person('oidc:i#left', new Date(1));
  expect(await ended(watch, another)).toBe('REVOKED');
});
