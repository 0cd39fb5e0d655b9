/**
 * Watches the identities of live connections. News of another process wake it by NOTIFY; a look every half second covers
 * news that were lost. One look is two short statements, and there is none while nobody is connected.
 */
import type { Log } from '../log.ts';
import type { ApiKeyStore } from '../store/api-keys.ts';
import type { IdentityRevocationStore } from '../store/identity-revocations.ts';
import { CHANNELS, type Listener } from '../store/listener.ts';
import type { Identity } from './identity.ts';
import type { IdentityEnd, IdentityState, IdentityWatch } from './identity-watch.ts';
import { isRevoked } from './token-identities.ts';

/** What is looked at. */
export interface LiveIdentitiesOptions {
  readonly keys: ApiKeyStore;
  readonly revocations: IdentityRevocationStore;
  readonly listener: Listener;
  /** How far the clock of an identity's issuer may be ahead, ms. */
  readonly clockSkewMs: (identity: Identity) => number;
  readonly log: Log;
}

/** What a look found. */
interface Standing {
  readonly revoked: boolean;
  readonly expiresAt: Date | null;
}

/** An identity as long as somebody watches it. */
interface Watched {
  readonly identity: Identity;
  readonly ends: Set<(why: IdentityEnd) => void>;
  /** Undefined until the first look. */
  standing: Standing | undefined;
}

const LOOK_MS = 500;

/** Nothing is shown on the ground of an older look. */
const OLDEST_LOOK_MS = 1000;

/** The longest that a timer can wait. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The watch of one process. */
export class LiveIdentities implements IdentityWatch, AsyncDisposable {
  readonly #options: LiveIdentitiesOptions;
  /** By {@link keyOf}. */
  readonly #watched = new Map<string, Watched>();
  readonly #stopListening: () => void;
  readonly #timer: NodeJS.Timeout;
  #expiry: NodeJS.Timeout | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #closed = false;

  constructor(options: LiveIdentitiesOptions) {
    this.#options = options;
    this.#stopListening = options.listener.on(CHANNELS.identities, () => this.#wake());
    this.#timer = setInterval(() => this.#wake(), LOOK_MS);
  }

  state(identity: Identity): IdentityState {
    return stateOf(identity, this.#watched.get(keyOf(identity))?.standing);
  }

  async confirm(identity: Identity): Promise<IdentityState> {
    const watched = this.#watched.get(keyOf(identity));
    if (watched === undefined) return stateOf(identity, undefined);
    const isOld = performance.now() - this.#lookedAt > OLDEST_LOOK_MS;
    if (watched.standing === undefined || isOld) await this.#look();
    return stateOf(identity, watched.standing);
  }

  onEnd(identity: Identity, end: (why: IdentityEnd) => void): () => void {
    if (!canEnd(identity)) return () => {};
    const key = keyOf(identity);
    const watched = this.#watched.get(key) ?? { identity, ends: new Set(), standing: undefined };
    this.#watched.set(key, watched);
    watched.ends.add(end);
    this.#armExpiry();
    // It may have ended since it was authenticated.
    this.#wake();
    return () => {
      watched.ends.delete(end);
      if (watched.ends.size === 0 && this.#watched.get(key) === watched) this.#watched.delete(key);
    };
  }

  #wake(): void {
    if (this.#watched.size === 0 || this.#closed) return;
    this.#look().catch((error: unknown) => {
      // confirm() looks for itself, so nothing is shown meanwhile.
      this.#options.log.warn('identities.not-looked-at', { reason: (error as Error).name });
    });
  }

  /** One look at a time; one that is asked for meanwhile follows, since the one under way may have seen less. */
  #look(): Promise<void> {
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return this.#looking;
    }
    this.#looking = this.#lookUntilSeen().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookUntilSeen(): Promise<void> {
    do {
      this.#lookAgain = false;
      const began = performance.now();
      await this.#readStandings([...this.#watched.values()]);
      this.#lookedAt = began;
      this.#endThose();
    } while (this.#lookAgain && !this.#closed);
  }

  async #readStandings(all: readonly Watched[]): Promise<void> {
    const { keys, revocations, clockSkewMs } = this.#options;
    const identities = all.map(({ identity }) => identity);
    const keyIds = new Set(identities.flatMap(({ apiKeyId }) => (apiKeyId === null ? [] : [apiKeyId])));
    const holders = new Set(identities.flatMap(({ apiKeyId, subject }) => (apiKeyId === null ? [subject] : [])));
    const [standings, revoked] = await Promise.all([keys.standings([...keyIds]), revocations.latest([...holders])]);
    const known = new Map(standings.map((standing) => [standing.id, standing]));
    for (const watched of all) {
      const { identity } = watched;
      const { apiKeyId, subject } = identity;
      if (apiKeyId === null) {
        const isOver = isRevoked(identity, revoked.get(subject), clockSkewMs(identity));
        watched.standing = { revoked: isOver, expiresAt: identity.expiresAt };
      } else {
        const key = known.get(apiKeyId);
        watched.standing = { revoked: key?.revokedAt !== null, expiresAt: key?.expiresAt ?? null };
      }
    }
  }

  #endThose(): void {
    for (const { identity, ends, standing } of this.#watched.values()) {
      const state = stateOf(identity, standing);
      if (state === 'VALID') continue;
      for (const end of [...ends]) end(state);
    }
    this.#armExpiry();
  }

  /** One timer, for the identity that expires first. */
  #armExpiry(): void {
    clearTimeout(this.#expiry);
    const now = Date.now();
    const times = [...this.#watched.values()].map(({ identity, standing }) => expiryOf(identity, standing));
    const first = Math.min(...times.filter((time) => time > now));
    if (first === Number.POSITIVE_INFINITY || this.#closed) return;
    this.#expiry = setTimeout(() => this.#endThose(), Math.min(first - now, LONGEST_TIMER_MS));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    clearInterval(this.#timer);
    clearTimeout(this.#expiry);
    await this.#looking?.catch(() => {});
  }
}

function stateOf(identity: Identity, standing: Standing | undefined): IdentityState {
  if (standing?.revoked === true) return 'REVOKED';
  return expiryOf(identity, standing) <= Date.now() ? 'EXPIRED' : 'VALID';
}

/** Milliseconds since 1970; rotating a key brings its expiry forward. */
function expiryOf({ expiresAt }: Identity, standing: Standing | undefined): number {
  const times = [expiresAt, standing?.expiresAt ?? null].map((time) => time?.getTime() ?? Number.POSITIVE_INFINITY);
  return Math.min(...times);
}

/** Identities of one subject with tokens of different age end at different times. */
function keyOf({ subject, issuedAt, expiresAt }: Identity): string {
  return `${subject} ${issuedAt?.getTime() ?? ''} ${expiresAt?.getTime() ?? ''}`;
}

/** Whether anything but the end of the process can end it. */
function canEnd({ kind }: Identity): boolean {
  return kind === 'PERSON' || kind === 'API_KEY';
}
