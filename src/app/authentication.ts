/** Who may come in: access tokens of the provider, API keys, and what only the demo and trials have. */
import { CredentialAuthenticator } from '../access/credential-authenticator.ts';
import type { Identity } from '../access/identity.ts';
import { LiveIdentities } from '../access/live-identities.ts';
import { ProviderKeys } from '../access/provider-keys.ts';
import type { TrustedIssuer } from '../access/token-identities.ts';
import { TokenVerifier } from '../access/token-verifier.ts';
import { GatewayError } from '../errors.ts';
import type { Authentication } from '../http/authentication.ts';
import type { Store } from '../store/store.ts';
import type { Building } from './building.ts';

const NO_AUTHENTICATION = '--insecure-no-auth: whoever reaches this process may do everything';

const NO_IDENTITY_SOURCE =
  'Nobody could prove who they are: set OIDC_ISSUER, OIDC_AUDIENCE and OIDC_ROLE_MAP, or make an API key by ' +
  '`cxr-gateway api-key create`; only for trials: start with --insecure-no-auth.';

/** @throws GatewayError CONFIG_INVALID when nobody could prove who they are */
export async function openAuthentication(
  { config, log, options: { insecureNoAuth = false, localIssuer }, opened }: Building,
  store: Store,
): Promise<Authentication> {
  const { oidc, role } = config;
  if (insecureNoAuth) log.warn('gateway.insecure-no-auth', { reason: NO_AUTHENTICATION });
  const hasIssuer = oidc !== undefined || localIssuer !== undefined;
  if (role !== 'worker' && !insecureNoAuth && !hasIssuer && !(await store.apiKeys.anyAccepted())) {
    throw new GatewayError('CONFIG_INVALID', NO_IDENTITY_SOURCE);
  }
  const issuers: TrustedIssuer[] = localIssuer === undefined ? [] : [localIssuer.trusted];
  if (oidc !== undefined) {
    const keys = new ProviderKeys({ issuer: oidc.rules.issuer, jwksUri: oidc.jwksUri, log });
    issuers.push({ verifier: new TokenVerifier(oidc.rules, keys.find), claims: oidc.claims });
  }
  const sources = { keys: store.apiKeys, revocations: store.identityRevocations, listener: store.listener, log };
  const authenticator = opened.use(new CredentialAuthenticator({ ...sources, issuers, insecureNoAuth }));
  const clockSkewMs = (identity: Identity) => authenticator.clockSkewMs(identity);
  return { authenticator, watch: opened.use(new LiveIdentities({ ...sources, clockSkewMs })) };
}

/** Who can prove who they are here, in words; for /readyz. */
export function describeIdentitySources({ config: { oidc }, options }: Building): string {
  const { insecureNoAuth, localIssuer } = options;
  if (insecureNoAuth === true) return NO_AUTHENTICATION;
  const issuers = [oidc?.rules.issuer, localIssuer?.trusted.verifier.rules.issuer].filter(
    (issuer) => issuer !== undefined,
  );
  return [...issuers.map((issuer) => `access tokens of ${issuer}`), 'API keys'].join(', ');
}
