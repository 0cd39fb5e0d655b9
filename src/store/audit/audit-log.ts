/**
 * The audit's way in. What concurrent operations of this process have to record while a write is under way is gathered and
 * written next, as one: a write costs a commit, however many operations wait for it.
 *
 * What waits is bounded. Over the bound an operation waits for room, and no longer than the time limit for everything: then it
 * gets AUDIT_UNAVAILABLE and shows nothing. Its record may still be written.
 *
 * Rows of changes (append.ts) are sealed by whoever writes next, at the latest a moment after their commit by the process that
 * the notification reaches first.
 */
import { isDatabaseOutage } from '../../database-outage.ts';
import { GatewayError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { CHANNELS, type Listener } from '../listener.ts';
import type { AuditActor, AuditEntry } from './audit-entry.ts';
import { type AuditContent, auditRows } from './audit-row.ts';
import { type ChainEnd, ChainWriter, SEALED_AT_ONCE } from './chain-writer.ts';

/** How to write the audit. */
export interface AuditLogOptions {
  readonly url: string;
  readonly listener: Listener;
  readonly log: Log;
  /** false records no reads; for benches. */
  readonly enabled?: boolean;
  /** Longest time until a record is durable, ms. */
  readonly timeoutMs?: number;
  /** Longest wait for the answer to one statement of the database, ms. */
  readonly statementTimeoutMs?: number;
  /** Most rows that wait. */
  readonly maxWaitingRows?: number;
}

const TIMEOUT_MS = 5000;

/** About 20 MB. */
const MAX_WAITING_ROWS = 20_000;

/** Operations that wait for room; more are refused at once. */
const MAX_WAITING_FOR_ROOM = 1000;

/** Rows of one write. */
const MAX_GROUP_ROWS = 2000;

/** Changes that follow one another closely are sealed together. */
const SEAL_AFTER_MS = 50;

/** Seals without being woken, in case a notification was lost with its connection. */
const POLL_MS = 2000;

const DAY_MS = 86_400_000;

interface Waiting {
  readonly rows: readonly AuditContent[];
  readonly written: PromiseWithResolvers<void>;
}

/** Records who saw and did what; one a process. */
export class AuditLog implements AsyncDisposable {
  readonly enabled: boolean;
  readonly #options: AuditLogOptions;
  readonly #chain: ChainWriter;
  readonly #stops: (() => void)[] = [];
  readonly #waiting: Waiting[] = [];
  #waitingRows = 0;
  #waitingForRoom = 0;
  #room = Promise.withResolvers<void>();
  #writing: Promise<void> | undefined;
  #sealing = false;
  #sealTimer: NodeJS.Timeout | undefined;

  constructor(options: AuditLogOptions) {
    this.#options = options;
    this.enabled = options.enabled ?? true;
    this.#chain = new ChainWriter(options.url, options.statementTimeoutMs);
  }

  /** Begins to seal what changes leave. */
  open(): void {
    this.#stops.push(this.#options.listener.on(CHANNELS.audit, () => this.#sealSoon()));
    const poll = setInterval(() => this.#sealSoon(), POLL_MS);
    // A copy of the head that leaves the database: whoever rewrites the chain cannot rewrite the log of another machine.
    const daily = setInterval(() => void this.#logHead(), DAY_MS);
    this.#stops.push(
      () => clearInterval(poll),
      () => clearInterval(daily),
    );
    void this.#logHead();
    this.#sealSoon();
  }

  /** Rows that wait to be written. */
  get waitingRows(): number {
    return this.#waitingRows;
  }

  /**
   * Records what an operation has seen or tried. Resolves when it is durable and in the chain.
   *
   * @throws GatewayError AUDIT_UNAVAILABLE; then nothing of it may be shown
   */
  async record(actor: AuditActor, entries: readonly AuditEntry[]): Promise<void> {
    if (!this.enabled || entries.length === 0) return;
    const rows = auditRows(actor, entries, new Date());
    const { timeoutMs = TIMEOUT_MS } = this.#options;
    const late = Promise.withResolvers<never>();
    late.promise.catch(() => {});
    const timer = setTimeout(() => late.reject(unavailable('The audit could not be written in time.')), timeoutMs);
    try {
      await this.#takeRoom(rows.length, late.promise);
      const written = Promise.withResolvers<void>();
      written.promise.catch(() => {}); // after the time limit nobody waits for it
      this.#waiting.push({ rows, written });
      this.#write();
      await Promise.race([written.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Seals all rows of changes that are committed now. */
  async seal(): Promise<void> {
    do {
      this.#sealing = true;
      this.#write();
      await this.#writing;
    } while (this.#sealing);
  }

  /** Where the chain ends now. */
  end(): Promise<ChainEnd> {
    return this.#chain.end();
  }

  /** Counts the rows in once there is room for them; looking and counting are one step. */
  async #takeRoom(rows: number, late: Promise<never>): Promise<void> {
    const { maxWaitingRows = MAX_WAITING_ROWS } = this.#options;
    while (this.#waitingRows > 0 && this.#waitingRows + rows > maxWaitingRows) {
      if (this.#waitingForRoom >= MAX_WAITING_FOR_ROOM) throw unavailable('Too much waits for the audit.');
      this.#waitingForRoom += 1;
      try {
        await Promise.race([this.#room.promise, late]);
      } finally {
        this.#waitingForRoom -= 1;
      }
    }
    this.#waitingRows += rows;
  }

  #sealSoon(): void {
    this.#sealTimer ??= setTimeout(() => {
      this.#sealTimer = undefined;
      this.#sealing = true;
      this.#write();
    }, SEAL_AFTER_MS);
  }

  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#waiting.length > 0 || this.#sealing) this.#write();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0 || this.#sealing) {
      const sealing = this.#sealing;
      this.#sealing = false;
      const group = this.#nextGroup();
      try {
        const sealed = await this.#chain.write(
          group.flatMap(({ rows }) => rows),
          sealing,
        );
        this.#sealing ||= sealed === SEALED_AT_ONCE;
        for (const { written } of group) written.resolve();
      } catch (error) {
        await this.#failed(group, error);
      }
    }
  }

  #nextGroup(): readonly Waiting[] {
    let rows = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && rows + waiting.rows.length > MAX_GROUP_ROWS) break;
      rows += waiting.rows.length;
      count += 1;
    }
    const group = this.#waiting.splice(0, count);
    this.#waitingRows -= rows;
    const room = this.#room;
    this.#room = Promise.withResolvers();
    room.resolve();
    return group;
  }

  async #failed(group: readonly Waiting[], error: unknown): Promise<void> {
    const outage = isDatabaseOutage(error);
    this.#options.log.error('audit.write-failed', { count: group.length }, error);
    for (const { rows, written } of group) {
      // A row that the database does not take fails its own operation, not those beside it.
      const alone = outage || group.length === 1 ? Promise.reject(error) : this.#chain.write(rows);
      await alone.then(
        () => written.resolve(),
        (cause) => written.reject(unavailable('The audit could not be written.', cause)),
      );
    }
  }

  async #logHead(): Promise<void> {
    try {
      const { position, hash } = await this.#chain.end();
      this.#options.log.info('audit.head', { position: String(position), digest: hash });
    } catch (error) {
      this.#options.log.error('audit.head-unknown', {}, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    clearTimeout(this.#sealTimer);
    while (this.#writing !== undefined) await this.#writing;
    await this.#chain[Symbol.asyncDispose]();
  }
}

function unavailable(problem: string, cause?: unknown): GatewayError {
  return new GatewayError('AUDIT_UNAVAILABLE', problem, {}, { cause });
}
