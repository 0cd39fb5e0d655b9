/**
 * The signing keys of an OpenID provider: discovery (OpenID Connect Discovery 1.0 section 4), then its JWKS (RFC 7517).
 *
 * Keys are used for five minutes, then fetched again, so that a retired key is refused; a key id that is not among them
 * has them fetched at once, so that a new key is accepted, but not more often than every ten seconds, whatever tokens are
 * sent. While the provider is away the keys last known are good for an hour.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type LocalJWKSet } from 'jose';
import { GatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import { fetchDocument, unavailable } from './provider-document.ts';
import type { FindKey } from './token-verifier.ts';

/** Where the keys are. */
export interface ProviderKeysOptions {
  readonly issuer: string;
  /** Undefined: discovery names it. */
  readonly jwksUri: string | undefined;
  readonly log: Log;
  /** For tests. */
  readonly times?: Partial<KeyTimes>;
}

/** Milliseconds. */
export interface KeyTimes {
  /** How long keys are used without a look for newer ones. */
  readonly fresh: number;
  /** How long keys are used when newer ones cannot be had. */
  readonly usable: number;
  /** Between fetches for key ids that are not known, and after a fetch that failed. */
  readonly pause: number;
}

const TIMES: KeyTimes = { fresh: 5 * 60_000, usable: 60 * 60_000, pause: 10_000 };

/** Keys of one provider, fetched when they are needed. */
export class ProviderKeys {
  readonly #options: ProviderKeysOptions;
  readonly #times: KeyTimes;
  #keys: LocalJWKSet | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #refetchedAt = Number.NEGATIVE_INFINITY;
  #failure: { readonly error: unknown; readonly at: number } | undefined;
  #fetching: Promise<LocalJWKSet> | undefined;

  constructor(options: ProviderKeysOptions) {
    this.#options = options;
    this.#times = { ...TIMES, ...options.times };
  }

  /** The key that a token names. Rejects with jose's errors, or GatewayError IDENTITY_PROVIDER_UNAVAILABLE. */
  readonly find: FindKey = async (header, token) => {
    const keys = await this.#current();
    try {
      return await keys(header, token);
    } catch (error) {
      const newer = error instanceof errors.JWKSNoMatchingKey ? await this.#newerThan(keys) : undefined;
      if (newer === undefined) throw error;
      return newer(header, token);
    }
  };

  async #current(): Promise<LocalJWKSet> {
    const now = performance.now();
    const age = now - this.#fetchedAt;
    if (this.#keys !== undefined && age <= this.#times.fresh) return this.#keys;
    try {
      if (this.#failure !== undefined && now - this.#failure.at < this.#times.pause) throw this.#failure.error;
      return await this.#fetch();
    } catch (error) {
      if (this.#keys !== undefined && age <= this.#times.usable) return this.#keys;
      throw error;
    }
  }

  async #newerThan(keys: LocalJWKSet): Promise<LocalJWKSet | undefined> {
    if (this.#fetching !== undefined) return this.#fetching;
    if (this.#keys !== keys) return this.#keys;
    const now = performance.now();
    if (now - this.#refetchedAt < this.#times.pause) return undefined;
    this.#refetchedAt = now;
    return this.#fetch();
  }

  #fetch(): Promise<LocalJWKSet> {
    this.#fetching ??= this.#load().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #load(): Promise<LocalJWKSet> {
    const { log, issuer, jwksUri } = this.#options;
    try {
      const document = await fetchDocument(jwksUri ?? (await discoverKeys(issuer)));
      this.#keys = keySet(document);
      this.#fetchedAt = performance.now();
      this.#failure = undefined;
      return this.#keys;
    } catch (error) {
      this.#failure = { error, at: performance.now() };
      if (error instanceof GatewayError) log.warn('oidc.keys-not-fetched', { code: error.code, reason: error.message });
      throw error;
    }
  }
}

function keySet(document: Readonly<Record<string, unknown>>): LocalJWKSet {
  try {
    return createLocalJWKSet(document as unknown as JSONWebKeySet);
  } catch (error) {
    throw unavailable('sends no JSON Web Key Set', error);
  }
}

async function discoverKeys(issuer: string): Promise<string> {
  const document = await fetchDocument(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  // Section 4.3: they must be the same, or one provider could speak for another.
  if (document.issuer !== issuer) throw unavailable('calls itself something else than OIDC_ISSUER');
  const address = typeof document.jwks_uri === 'string' ? URL.parse(document.jwks_uri) : null;
  const protocols = issuer.startsWith('https:') ? ['https:'] : ['https:', 'http:'];
  if (address === null || !protocols.includes(address.protocol)) throw unavailable('names no usable jwks_uri');
  return address.href;
}
