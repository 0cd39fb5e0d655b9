/** OpenID Connect: whose access tokens are accepted, and which of their claims say what. */
import { z } from 'zod';
import type { ClaimRules } from '../access/claims.ts';
import { ACCESS_ROLES } from '../access/identity.ts';
import { parseRoleMap } from '../access/role-map.ts';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from '../access/signature-algorithms.ts';
import type { TokenRules } from '../access/token-verifier.ts';
import { integer, listOf, type Values, wrongSettings } from './settings.ts';

/** OpenID Connect Discovery 1.0 section 3. */
function isIssuer(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && ['http:', 'https:'].includes(url.protocol) && url.search === '' && url.hash === '';
}

export const OIDC_SETTINGS = {
  OIDC_ISSUER: z
    .string()
    .refine(isIssuer, 'must be an http or https address without query or fragment, as in the tokens')
    .optional()
    .describe('issuer of the access tokens that are accepted, as OpenID Connect discovery knows it'),
  OIDC_AUDIENCE: z
    .string()
    .transform(listOf)
    .optional()
    .describe('what tokens must name as their audience; several by commas'),
  OIDC_JWKS_URI: z
    .string()
    .refine(isIssuer, 'must be an http or https address')
    .optional()
    .describe('where the keys of the issuer are; default: where discovery says'),
  OIDC_ALGORITHMS: z
    .string()
    .default('RS256,PS256,ES256,EdDSA')
    .transform((text, context): readonly SignatureAlgorithm[] =>
      listOf(text).flatMap((name) => {
        const known = SIGNATURE_ALGORITHMS.find((algorithm) => algorithm === name);
        if (known !== undefined) return [known];
        context.addIssue({ code: 'custom', message: `${name} must be one of ${SIGNATURE_ALGORITHMS.join(', ')}` });
        return [];
      }),
    )
    .describe('signature algorithms that tokens may have'),
  OIDC_CLOCK_SKEW_SECONDS: integer(0, 300, 30).describe('how far the clocks of issuer and gateway may be apart'),
  OIDC_MAX_TOKEN_AGE_SECONDS: integer(60, 7 * 86_400, 86_400).describe(
    'how long after it was issued a token is accepted at most',
  ),
  OIDC_ROLES_CLAIM: z.string().min(1).default('roles').describe('claim with the roles, such as realm_access.roles'),
  OIDC_ROLE_MAP: z
    .string()
    .transform((text, context) => {
      const entries = parseRoleMap(text);
      if (entries !== undefined) return entries;
      context.addIssue({
        code: 'custom',
        message: `must be VALUE=ROLE, several by commas; roles: ${ACCESS_ROLES.join(', ')}`,
      });
      return [];
    })
    .optional()
    .describe('values of that claim and the roles that they give: VALUE=ROLE, several by commas'),
  OIDC_ISSUERS_CLAIM: z
    .string()
    .min(1)
    .default('cxr_issuers')
    .describe(
      'claim with the assigning authorities that may be seen, * for all; * in place of a name: all for everybody',
    ),
  OIDC_STUDIES_CLAIM: z
    .string()
    .min(1)
    .default('cxr_studies')
    .describe('claim with Study Instance UIDs that may be seen besides'),
  OIDC_NAME_CLAIM: z.string().min(1).default('name').describe('claim with a name for people to read'),
} as const;

/** Whose tokens are accepted, and what they say. */
export interface OidcSettings {
  readonly rules: TokenRules;
  readonly claims: ClaimRules;
  /** Undefined: discovery names it. */
  readonly jwksUri: string | undefined;
}

/** Access by tokens. */
export interface OidcConfig {
  /** Undefined: no tokens are accepted. */
  readonly oidc: OidcSettings | undefined;
}

/**
 * @param env - checked settings of this part
 * @throws GatewayError CONFIG_INVALID when there is an issuer without audience or roles
 */
export function oidcConfig(env: Values<typeof OIDC_SETTINGS>): OidcConfig {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audiences, OIDC_ROLE_MAP: roleMap } = env;
  if (issuer === undefined) return { oidc: undefined };
  if (audiences === undefined || audiences.length === 0 || roleMap === undefined) {
    throw wrongSettings(['OIDC_ISSUER: OIDC_AUDIENCE and OIDC_ROLE_MAP must be set with it']);
  }
  const rules: TokenRules = {
    issuer,
    audiences,
    algorithms: env.OIDC_ALGORITHMS,
    clockSkewSeconds: env.OIDC_CLOCK_SKEW_SECONDS,
    maxAgeSeconds: env.OIDC_MAX_TOKEN_AGE_SECONDS,
  };
  const claims: ClaimRules = {
    roles: env.OIDC_ROLES_CLAIM,
    roleMap,
    issuers: env.OIDC_ISSUERS_CLAIM,
    studies: env.OIDC_STUDIES_CLAIM,
    name: env.OIDC_NAME_CLAIM,
  };
  return { oidc: { rules, claims, jwksUri: env.OIDC_JWKS_URI } };
}
