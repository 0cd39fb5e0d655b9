/**
 * How much one identity, or one network address that fails to prove who it is, may ask of this process. Each process counts
 * for itself: with N processes behind a load balancer the limits are N times as wide.
 */
import { isIPv6 } from 'node:net';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Caller } from '../access/caller.ts';
import type { Config } from '../config.ts';
import { GatewayError } from '../errors.ts';
import { HeldCounts } from './held-counts.ts';

/** Seconds of one window of counting; it begins with the first that is counted. */
export const WINDOW_SECONDS = 60;

/** Keys of one limit that are remembered. Beyond it the one that began longest ago is forgotten. */
const MAX_KEYS = 20_000;

/** What is left of a limit. */
export interface Allowance {
  readonly limit: number;
  readonly remaining: number;
  readonly resetSeconds: number;
}

/** The limits of this process. */
export class IdentityLimits {
  readonly #requests: Window;
  readonly #bytes: Window;
  readonly #cost: Window;
  readonly #failures: Window;
  readonly #connections: Held;
  readonly #subscriptions: Held;

  constructor(limits: Config['identityLimits'], maxKeys: number = MAX_KEYS) {
    this.#requests = new Window('RATE_LIMIT_REQUESTS_PER_MINUTE', limits.requestsPerMinute, maxKeys);
    this.#bytes = new Window('RATE_LIMIT_BYTES_PER_MINUTE', limits.bytesPerMinute, maxKeys);
    this.#cost = new Window('RATE_LIMIT_COST_PER_MINUTE', limits.costPerMinute, maxKeys);
    this.#failures = new Window('AUTH_FAILURES_PER_MINUTE', limits.authFailuresPerMinute, maxKeys);
    this.#connections = new Held('MAX_CONNECTIONS_PER_IDENTITY', limits.maxConnections);
    this.#subscriptions = new Held('MAX_SUBSCRIPTIONS_PER_IDENTITY', limits.maxSubscriptions);
  }

  /**
   * Counts an HTTP request or an operation of a WebSocket.
   *
   * @returns what is left; undefined where there is no limit
   * @throws GatewayError RATE_LIMITED
   */
  request(caller: Caller): Promise<Allowance | undefined> {
    return this.#requests.take(keyOf(caller), 1);
  }

  /** Counts bytes as they arrive. @throws GatewayError RATE_LIMITED */
  async bytes(caller: Caller, count: number): Promise<void> {
    await this.#bytes.take(keyOf(caller), count);
  }

  /** Counts what an operation costs before it runs. @throws GatewayError RATE_LIMITED */
  async cost(caller: Caller, cost: number): Promise<void> {
    await this.#cost.take(keyOf(caller), cost);
  }

  /** To be asked before a credential is looked at. @throws GatewayError RATE_LIMITED after too many that proved nothing */
  mayAuthenticate(address: string | null): Promise<void> {
    return this.#failures.require(addressKey(address));
  }

  /** Counts a credential that proved nothing. */
  authenticationFailed(address: string | null): Promise<void> {
    return this.#failures.note(addressKey(address));
  }

  /**
   * Counts an open WebSocket.
   *
   * @returns to be called when it is closed
   * @throws GatewayError RATE_LIMITED
   */
  openConnection(caller: Caller): () => void {
    return this.#connections.take(keyOf(caller));
  }

  /** Counts a running subscription; as {@link openConnection}. */
  openSubscription(caller: Caller): () => void {
    return this.#subscriptions.take(keyOf(caller));
  }
}

/** Where everybody is anonymous, at least each address is one. */
function keyOf({ identity, sourceAddress }: Caller): string {
  return identity.kind === 'ANONYMOUS' ? `anonymous@${addressKey(sourceAddress)}` : identity.subject;
}

/** IPv4 by address; IPv6 by its network of 64 bits, since one host may use every address of it. */
export function addressKey(address: string | null): string {
  if (address === null) return 'none';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array<string>(zeros).fill('0'), ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/** Counts within windows of a minute, for a bounded number of keys. */
class Window {
  readonly #setting: string;
  readonly #limit: number;
  readonly #maxKeys: number;
  readonly #limiter: RateLimiterMemory;
  /** When the window of each key ends, the oldest first. */
  readonly #ends = new Map<string, number>();

  constructor(setting: string, limit: number, maxKeys: number) {
    this.#setting = setting;
    this.#limit = limit;
    this.#maxKeys = maxKeys;
    this.#limiter = new RateLimiterMemory({ points: limit, duration: WINDOW_SECONDS });
  }

  async take(key: string, count: number): Promise<Allowance | undefined> {
    if (this.#limit === 0) return undefined;
    const state = await this.#count(key, count);
    if (state.consumedPoints > this.#limit) throw this.#exceeded(state);
    return { limit: this.#limit, remaining: state.remainingPoints, resetSeconds: seconds(state) };
  }

  async note(key: string): Promise<void> {
    if (this.#limit > 0) await this.#count(key, 1);
  }

  async require(key: string): Promise<void> {
    if (this.#limit === 0) return;
    const state = await this.#limiter.get(key);
    if (state !== null && state.consumedPoints >= this.#limit) throw this.#exceeded(state);
  }

  async #count(key: string, count: number): Promise<RateLimiterRes> {
    const state = await this.#limiter.consume(key, count).catch((refused: unknown) => {
      if (refused instanceof RateLimiterRes) return refused;
      throw refused;
    });
    if (state.isFirstInDuration) await this.#remember(key, state.msBeforeNext);
    return state;
  }

  async #remember(key: string, milliseconds: number): Promise<void> {
    const now = Date.now();
    this.#ends.delete(key);
    this.#ends.set(key, now + milliseconds);
    for (const [oldest, end] of this.#ends) {
      if (end > now && this.#ends.size <= this.#maxKeys) return;
      this.#ends.delete(oldest);
      await this.#limiter.delete(oldest);
    }
  }

  #exceeded(state: RateLimiterRes): GatewayError {
    const retryAfterSeconds = seconds(state);
    const problem = `More than ${this.#setting} (${this.#limit}) allows.`;
    return new GatewayError('RATE_LIMITED', problem, { retryAfterSeconds, limit: this.#setting, allowed: this.#limit });
  }
}

const seconds = ({ msBeforeNext }: RateLimiterRes): number => Math.max(1, Math.ceil(msBeforeNext / 1000));

/** Counts what is open. */
class Held {
  readonly #setting: string;
  readonly #limit: number;
  readonly #counts: HeldCounts;

  constructor(setting: string, limit: number) {
    this.#setting = setting;
    this.#limit = limit;
    this.#counts = new HeldCounts(limit);
  }

  take(key: string): () => void {
    const release = this.#counts.take(key);
    if (release !== undefined) return release;
    const problem = `${this.#setting} (${this.#limit}) are open; close one first.`;
    throw new GatewayError('RATE_LIMITED', problem, { limit: this.#setting, allowed: this.#limit });
  }
}
