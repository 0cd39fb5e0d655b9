/**
 * An issuer within the process, for the demo: a key pair in memory that is gone with the process. Its tokens go the way of
 * every other token.
 */
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { AccessRole } from '../store/generated/enums.ts';
import { ACCESS_ROLES } from './identity.ts';
import type { TrustedIssuer } from './token-identities.ts';
import { TokenVerifier } from './token-verifier.ts';

/** Whom a token is for. */
export interface LocalToken {
  readonly subject: string;
  readonly name: string;
  readonly roles: readonly AccessRole[];
  readonly lifetimeSeconds: number;
}

/** Makes tokens, and says how they are proved. */
export interface LocalIssuer {
  readonly trusted: TrustedIssuer;
  /** An access token; its holder may see all issuers. */
  issue(token: LocalToken): Promise<string>;
}

const ISSUER = 'urn:cxr-gateway:local';
const ALGORITHM = 'ES256';

/** Makes a key pair. */
export async function createLocalIssuer(): Promise<LocalIssuer> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM);
  const findKey = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), alg: ALGORITHM, kid: 'local' }] });
  const rules = {
    issuer: ISSUER,
    audiences: [ISSUER],
    algorithms: [ALGORITHM],
    clockSkewSeconds: 0,
    maxAgeSeconds: 24 * 3600,
  } as const;
  return {
    trusted: {
      verifier: new TokenVerifier(rules, findKey),
      claims: {
        roles: 'roles',
        roleMap: ACCESS_ROLES.map((role) => ({ value: role, role })),
        issuers: '*',
        studies: 'studies',
        name: 'name',
      },
    },
    issue: ({ subject, name, roles, lifetimeSeconds }) =>
      new SignJWT({ name, roles })
        .setProtectedHeader({ alg: ALGORITHM, kid: 'local', typ: 'at+jwt' })
        .setIssuer(ISSUER)
        .setAudience(ISSUER)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime(`${lifetimeSeconds} s`)
        .sign(privateKey),
  };
}
