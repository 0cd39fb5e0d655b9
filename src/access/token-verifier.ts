/** Access tokens of one issuer: JWTs signed with a key of its own (RFC 7519, RFC 8725, RFC 9068). */
import {
  type CompactJWSHeaderParameters,
  errors,
  type FlattenedJWSInput,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose';
import { GatewayError } from '../errors.ts';
import { isPlain } from './plain-text.ts';
import type { SignatureAlgorithm } from './signature-algorithms.ts';
import { unauthenticated } from './unauthenticated.ts';

/** What a token must be. */
export interface TokenRules {
  /** `iss`, compared as text. */
  readonly issuer: string;
  /** One of them must be in `aud`. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly SignatureAlgorithm[];
  /** How far the clocks of issuer and gateway may be apart. */
  readonly clockSkewSeconds: number;
  /** Longest time since `iat`, whatever `exp` says. */
  readonly maxAgeSeconds: number;
}

/** A token that was proved. */
export interface VerifiedToken {
  readonly subject: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly claims: JWTPayload;
}

/** Finds the key that signed a token; jose's errors say that there is none. */
export type FindKey = (header: CompactJWSHeaderParameters, token: FlattenedJWSInput) => ReturnType<JWTVerifyGetKey>;

/** Signing keys tried for a token that does not name its own. */
const MOST_CANDIDATES = 10;

/** Characters. Usual tokens have 1,000 to 4,000; memberships of groups make them long. */
export const LONGEST_TOKEN = 16 * 1024;

/** Characters. OpenID Connect Core section 2 allows 255; the subject is a key of indices. */
const LONGEST_SUBJECT = 512;

/** RFC 9068 section 2.1; most issuers still say JWT, or nothing. Others (logout+jwt, dpop+jwt) are made for other uses. */
const ACCESS_TOKEN_TYPES = [undefined, 'jwt', 'at+jwt'];

/** Claims of ID tokens (OpenID Connect Core 3.1.3.6, 3.3.2.11) and logout tokens: not meant for an API. */
const OTHER_TOKENS_CLAIMS = ['at_hash', 'c_hash', 's_hash', 'events'];

/** Proves tokens of one issuer. */
export class TokenVerifier {
  readonly rules: TokenRules;
  readonly #findKey: FindKey;

  constructor(rules: TokenRules, findKey: FindKey) {
    this.rules = rules;
    this.#findKey = findKey;
  }

  /** @throws GatewayError UNAUTHENTICATED, IDENTITY_PROVIDER_UNAVAILABLE */
  async verify(token: string): Promise<VerifiedToken> {
    if (token.length > LONGEST_TOKEN) throw unauthenticated('INVALID');
    const { issuer, audiences, algorithms, clockSkewSeconds, maxAgeSeconds } = this.rules;
    const options: JWTVerifyOptions = {
      issuer,
      audience: [...audiences],
      algorithms: [...algorithms],
      clockTolerance: clockSkewSeconds,
      maxTokenAge: maxAgeSeconds,
      requiredClaims: ['sub', 'exp', 'iat'],
    };
    try {
      return checked(await this.#verify(token, options), maxAgeSeconds);
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      throw unauthenticated(error instanceof errors.JWTExpired ? 'EXPIRED' : 'INVALID', error);
    }
  }

  async #verify(token: string, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
    try {
      return await jwtVerify(token, this.#findKey, options);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return verifyByAny(token, error, options);
    }
  }
}

/** For a token without `kid` where several keys could have signed it. */
async function verifyByAny(
  token: string,
  candidates: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  let tried = 0;
  for await (const key of candidates) {
    tried += 1;
    if (tried > MOST_CANDIDATES) break;
    try {
      return await jwtVerify(token, key, options);
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** What jose leaves to its users. */
function checked({ payload, protectedHeader }: JWTVerifyResult, maxAgeSeconds: number): VerifiedToken {
  const type = protectedHeader.typ?.toLowerCase().replace(/^application\//, '');
  if (!ACCESS_TOKEN_TYPES.includes(type)) throw unauthenticated('INVALID');
  if (OTHER_TOKENS_CLAIMS.some((claim) => payload[claim] !== undefined)) throw unauthenticated('INVALID');
  // Keycloak names the use of a token here: Bearer, ID, Refresh, Offline.
  if (typeof payload.typ === 'string' && payload.typ.toLowerCase() !== 'bearer') throw unauthenticated('INVALID');
  // Bound to a key of its holder (RFC 7800), which the gateway does not ask for: without that proof anybody could hold it.
  if (payload.cnf !== undefined) throw unauthenticated('INVALID');
  const { sub, iat, exp } = payload;
  if (typeof sub !== 'string' || sub === '' || sub.length > LONGEST_SUBJECT || !isPlain(sub))
    throw unauthenticated('INVALID');
  if (iat === undefined || exp === undefined) throw unauthenticated('INVALID');
  return {
    subject: sub,
    issuedAt: new Date(iat * 1000),
    expiresAt: new Date(Math.min(exp, iat + maxAgeSeconds) * 1000),
    claims: payload,
  };
}
