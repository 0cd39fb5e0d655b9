/** Whoever shows an access token or an API key is known by it. */
import type { Log } from '../log.ts';
import type { ApiKeyStore } from '../store/api-keys.ts';
import type { IdentityRevocationStore } from '../store/identity-revocations.ts';
import { CHANNELS, type Listener } from '../store/listener.ts';
import { ApiKeyIdentities } from './api-key-identities.ts';
import { looksLikeApiKey } from './api-key-secret.ts';
import type { Authenticator } from './authenticator.ts';
import { ANONYMOUS, type Identity } from './identity.ts';
import { TokenIdentities, type TrustedIssuer } from './token-identities.ts';
import { unauthenticated } from './unauthenticated.ts';

/** What proves credentials. */
export interface CredentialAuthenticatorOptions {
  readonly issuers: readonly TrustedIssuer[];
  readonly keys: ApiKeyStore;
  readonly revocations: IdentityRevocationStore;
  readonly listener: Listener;
  readonly log: Log;
  /** Whoever shows no credential is let in as ANONYMOUS, with every role. One that is shown must be valid all the same. */
  readonly insecureNoAuth: boolean;
}

/** Proves credentials of every kind. */
export class CredentialAuthenticator implements Authenticator, AsyncDisposable {
  readonly #keys: ApiKeyIdentities;
  readonly #tokens: TokenIdentities;
  readonly #insecureNoAuth: boolean;
  readonly #stopListening: () => void;

  constructor({ issuers, keys, revocations, listener, log, insecureNoAuth }: CredentialAuthenticatorOptions) {
    this.#keys = new ApiKeyIdentities(keys, log);
    this.#tokens = new TokenIdentities(issuers, revocations);
    this.#insecureNoAuth = insecureNoAuth;
    this.#stopListening = listener.on(CHANNELS.identities, () => {
      this.#keys.forget();
      this.#tokens.forget();
    });
  }

  async authenticate(credential: string | undefined): Promise<Identity> {
    if (credential === undefined) {
      if (this.#insecureNoAuth) return ANONYMOUS;
      throw unauthenticated('MISSING');
    }
    return looksLikeApiKey(credential) ? this.#keys.identify(credential) : this.#tokens.identify(credential);
  }

  /** See {@link TokenIdentities.clockSkewMs}. */
  clockSkewMs(identity: Identity): number {
    return this.#tokens.clockSkewMs(identity);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening();
    await this.#keys[Symbol.asyncDispose]();
  }
}
