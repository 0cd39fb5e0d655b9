import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { createApiKey, OPERATOR } from '../../src/access/api-keys.ts';
import { loadConfig } from '../../src/config.ts';
import { systemActor } from '../../src/store/audit/audit-entry.ts';
import type { AccessRole } from '../../src/store/generated/enums.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { makeProviderKey, type OidcIssuer, startOidcIssuer } from '../support/oidc-issuer.ts';
import { RawConnection } from './support.ts';

let provider: OidcIssuer;
let gateway: TestApp;
/** Another process on the same database. */
let elsewhere: Awaited<ReturnType<TestApp['another']>>;

beforeAll(async () => {
  provider = await startOidcIssuer();
  gateway = await startTestApp(
    { ...provider.settings, ROLE: 'api', AUTH_FAILURES_PER_MINUTE: '0' },
    { insecureNoAuth: false },
  );
  elsewhere = await gateway.another();
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

const ADMIN = { claims: { sub: 'boss', realm_access: { roles: ['boss'] } } };

async function apiKey(roles: readonly AccessRole[] = ['INTEGRATION']): Promise<{ id: string; secret: string }> {
  const request = { name: 'RIS', roles, issuers: ['*'], studies: [], deidentifiedOnly: false, expiresInDays: 1 };
  const { apiKey, secret } = await createApiKey(gateway.app.store.apiKeys, request, OPERATOR, systemActor('test'));
  return { id: apiKey.id, secret };
}

function ask(query: string, headers: Record<string, string> = {}, url = gateway.url): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
}

const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });

async function mutate(query: string, url = gateway.url): Promise<unknown> {
  const response = await ask(query, bearer(await provider.token(ADMIN)), url);
  const { data, errors } = (await response.json()) as { data?: unknown; errors?: unknown };
  expect(errors).toBeUndefined();
  return data;
}

describe('over HTTP', () => {
  it.each(['/', '/healthz', '/readyz', '/metrics'])('%s answers everybody', async (path) => {
    expect((await fetch(gateway.url + path)).status).not.toBe(401);
  });

  it.each([
    ['POST', '/graphql'],
    ['GET', '/graphql?query={__typename}'],
    ['POST', '/dicomweb/studies'],
    ['GET', '/instances/1.2.3/preview.png'],
    ['GET', '/instances/1.2.3/heatmaps/Effusion.png'],
    ['GET', '/nothing'],
    ['GET', '/healthz/x'],
    ['PUT', '/metrics'],
  ])('%s %s wants a credential', async (method, path) => {
    const response = await fetch(gateway.url + path, { method });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="cxr-gateway"');
    expect(await response.text()).toContain('UNAUTHENTICATED');
  });

  it('lets in whoever shows a token or a key, in either header', async () => {
    const { secret } = await apiKey();
    const token = await provider.token();
    for (const headers of [
      bearer(token),
      bearer(secret),
      { 'x-api-key': secret },
      { authorization: `bearer  ${token}` },
    ]) {
      expect(await (await ask('{ __typename }', headers)).json()).toEqual({ data: { __typename: 'Query' } });
    }
  });

  it.each<[string, () => Promise<string>, string]>([
    ['expired', () => provider.token({ issuedIn: -60, expiresIn: -1 }), 'The token has expired'],
    ['forged', async () => provider.token({ key: await makeProviderKey('first') }), 'The token is not valid'],
    ['another audience', () => provider.token({ claims: { aud: 'x' } }), 'The token is not valid'],
    ['another issuer', () => provider.token({ claims: { iss: 'https://x.example' } }), 'The token is not valid'],
    ['nonsense', async () => 'nonsense', 'The token is not valid'],
    ['unknown key', async () => 'cxr_unknown', 'The token is not valid'],
  ])('refuses a token that is %s, and tells no more', async (_what, make, description) => {
    const response = await ask('{ __typename }', bearer(await make()));
    expect(response.status).toBe(401);
    const challenge = `Bearer realm="cxr-gateway", error="invalid_token", error_description="${description}"`;
    expect(response.headers.get('www-authenticate')).toBe(challenge);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  it('refuses other schemes, and two credentials at once', async () => {
    expect((await ask('{ __typename }', { authorization: 'Basic eDp5' })).status).toBe(401);
    const { secret } = await apiKey();
    const both = { ...bearer(await provider.token()), 'x-api-key': secret };
    expect((await ask('{ __typename }', both)).status).toBe(400);
  });

  it('knows a token without a mapped role, and allows it nothing', async () => {
    const token = await provider.token({ claims: { realm_access: { roles: ['gardener'] } } });
    const response = await ask('{ modelVersions { nodes { id } } }', bearer(token));
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  });

  it('takes the purpose of use from a closed list', async () => {
    const token = bearer(await provider.token());
    expect((await ask('{ __typename }', { ...token, 'purpose-of-use': 'ETREAT' })).status).toBe(200);
    expect((await ask('{ __typename }', { ...token, 'purpose-of-use': 'CURIOSITY' })).status).toBe(400);
  });

  it('answers before it reads a body that nobody vouches for', async () => {
    const connection = await RawConnection.open(Number(new URL(gateway.url).port));
    connection.socket.write(
      'POST /dicomweb/studies HTTP/1.1\r\nHost: g\r\nContent-Type: application/dicom\r\nContent-Length: 100000000\r\n\r\n',
    );
    expect(await connection.until(/\}/)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('answers 503 while the provider is away, and goes on with API keys', async () => {
    const own = await startOidcIssuer();
    onTestFinished(() => own[Symbol.asyncDispose]());
    const lonely = await gateway.another(own.settings as Record<string, string>);
    const token = await own.token();
    own.intercept = (request) => {
      request.socket.destroy();
      return true;
    };
    const response = await ask('{ __typename }', bearer(token), lonely.url);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).not.toBeNull();
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'IDENTITY_PROVIDER_UNAVAILABLE', retryable: true } }],
    });
    const { secret } = await apiKey();
    expect((await ask('{ __typename }', bearer(secret), lonely.url)).status).toBe(200);
  });

  it('refuses everywhere what was revoked anywhere', async () => {
    const { id, secret } = await apiKey();
    const token = await provider.token({ claims: { sub: 'dr-gone' } });
    for (const credential of [secret, token]) {
      expect((await ask('{ __typename }', bearer(credential), elsewhere.url)).status).toBe(200);
    }
    await mutate(`mutation { revokeApiKey(id: "${id}", reason: "lost") { apiKey { state revokedBy } } }`);
    await mutate(
      `mutation { revokeIdentity(subject: "oidc:${provider.issuer}#dr-gone", reason: "left") { revokedAt } }`,
    );
    const refused = async (credential: string) => {
      while ((await ask('{ __typename }', bearer(credential), elsewhere.url)).status === 200);
    };
    const began = performance.now();
    await Promise.all([refused(secret), refused(token)]);
    expect(performance.now() - began).toBeLessThan(1000);
    const later = await provider.token({ claims: { sub: 'dr-gone' }, issuedIn: 1 });
    expect((await ask('{ __typename }', bearer(later))).status).toBe(401); // in the future yet
  });
});

describe('the API of keys', () => {
  it('makes, lists, rotates and revokes keys', async () => {
    const created = (await mutate(
      'mutation { createApiKey(input: { name: "PACS", roles: [INTEGRATION], issuers: ["*"] }) { secret apiKey { id state createdBy } } }',
    )) as { createApiKey: { secret: string; apiKey: { id: string } } };
    const { secret, apiKey: made } = created.createApiKey;
    expect(made).toMatchObject({ state: 'ACCEPTED', createdBy: `oidc:${provider.issuer}#boss` });
    expect((await ask('{ __typename }', bearer(secret))).status).toBe(200);
    await mutate(`mutation { rotateApiKey(input: { id: "${made.id}" }) { secret apiKey { id state } } }`);
    const { apiKeys } = (await mutate('{ apiKeys { id name state lastUsedAt } }')) as { apiKeys: object[] };
    expect(apiKeys).toContainEqual(expect.objectContaining({ id: made.id, name: 'PACS', state: 'REPLACED' }));
    await mutate(`mutation { revokeIdentity(subject: "api-key:${made.id}", reason: "test") { revokedAt } }`);
    const { apiKeys: all } = (await mutate('{ apiKeys(ended: true) { id state } }')) as { apiKeys: object[] };
    expect(all).toContainEqual({ id: made.id, state: 'REVOKED' });
  });

  it('is for administrators', async () => {
    const { secret } = await apiKey(['CLINICIAN', 'TECHNOLOGIST', 'INTEGRATION', 'AUDITOR']);
    for (const query of [
      '{ apiKeys { id } }',
      'mutation { createApiKey(input: { name: "x", roles: [ADMIN] }) { secret } }',
      'mutation { revokeIdentity(subject: "oidc:x#y", reason: "x") { subject } }',
    ]) {
      const answer = await (await ask(query, bearer(secret))).json();
      expect(answer).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    }
  });

  it('revokes no DICOM nodes', async () => {
    const response = await ask(
      'mutation { revokeIdentity(subject: "dicom:CT1", reason: "x") { subject } }',
      bearer(await provider.token(ADMIN)),
    );
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });
});

interface Live {
  readonly socket: WebSocket;
  readonly messages: { readonly type: string; readonly at: number }[];
  readonly closed: Promise<{ readonly code: number; readonly at: number }>;
}

/** A WebSocket on which nothing was said yet. */
async function open(headers: Record<string, string> = {}, url = gateway.url): Promise<Live> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
  onTestFinished(() => socket.terminate());
  const messages: { type: string; at: number }[] = [];
  socket.on('message', (data) => messages.push({ ...JSON.parse(String(data)), at: performance.now() }));
  const closed = once(socket, 'close').then(([code]) => ({ code: code as number, at: performance.now() }));
  await once(socket, 'open');
  return { socket, messages, closed };
}

const say = ({ socket }: Live, message: object) => socket.send(JSON.stringify(message));

/** Resolves with the acknowledgement, or how it was refused. */
async function init(live: Live, payload?: object): Promise<string | number> {
  say(live, { type: 'connection_init', ...(payload === undefined ? {} : { payload }) });
  const acknowledged = once(live.socket, 'message').then(() => live.messages[0]?.type ?? '');
  return Promise.race([acknowledged, live.closed.then(({ code }) => code)]);
}

let models = 0;

/** Something that subscribers are told. */
async function somethingHappens(): Promise<void> {
  models += 1;
  const digest = models.toString(16).padStart(64, '0');
  const model = { name: 'net', version: `${models}`, digest, precision: 'FP32', manifest: {}, metrics: {} } as const;
  await gateway.app.store.modelVersions.register(model, systemActor('test'));
}

/** Has something happen again and again until the test ends. */
function keepHappening(): { stop(): Promise<void> } {
  let over = false;
  const running = (async () => {
    while (!over) {
      await somethingHappens();
      await delay(5); // as fast as it can it would leave no processor to whoever is measured
    }
  })();
  const stop = async () => {
    over = true;
    await running;
  };
  onTestFinished(stop);
  return { stop };
}

const SUBSCRIBE = {
  type: 'subscribe',
  id: '1',
  payload: { query: 'subscription { modelVersionChanged { cursor } }' },
};

async function received(live: Live, count: number): Promise<void> {
  while (live.messages.filter(({ type }) => type === 'next').length < count) await once(live.socket, 'message');
}

describe('over WebSockets', () => {
  it('takes the credential from the upgrade or from connection_init', async () => {
    const { secret } = await apiKey();
    expect(await init(await open(bearer(secret)))).toBe('connection_ack');
    expect(await init(await open({ 'x-api-key': secret }))).toBe('connection_ack');
    expect(await init(await open(), { authorization: `Bearer ${secret}` })).toBe('connection_ack');
    expect(await init(await open(), { authorization: await provider.token() })).toBe('connection_ack');
  });

  it.each<[string, () => Promise<object | undefined>]>([
    ['is none', async () => undefined],
    ['is bad', async () => ({ authorization: 'Bearer nonsense' })],
    ['is expired', async () => ({ authorization: await provider.token({ issuedIn: -60, expiresIn: -1 }) })],
    ['is an unknown key', async () => ({ authorization: 'cxr_unknown' })],
  ])('closes with 4401 when the credential %s', async (_what, payload) => {
    expect(await init(await open(), await payload())).toBe(4401);
  });

  it('closes with 4401 whoever subscribes before connection_init, and with 4408 whoever says nothing', async () => {
    const silent = await open();
    const early = await open();
    say(early, SUBSCRIBE);
    expect((await early.closed).code).toBe(4401);
    expect((await silent.closed).code).toBe(4408);
  });

  it('closes with 4400 for a purpose that is none', async () => {
    const { secret } = await apiKey();
    expect(await init(await open(), { authorization: secret, purpose: 'CURIOSITY' })).toBe(4400);
  });

  it('closes with 4401 at the moment at which the token expires', async () => {
    const live = await open();
    const exp = Math.floor(Date.now() / 1000) + 2;
    const authorization = await provider.token({ claims: { exp, realm_access: { roles: ['ris'] } } });
    expect(await init(live, { authorization })).toBe('connection_ack');
    say(live, SUBSCRIBE);
    const flow = keepHappening();
    await received(live, 1);
    const { code } = await live.closed;
    await flow.stop();
    expect(code).toBe(4401);
    const late = Date.now() - exp * 1000;
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(1000);
  });

  it('sends nothing more within a second of a revocation by another process, and closes with 4403', async () => {
    const { id, secret } = await apiKey();
    const token = await provider.token({ claims: { sub: 'dr-live', realm_access: { roles: ['ris'] } } });
    const [byKey, byToken, stays] = await Promise.all([open(), open(), open()]);
    await init(byKey, { authorization: secret });
    await init(byToken, { authorization: token });
    await init(stays, { authorization: (await apiKey()).secret });
    for (const live of [byKey, byToken, stays]) say(live, SUBSCRIBE);
    const flow = keepHappening();
    await Promise.all([byKey, byToken, stays].map((live) => received(live, 3)));
    await mutate(`mutation { revokeApiKey(id: "${id}", reason: "x") { apiKey { id } } }`, elsewhere.url);
    const keyRevoked = performance.now();
    await mutate(
      `mutation { revokeIdentity(subject: "oidc:${provider.issuer}#dr-live", reason: "x") { subject } }`,
      elsewhere.url,
    );
    const tokenRevoked = performance.now();
    for (const [live, revoked] of [
      [byKey, keyRevoked],
      [byToken, tokenRevoked],
    ] as const) {
      const { code, at } = await live.closed;
      expect(code).toBe(4403);
      expect(at - revoked).toBeLessThan(1000);
      expect((live.messages.at(-1)?.at ?? Number.NaN) - revoked).toBeLessThan(1000);
    }
    const before = stays.messages.length;
    await received(stays, before + 3);
    await flow.stop();
    expect(stays.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('notices a revocation of which no notification came', async () => {
    const { id, secret } = await apiKey();
    const live = await open();
    await init(live, { authorization: secret });
    const began = performance.now();
    await gateway.app.store.prisma.apiKey.update({ where: { id }, data: { revokedAt: new Date() } });
    const { code, at } = await live.closed;
    expect(code).toBe(4403);
    expect(at - began).toBeLessThan(1000);
  });

  it('closes with 4401 when the time of a rotated key is over', async () => {
    const { id, secret } = await apiKey();
    const live = await open();
    await init(live, { authorization: secret });
    await mutate(`mutation { rotateApiKey(input: { id: "${id}", graceHours: 0 }) { secret } }`, elsewhere.url);
    expect((await live.closed).code).toBe(4401);
  });

  it('does not let in again whom it has closed', async () => {
    const { id, secret } = await apiKey();
    const live = await open();
    await init(live, { authorization: secret });
    await mutate(`mutation { revokeApiKey(id: "${id}", reason: "x") { apiKey { id } } }`, elsewhere.url);
    await live.closed;
    expect(await init(await open(), { authorization: secret })).toBe(4401);
  });
});

describe('a gateway without an identity source', () => {
  it('says in its readiness who may prove who they are', async () => {
    const { checks } = (await (await fetch(`${gateway.url}/readyz`)).json()) as { checks: { name: string }[] };
    expect(checks.find(({ name }) => name === 'identity')).toMatchObject({
      ok: true,
      detail: `access tokens of ${provider.issuer}, API keys`,
    });
    await using insecure = await startTestApp({ ROLE: 'api' });
    const answer = (await (await fetch(`${insecure.url}/readyz`)).json()) as { checks: { name: string }[] };
    expect(answer.checks.find(({ name }) => name === 'identity')).toMatchObject({
      ok: true,
      detail: expect.stringContaining('--insecure-no-auth'),
    });
    expect((await ask('{ __typename }', {}, insecure.url)).status).toBe(200);
    expect((await ask('{ __typename }', bearer('nonsense'), insecure.url)).status).toBe(401);
  });

  it('does not start', async () => {
    await expect(startTestApp({ ROLE: 'api' }, { insecureNoAuth: false })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('OIDC_ISSUER'),
    });
    await expect(startTestApp({ ROLE: 'all' }, { insecureNoAuth: false })).rejects.toMatchObject({
      message: expect.stringContaining('api-key create'),
    });
  });

  it('starts when somebody has an API key, and as a worker', async () => {
    await using worker = await startTestApp({ ROLE: 'worker' }, { insecureNoAuth: false });
    const { apiKeys } = worker.app.store;
    const request = { name: 'x', roles: ['ADMIN' as const], issuers: ['*'], studies: [], deidentifiedOnly: false };
    await createApiKey(apiKeys, { ...request, expiresInDays: 1 }, OPERATOR, systemActor('test'));
    const api = await worker.another({ ROLE: 'api' });
    expect((await ask('{ __typename }', {}, api.url)).status).toBe(401);
  });

  it('has its settings checked together', () => {
    const wrong = { OIDC_ISSUER: 'https://idp.example' };
    expect(() => loadConfig(wrong, {})).toThrow(/OIDC_AUDIENCE and OIDC_ROLE_MAP/);
    const more = { ...wrong, OIDC_AUDIENCE: 'a', OIDC_ROLE_MAP: 'a=ADMIN' };
    expect(loadConfig(more, {}).oidc?.rules).toMatchObject({ audiences: ['a'], clockSkewSeconds: 30 });
    expect(() => loadConfig({ ...more, OIDC_ALGORITHMS: 'RS256,HS256' }, {})).toThrow(/HS256 must be one of/);
    expect(() => loadConfig({ ...more, OIDC_ALGORITHMS: 'none' }, {})).toThrow(/none must be one of/);
    expect(() => loadConfig({ ...more, OIDC_ROLE_MAP: 'a=KING' }, {})).toThrow(/VALUE=ROLE/);
    expect(() => loadConfig({ ...more, OIDC_ISSUER: 'ftp://x' }, {})).toThrow(/OIDC_ISSUER/);
  });
});
