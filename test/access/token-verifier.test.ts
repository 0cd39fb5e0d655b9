import { createHmac } from 'node:crypto';
import { exportSPKI } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KeyTimes, ProviderKeys } from '../../src/access/provider-keys.ts';
import { TokenVerifier } from '../../src/access/token-verifier.ts';
import { silentLog } from '../../src/log.ts';
import {
  AUDIENCE,
  makeProviderKey,
  type OidcIssuer,
  startOidcIssuer,
  type TokenOptions,
} from '../support/oidc-issuer.ts';

let provider: OidcIssuer;

beforeEach(async () => {
  provider = await startOidcIssuer();
});
afterEach(() => provider[Symbol.asyncDispose]());

function verifier(times: Partial<KeyTimes> = {}, clockSkewSeconds = 0): TokenVerifier {
  const keys = new ProviderKeys({ issuer: provider.issuer, jwksUri: undefined, log: silentLog, times });
  return new TokenVerifier(
    {
      issuer: provider.issuer,
      audiences: [AUDIENCE, 'another'],
      algorithms: ['ES256', 'RS256', 'PS256', 'EdDSA'],
      clockSkewSeconds,
      maxAgeSeconds: 3600,
    },
    keys.find,
  );
}

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

const INVALID = { code: 'UNAUTHENTICATED', details: { credential: 'INVALID' } };
const EXPIRED = { code: 'UNAUTHENTICATED', details: { credential: 'EXPIRED' } };
const UNAVAILABLE = { code: 'IDENTITY_PROVIDER_UNAVAILABLE', retryable: true, status: 503 };

describe('a token of the provider', () => {
  it('is accepted', async () => {
    const verified = await verifier().verify(await provider.token());
    expect(verified.subject).toBe('dr-who');
    expect(verified.expiresAt.getTime() - verified.issuedAt.getTime()).toBe(300_000);
    expect(provider.requests).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });

  it.each(['RS256', 'PS256', 'EdDSA'])('is accepted with %s', async (alg) => {
    provider.keys.push(await makeProviderKey('other', alg));
    expect((await verifier().verify(await provider.token())).subject).toBe('dr-who');
  });

  it.each<[string, TokenOptions, object]>([
    ['is expired', { issuedIn: -60, expiresIn: -1 }, EXPIRED],
    ['was issued too long ago, whatever its expiry', { issuedIn: -3700 }, EXPIRED],
    ['is not valid yet', { claims: { nbf: Math.floor(Date.now() / 1000) + 60 } }, INVALID],
    ['is issued in the future', { issuedIn: 60 }, INVALID],
    ['is for another audience', { claims: { aud: 'somebody-else' } }, INVALID],
    ['is for nobody', { claims: { aud: null } }, INVALID],
    ['is of another issuer', { claims: { iss: 'https://elsewhere.example' } }, INVALID],
    ['never expires', { claims: { exp: null } }, INVALID],
    ['does not say when it was issued', { claims: { iat: null } }, INVALID],
    ['has no subject', { claims: { sub: null } }, INVALID],
    ['has an endless subject', { claims: { sub: 'x'.repeat(600) } }, INVALID],
    ['has a subject with a NUL, which the audit would not show', { claims: { sub: 'dr-who\0' } }, INVALID],
    ['has a subject that is no text', { claims: { sub: '\ud800' } }, INVALID],
    ['has a subject that is written backwards', { claims: { sub: '\u202edr-who' } }, INVALID],
    ['has a subject with a character nobody sees', { claims: { sub: 'dr\u200b-who' } }, INVALID],
    ['is an ID token', { claims: { at_hash: 'x' } }, INVALID],
    ['is a refresh token of Keycloak', { claims: { typ: 'Refresh' } }, INVALID],
    ['is bound to a key of its holder', { claims: { cnf: { jkt: 'x' } } }, INVALID],
    ['is a logout token', { header: { typ: 'logout+jwt' } }, INVALID],
    ['wants an extension understood', { header: { crit: ['x'], x: 1 } }, INVALID],
    ['is endless', { claims: { groups: Array.from({ length: 2000 }, (_, index) => `group-${index}`) } }, INVALID],
  ])('is refused when it %s', async (_why, options, error) => {
    await expect(verifier().verify(await provider.token(options))).rejects.toMatchObject(error);
  });

  it('is accepted within the clock skew, and keeps the moment of its own expiry', async () => {
    const token = await provider.token({ issuedIn: 20, expiresIn: -20 });
    const verified = await verifier({}, 30).verify(token);
    expect(verified.expiresAt.getTime()).toBeLessThan(Date.now());
  });

  it('may be JWT by its type, or say nothing', async () => {
    for (const typ of ['JWT', 'application/at+jwt', undefined]) {
      await verifier().verify(await provider.token({ header: { typ } }));
    }
  });
});

describe('a forged token', () => {
  it('is refused when another key signed it under the same id', async () => {
    const key = await makeProviderKey('first');
    await expect(verifier().verify(await provider.token({ key }))).rejects.toMatchObject(INVALID);
  });

  it('is refused when its claims were changed', async () => {
    const [header, claims = '', signature] = (await provider.token()).split('.');
    const changed = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), sub: 'boss' };
    await expect(verifier().verify([header, base64url(changed), signature].join('.'))).rejects.toMatchObject(INVALID);
  });

  it('is refused with alg none', async () => {
    const [, claims] = (await provider.token()).split('.');
    for (const alg of ['none', 'None', '']) {
      const token = `${base64url({ alg, typ: 'JWT' })}.${claims}.`;
      await expect(verifier().verify(token)).rejects.toMatchObject(INVALID);
    }
  });

  it('is refused with HS256 and the public key as the secret', async () => {
    const key = await makeProviderKey('rsa', 'RS256');
    provider.keys.push(key);
    const [, claims] = (await provider.token()).split('.');
    const signed = `${base64url({ alg: 'HS256', kid: 'rsa', typ: 'JWT' })}.${claims}`;
    for (const secret of [await exportSPKI(key.publicKey), JSON.stringify(key.jwk)]) {
      const signature = createHmac('sha256', secret).update(signed).digest('base64url');
      await expect(verifier().verify(`${signed}.${signature}`)).rejects.toMatchObject(INVALID);
    }
  });

  it('is refused when it brings its own key, or names where to get it', async () => {
    const key = await makeProviderKey('evil');
    for (const header of [{ jwk: key.jwk }, { jku: 'https://evil.example/jwks' }, { kid: 'first', jwk: key.jwk }]) {
      await expect(verifier().verify(await provider.token({ key, header }))).rejects.toMatchObject(INVALID);
    }
  });

  it.each(['', 'x', 'a.b', 'a.b.c', '....', 'cxr_', 'ey.ey.ey.ey.ey'])('is refused as %j', async (token) => {
    await expect(verifier().verify(token)).rejects.toMatchObject(INVALID);
  });
});

describe('keys of the provider', () => {
  it('are accepted as soon as they are new, and refused once they are retired', async () => {
    const [first] = provider.keys;
    const made = verifier({ pause: 60_000 });
    const old = await provider.token();
    await made.verify(old);
    provider.keys.push(await makeProviderKey('second'));
    await made.verify(await provider.token());
    await made.verify(old);
    provider.keys.splice(0, 1);
    const anew = verifier();
    await anew.verify(await provider.token());
    await expect(anew.verify(await provider.token({ key: first }))).rejects.toMatchObject(INVALID);
  });

  it('are looked at again after a while, so that a retired one is refused', async () => {
    const made = verifier({ fresh: 0, pause: 0 });
    const old = await provider.token();
    await made.verify(old);
    provider.keys.splice(0, 1, await makeProviderKey('second'));
    await expect(made.verify(old)).rejects.toMatchObject(INVALID);
  });

  it('are not fetched for every unknown id', async () => {
    const made = verifier({ pause: 60_000 });
    await made.verify(await provider.token());
    const stranger = await makeProviderKey('stranger');
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await expect(made.verify(await provider.token({ key: stranger }))).rejects.toMatchObject(INVALID);
    }
    expect(provider.requests.filter((path) => path === '/jwks')).toHaveLength(2);
  });

  it('are fetched once for tokens that come at the same time', async () => {
    const made = verifier({ pause: 60_000 });
    const tokens = await Promise.all([provider.token(), provider.token(), provider.token()]);
    await Promise.all(tokens.map((token) => made.verify(token)));
    provider.keys.push(await makeProviderKey('second'));
    const newer = await Promise.all([provider.token(), provider.token(), provider.token()]);
    await Promise.all(newer.map((token) => made.verify(token)));
    expect(provider.requests.filter((path) => path === '/jwks')).toHaveLength(2);
  });

  it('are tried one by one for a token that names none', async () => {
    provider.keys.push(await makeProviderKey('second'), await makeProviderKey('third'));
    const token = await provider.token({ header: { kid: undefined } });
    expect((await verifier().verify(token)).subject).toBe('dr-who');
    const stranger = await makeProviderKey('stranger');
    const forged = await provider.token({ key: stranger, header: { kid: undefined } });
    await expect(verifier().verify(forged)).rejects.toMatchObject(INVALID);
  });
});

describe('a provider', () => {
  it('that is away makes a refusal that may be repeated, until it is back', async () => {
    const made = verifier({ pause: 0 });
    provider.intercept = (request) => {
      request.socket.destroy();
      return true;
    };
    const token = await provider.token();
    await expect(made.verify(token)).rejects.toMatchObject(UNAVAILABLE);
    provider.intercept = () => false;
    await made.verify(token);
  });

  it('that is away is not asked again for each token', async () => {
    const made = verifier({ pause: 60_000 });
    provider.intercept = (request) => {
      request.socket.destroy();
      return true;
    };
    const token = await provider.token();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(made.verify(token)).rejects.toMatchObject(UNAVAILABLE);
    }
    expect(provider.requests).toHaveLength(1);
  });

  it('that is away later leaves the keys last known in use', async () => {
    const made = verifier({ fresh: 0, pause: 0 });
    const token = await provider.token();
    await made.verify(token);
    provider.intercept = (request) => {
      request.socket.destroy();
      return true;
    };
    await made.verify(token);
    const strict = verifier({ fresh: 0, usable: 0, pause: 0 });
    await expect(strict.verify(token)).rejects.toMatchObject(UNAVAILABLE);
  });

  it.each<[string, number, string]>([
    ['is too large', 200, JSON.stringify({ keys: [], padding: 'x'.repeat(600_000) })],
    ['is no JSON', 200, '<html>'],
    ['is no object', 200, '[]'],
    ['has no keys', 200, '{}'],
    ['is an error', 500, '{"keys":[]}'],
    ['is a redirect', 302, ''],
  ])('whose JWKS %s is unavailable', async (_what, status, body) => {
    provider.intercept = ({ url }, response) => {
      if (url !== '/jwks') return false;
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end(body);
      return true;
    };
    await expect(verifier().verify(await provider.token())).rejects.toMatchObject(UNAVAILABLE);
  });

  it.each<[string, unknown]>([
    ['calls itself otherwise', { issuer: 'https://elsewhere.example', jwks_uri: 'https://elsewhere.example/jwks' }],
    ['names no place of its keys', { issuer: true }],
  ])('that %s in discovery is unavailable', async (_what, document) => {
    provider.intercept = ({ url }, response) => {
      if (url === '/jwks') return false;
      response.end(JSON.stringify(document));
      return true;
    };
    await expect(verifier().verify(await provider.token())).rejects.toMatchObject(UNAVAILABLE);
  });
});
