/** API key -> identity. */
import { BackgroundTasks } from '../background-tasks.ts';
import type { Log } from '../log.ts';
import type { ApiKeyRow, ApiKeyStore } from '../store/api-keys.ts';
import { hashOfApiKey, isApiKeySecret } from './api-key-secret.ts';
import type { Identity } from './identity.ts';
import { ShortCache } from './short-cache.ts';
import { unauthenticated } from './unauthenticated.ts';

/** A key that was just looked up is not looked up again for this long, unless keys have changed. */
const CACHE_MS = 2000;
const CACHED_KEYS = 10_000;

const MINUTE_MS = 60_000;

/** Proves API keys, and notes to the minute when each was last used. */
export class ApiKeyIdentities implements AsyncDisposable {
  readonly #keys: ApiKeyStore;
  readonly #log: Log;
  readonly #cache = new ShortCache<ApiKeyRow | null>(CACHE_MS, CACHED_KEYS);
  /** The minute in which the use of a key was last noted by this process. */
  readonly #noted = new Map<string, number>();
  readonly #writes = new BackgroundTasks();

  constructor(keys: ApiKeyStore, log: Log) {
    this.#keys = keys;
    this.#log = log;
  }

  /** @throws GatewayError UNAUTHENTICATED, DATABASE_UNAVAILABLE */
  async identify(secret: string): Promise<Identity> {
    if (!isApiKeySecret(secret)) throw unauthenticated('INVALID');
    const hash = hashOfApiKey(secret);
    const key = await this.#cache.get(hash, () => this.#keys.byHash(hash));
    if (key === null || key.revokedAt !== null) throw unauthenticated('INVALID');
    if (key.expiresAt.getTime() <= Date.now()) throw unauthenticated('EXPIRED');
    this.#noteUse(key.id);
    return identityOfKey(key);
  }

  /** Forgets what was looked up: keys have changed. */
  forget(): void {
    this.#cache.clear();
  }

  /** One write a minute, however many requests. It is not waited for. */
  #noteUse(id: string): void {
    const minute = Math.floor(Date.now() / MINUTE_MS);
    if (this.#noted.get(id) === minute) return;
    if (this.#noted.size >= CACHED_KEYS) this.#noted.clear();
    this.#noted.set(id, minute);
    this.#writes.add(this.#keys.used(id, new Date(minute * MINUTE_MS)), (error) =>
      this.#log.warn('api-key.use-not-noted', { reason: (error as Error).name }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writes.ended();
  }
}

function identityOfKey(key: ApiKeyRow): Identity {
  return {
    subject: `api-key:${key.id}`,
    kind: 'API_KEY',
    displayName: key.name,
    roles: key.roles,
    issuers: key.issuers.includes('*') ? 'ALL' : key.issuers,
    studies: key.studies,
    deidentifiedOnly: key.deidentifiedOnly,
    issuedAt: key.createdAt,
    expiresAt: key.expiresAt,
    apiKeyId: key.id,
  };
}
