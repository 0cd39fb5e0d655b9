/**
 * The change feed as subscribers see it: durable, totally ordered, resumable by cursor on any process.
 *
 * A subscriber pulls. It holds a position and asks for what follows: from the recent changes that this process keeps,
 * else from the table, page by page. Nothing is queued for it, so a slow one costs no memory; one that takes too long over
 * an event, or falls too far behind the live end, is told so and given the cursor to resume from.
 */
import type { Config } from './config.ts';
import { GatewayError } from './errors.ts';
import type { Log } from './log.ts';
import type { ChangeLog, PositionedChange } from './store/change-log.ts';
import type { ChangeType } from './store/generated/enums.ts';
import { CHANNELS, type Listener } from './store/listener.ts';
import { type AccessScope, UNRESTRICTED } from './store/reads/scope.ts';

/** A change with the cursor that resumes after it. */
export interface ChangeEvent extends PositionedChange {
  /** Opaque; valid on every process that shares the database, until retention has passed it. */
  readonly cursor: string;
}

/** What to receive. */
export interface ChangeSubscription {
  /** Types wanted; all when absent. */
  readonly types?: readonly ChangeType[];
  /** Begin after this cursor; with the next change when absent. */
  readonly after?: string | null;
  /** Ends the subscription, also while it waits. */
  readonly signal?: AbortSignal;
}

/** What the feed needs. */
export interface ChangeFeedOptions {
  readonly changes: ChangeLog;
  readonly listener: Listener;
  readonly limits: Config['subscriptions'];
  readonly retentionDays: number;
  readonly log: Log;
}

/** Changes kept in memory for subscribers at the live end; about 1 MB. */
const RECENT = 4096;

/** Changes read from the table at once. */
const PAGE = 500;

/** Looks for changes without being woken, in case a notification was lost with its connection. */
const POLL_MS = 2000;

const TRIM_INTERVAL_MS = 3600_000;

/** Reads the change feed; one a process. */
export class ChangeFeed implements AsyncDisposable {
  readonly #options: ChangeFeedOptions;
  readonly #recent: PositionedChange[] = [];
  readonly #closing = new AbortController();
  readonly #stops: (() => void)[] = [];
  #waiting = new Set<() => void>();
  #feed = '';
  #head = 0n;
  #advancing: Promise<void> | undefined;
  #woken = false;

  constructor(options: ChangeFeedOptions) {
    this.#options = options;
  }

  /** Begins to follow the table. */
  async open(): Promise<void> {
    const { changes, listener, log, retentionDays } = this.#options;
    this.#head = await changes.advance();
    this.#feed = (await changes.state()).feed;
    this.#stops.push(listener.on(CHANNELS.changes, () => this.#wake()));
    const poll = setInterval(() => this.#wake(), POLL_MS);
    const trim = setInterval(() => {
      changes.trim(retentionDays).then(
        (count) => log.info('changes.trimmed', { count }),
        (error) => log.error('changes.trim-failed', {}, error),
      );
    }, TRIM_INTERVAL_MS);
    this.#stops.push(
      () => clearInterval(poll),
      () => clearInterval(trim),
    );
  }

  /** The cursor after everything that has been committed by now. */
  async currentCursor(): Promise<string> {
    await this.#catchUp();
    return this.#cursor(this.#head);
  }

  /**
   * The changes after a cursor (from the oldest kept when null) that the scope lets through, in order.
   *
   * @throws GatewayError CURSOR_INVALID, CURSOR_EXPIRED
   */
  async page(after: string | null, limit: number, scope: AccessScope): Promise<ChangeEvent[]> {
    await this.#catchUp();
    const position =
      after === null ? (await this.#options.changes.state()).trimmedThrough : await this.#position(after);
    const changes = await this.#options.changes.read(position, limit, scope);
    return changes.map((change) => this.#event(change));
  }

  /**
   * Every change from the cursor on, in order, once; then the live ones. Ends when the signal aborts or the feed closes.
   * They hold ids only, of what the subscriber may not see too: whoever shows them loads the rows through a reader.
   *
   * @throws GatewayError CURSOR_INVALID, CURSOR_EXPIRED, SUBSCRIBER_TOO_SLOW
   */
  subscribe(subscription: ChangeSubscription): AsyncGenerator<ChangeEvent, void, void> {
    return cancellable((signal) => this.#follow(subscription, signal), subscription.signal);
  }

  async *#follow(subscription: ChangeSubscription, signal: AbortSignal): AsyncGenerator<ChangeEvent, void, void> {
    const { maxLag, stallMs } = this.#options.limits;
    const wanted = subscription.types === undefined ? undefined : new Set(subscription.types);
    await this.#catchUp();
    const { after } = subscription;
    let position = after === undefined || after === null ? this.#head : await this.#position(after);
    let live = false;
    while (!signal.aborted && !this.#closing.signal.aborted) {
      live ||= position === this.#head;
      if (live && this.#head - position > BigInt(maxLag)) throw this.#tooSlow(position);
      const changes = await this.#after(position);
      if (changes.length === 0) await this.#change(signal);
      for (const change of changes) {
        position = change.position;
        if (wanted !== undefined && !wanted.has(change.type)) continue;
        const given = performance.now();
        yield this.#event(change);
        if (performance.now() - given > stallMs) throw this.#tooSlow(position);
      }
    }
  }

  /** What follows a position: from memory when it is recent, else one page of the table. */
  async #after(position: bigint): Promise<readonly PositionedChange[]> {
    const oldest = this.#recent[0];
    if (oldest !== undefined && oldest.position <= position + 1n) {
      return this.#recent.slice(Number(position + 1n - oldest.position));
    }
    if (position >= this.#head) return [];
    const changes = await this.#options.changes.read(position, PAGE, UNRESTRICTED);
    // Positions have no gaps, so a missing next one means that retention has overtaken this reader.
    if (changes[0]?.position !== position + 1n) throw expired();
    return changes;
  }

  /** Resolves at the next change, or when the subscriber or the feed ends. */
  async #change(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#closing.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    await promise;
    // Or each change would leave a listener behind for as long as the subscription lives, and adding one goes through all of them.
    signal.removeEventListener('abort', wake);
    this.#waiting.delete(wake);
  }

  /** Has everything that is committed now in view. */
  async #catchUp(): Promise<void> {
    // A round under way may have looked before the caller's commit: wait for one that begins now.
    await this.#advancing;
    this.#wake();
    await this.#advancing;
  }

  #wake(): void {
    this.#woken = true;
    if (this.#closing.signal.aborted) return;
    this.#advancing ??= this.#advance().finally(() => {
      this.#advancing = undefined;
    });
  }

  async #advance(): Promise<void> {
    try {
      while (this.#woken) {
        this.#woken = false;
        const head = await this.#options.changes.advance();
        while (this.#head < head) {
          const changes = await this.#options.changes.read(this.#head, PAGE, UNRESTRICTED);
          const last = changes.at(-1);
          if (last === undefined) break;
          this.#recent.push(...changes);
          this.#recent.splice(0, this.#recent.length - RECENT);
          this.#head = last.position;
          this.#wakeSubscribers();
        }
      }
    } catch (error) {
      // The poll tries again; subscribers wait meanwhile and miss nothing.
      this.#options.log.error('changes.read-failed', {}, error);
    }
  }

  #wakeSubscribers(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const resolve of waiting) resolve();
  }

  #event(change: PositionedChange): ChangeEvent {
    return { ...change, cursor: this.#cursor(change.position) };
  }

  #cursor(position: bigint): string {
    return Buffer.from(`${this.#feed}:${position}`).toString('base64url');
  }

  async #position(cursor: string): Promise<bigint> {
    const match = /^([0-9a-f-]{36}):(\d{1,18})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
    if (match?.[2] === undefined) throw new GatewayError('CURSOR_INVALID', 'This is not a cursor of the change feed.');
    const position = BigInt(match[2]);
    const state = await this.#options.changes.state();
    if (match[1] !== state.feed || position < state.trimmedThrough || position > state.position) throw expired();
    return position;
  }

  #tooSlow(position: bigint): GatewayError {
    return new GatewayError('SUBSCRIBER_TOO_SLOW', 'The subscriber reads more slowly than changes happen.', {
      lastCursor: this.#cursor(position),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const stop of this.#stops.splice(0)) stop();
    this.#wakeSubscribers();
    await this.#advancing;
  }
}

function expired(): GatewayError {
  return new GatewayError('CURSOR_EXPIRED', 'The cursor is older than the retention, or of another database.');
}

/**
 * An async generator whose return() takes effect at once. A plain one would only notice at its next yield, so a
 * subscription that waits for a change would outlive its client until one comes.
 */
export function cancellable<T>(
  generate: (signal: AbortSignal) => AsyncGenerator<T, void, void>,
  outer?: AbortSignal,
): AsyncGenerator<T, void, void> {
  const ending = new AbortController();
  const signal = outer === undefined ? ending.signal : AbortSignal.any([ending.signal, outer]);
  const generator = generate(signal);
  const plainReturn = generator.return.bind(generator);
  generator.return = (value) => {
    ending.abort();
    return plainReturn(value);
  };
  return generator;
}
