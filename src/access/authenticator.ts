/** What proves who somebody is: an access token or an API key. */
import type { Identity } from './identity.ts';

/** Turns a credential into an identity. */
export interface Authenticator {
  /**
   * @param credential - access token (JWT) or API key (`cxr_...`), without a scheme; undefined: none was given
   * @throws GatewayError UNAUTHENTICATED, IDENTITY_PROVIDER_UNAVAILABLE, DATABASE_UNAVAILABLE
   */
  authenticate(credential: string | undefined): Promise<Identity>;
}
