/** A real OpenID provider over HTTP, as far as the gateway needs one: discovery, JWKS, and tokens signed with its keys. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** A key pair of the provider. */
export interface ProviderKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

/** What a token says; absent: what a valid token would. Null leaves a claim out. */
export interface TokenOptions {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: ProviderKey | undefined;
  /** Seconds from now. */
  readonly issuedIn?: number;
  /** Seconds from now. */
  readonly expiresIn?: number;
}

/** The provider; disposing ends it. */
export interface OidcIssuer extends AsyncDisposable {
  readonly issuer: string;
  /** Keys in the JWKS; to be changed at will. */
  readonly keys: ProviderKey[];
  /** Paths that were asked for. */
  readonly requests: string[];
  /** Answers in place of the provider when it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
  token(options?: TokenOptions): Promise<string>;
  /** Settings of a gateway that trusts it. */
  readonly settings: Readonly<Record<string, string>>;
}

export const AUDIENCE = 'cxr-gateway-test';

export async function makeProviderKey(kid: string, alg = 'ES256'): Promise<ProviderKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** Starts a provider with one key. */
export async function startOidcIssuer(alg = 'ES256'): Promise<OidcIssuer> {
  const keys = [await makeProviderKey('first', alg)];
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    if (provider.intercept(request, response)) return;
    const body =
      path === '/.well-known/openid-configuration'
        ? { issuer, jwks_uri: `${issuer}/jwks` }
        : { keys: keys.map(({ jwk }) => jwk) };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: OidcIssuer = {
    issuer,
    keys,
    requests,
    intercept: () => false,
    token: (options = {}) => sign(issuer, options.key ?? keys.at(-1), options),
    settings: {
      OIDC_ISSUER: issuer,
      OIDC_AUDIENCE: AUDIENCE,
      OIDC_CLOCK_SKEW_SECONDS: '0',
      OIDC_ROLES_CLAIM: 'realm_access.roles',
      OIDC_ROLE_MAP: 'radiologist=CLINICIAN,technologist=TECHNOLOGIST,ris=INTEGRATION,boss=ADMIN,auditor=AUDITOR',
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return provider;
}

async function sign(issuer: string, key: ProviderKey | undefined, options: TokenOptions): Promise<string> {
  if (key === undefined) throw new Error('the provider has no key');
  const now = Math.floor(Date.now() / 1000);
  const claims: Record<string, unknown> = {
    iss: issuer,
    aud: AUDIENCE,
    sub: 'dr-who',
    name: 'Dr. Who',
    iat: now + (options.issuedIn ?? 0),
    exp: now + (options.expiresIn ?? 300),
    realm_access: { roles: ['radiologist'] },
    cxr_issuers: ['*'],
    ...options.claims,
  };
  for (const [name, value] of Object.entries(claims)) if (value === null) delete claims[name];
  return new SignJWT(claims as JWTPayload)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...options.header })
    .sign(key.privateKey, { crit: { x: true } });
}
