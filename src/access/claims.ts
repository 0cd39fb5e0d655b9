/** What the claims of a token say about its holder, by configuration. */
import type { AccessRole } from '../store/generated/enums.ts';
import { ACCESS_ROLES, type Identity } from './identity.ts';
import { isPlain, plain } from './plain-text.ts';
import type { VerifiedToken } from './token-verifier.ts';

/** Where in a token is what. */
export interface ClaimRules {
  /** Claim with the roles: its name, or a path such as `realm_access.roles`. */
  readonly roles: string;
  /** Which values of it give which role; a value may give several. */
  readonly roleMap: readonly { readonly value: string; readonly role: AccessRole }[];
  /** Claim with the assigning authorities, `*` among them: all. The name `*` grants all to everybody. */
  readonly issuers: string;
  /** Claim with Study Instance UIDs. */
  readonly studies: string;
  /** Claim with a name for people to read. */
  readonly name: string;
}

const LONGEST_NAME = 200;
const MOST_VALUES = 1000;

/** A token without a mapped role gives an identity without one: known, and allowed nothing. */
export function identityOfToken(token: VerifiedToken, issuer: string, rules: ClaimRules): Identity {
  const { claims, subject, issuedAt, expiresAt } = token;
  const given = new Set(wordsAt(claims, rules.roles));
  const mapped = new Set(rules.roleMap.filter(({ value }) => given.has(value)).map(({ role }) => role));
  const issuers = rules.issuers === '*' ? ['*'] : valuesAt(claims, rules.issuers);
  return {
    subject: subjectOf(issuer, subject),
    kind: 'PERSON',
    displayName: nameOf(claims, rules.name),
    roles: ACCESS_ROLES.filter((role) => mapped.has(role)),
    issuers: issuers.includes('*') ? 'ALL' : issuers,
    studies: valuesAt(claims, rules.studies),
    deidentifiedOnly: false,
    issuedAt,
    expiresAt,
    apiKeyId: null,
  };
}

/** How the holder of a token is called. */
function subjectOf(issuer: string, subject: string): string {
  return `oidc:${issuer}#${subject}`;
}

type Claims = VerifiedToken['claims'];

function nameOf(claims: Claims, claim: string): string | null {
  const [name] = [claims[claim], claims.preferred_username].filter(
    (value) => typeof value === 'string' && value !== '',
  );
  return typeof name === 'string' ? plain(name.slice(0, LONGEST_NAME)) : null;
}

/** A claim whose whole name is the path goes before: names with dots in them are addresses (OpenID Connect Core 5.1.2). */
function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** A list of texts, or one text. What no identifier can be, such as a text with a NUL, names nothing. */
function valuesAt(claims: Claims, path: string): string[] {
  const value = claimAt(claims, path);
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list
    .filter((item) => typeof item === 'string')
    .filter(isPlain)
    .slice(0, MOST_VALUES);
}

/** Like {@link valuesAt}, but one text may hold several words, as `scope` does (RFC 8693 section 4.2). */
function wordsAt(claims: Claims, path: string): string[] {
  const value = claimAt(claims, path);
  return typeof value === 'string' ? [value, ...value.split(' ')] : valuesAt(claims, path);
}
