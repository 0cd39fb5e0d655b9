/** Access token -> identity, unless its holder was revoked since it was issued. */
import { decodeJwt } from 'jose';
import type { IdentityRevocationStore } from '../store/identity-revocations.ts';
import { type ClaimRules, identityOfToken } from './claims.ts';
import type { Identity } from './identity.ts';
import { ShortCache } from './short-cache.ts';
import { LONGEST_TOKEN, type TokenVerifier } from './token-verifier.ts';
import { unauthenticated } from './unauthenticated.ts';

/** An issuer whose tokens are accepted. */
export interface TrustedIssuer {
  readonly verifier: TokenVerifier;
  readonly claims: ClaimRules;
}

const CACHE_MS = 2000;
const CACHED_SUBJECTS = 10_000;

/** Proves tokens. */
export class TokenIdentities {
  readonly #issuers: ReadonlyMap<string, TrustedIssuer>;
  readonly #revocations: IdentityRevocationStore;
  readonly #cache = new ShortCache<Date | undefined>(CACHE_MS, CACHED_SUBJECTS);

  constructor(issuers: readonly TrustedIssuer[], revocations: IdentityRevocationStore) {
    this.#issuers = new Map(issuers.map((trusted) => [trusted.verifier.rules.issuer, trusted]));
    this.#revocations = revocations;
  }

  /** @throws GatewayError UNAUTHENTICATED, IDENTITY_PROVIDER_UNAVAILABLE, DATABASE_UNAVAILABLE */
  async identify(token: string): Promise<Identity> {
    const trusted = this.#issuers.get(claimedIssuer(token) ?? '');
    if (trusted === undefined) throw unauthenticated('INVALID');
    const { issuer } = trusted.verifier.rules;
    const identity = identityOfToken(await trusted.verifier.verify(token), issuer, trusted.claims);
    const { subject } = identity;
    const revokedAt = await this.#cache.get(subject, async () =>
      (await this.#revocations.latest([subject])).get(subject),
    );
    if (isRevoked(identity, revokedAt, this.clockSkewMs(identity))) throw unauthenticated('INVALID');
    return identity;
  }

  /** How far the clock of the identity's issuer may be ahead, ms. */
  clockSkewMs({ subject }: Identity): number {
    for (const [issuer, { verifier }] of this.#issuers) {
      if (subject.startsWith(`oidc:${issuer}#`)) return verifier.rules.clockSkewSeconds * 1000;
    }
    return 0;
  }

  /** Forgets what was looked up: somebody was revoked. */
  forget(): void {
    this.#cache.clear();
  }
}

/**
 * Whether the token was issued before the revocation. Its second began before the instant that it names, and the issuer's clock
 * may be ahead: in doubt it was.
 */
export function isRevoked({ issuedAt }: Identity, revokedAt: Date | undefined, clockSkewMs: number): boolean {
  if (revokedAt === undefined || issuedAt === null) return false;
  return issuedAt.getTime() <= revokedAt.getTime() + clockSkewMs;
}

/** Only chooses whose keys are asked; the issuer is checked with the signature. */
function claimedIssuer(token: string): string | undefined {
  if (token.length > LONGEST_TOKEN) return undefined; // a WebSocket's may be larger than any header
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}
