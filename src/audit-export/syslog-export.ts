/**
 * Sends the audit to a syslog collector over TLS, record by record in the order of the chain, each at least once.
 *
 * ```
 * waiting for the lock --held--> idle --records--> sending --quiet, or enough sent--> confirming --> idle
 *        ^                                            |                                   |
 *        +----- backing off <-- the collector is away, the lock or the database is lost --+
 * ```
 *
 * The place in the chain is kept in the database and moves when the collector has confirmed (syslog-collector.ts). After an
 * outage, in this process or another, sending goes on behind the last record confirmed: records sent since then come twice, and can
 * be told by their position. In memory is one page of records.
 */
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import { GatewayError, toGatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { AuditExportStore } from '../store/audit/audit-exports.ts';
import type { AuditedEvent } from '../store/reads/audit-subjects.ts';
import type { AuditSource } from './audit-source.ts';
import { dicomAuditMessages } from './dicom-message.ts';
import { type CollectorAddress, CollectorError, SyslogConnection, tlsOptions } from './syslog-collector.ts';
import { syslogFrame } from './syslog-message.ts';

/** What the export needs. */
export interface SyslogExportOptions {
  readonly exports: AuditExportStore;
  readonly collector: CollectorAddress;
  readonly source: Omit<AuditSource, 'chain'>;
  readonly log: Log;
  readonly times?: Partial<SyslogExportTimes>;
}

/** Times in ms; tests have shorter ones. */
export interface SyslogExportTimes {
  /** Between looks for new records, and for the lock while another process has it. */
  readonly look: number;
  /** Without new records, until the connection is confirmed by its end. */
  readonly quiet: number;
  /** Longest time between two confirmations. */
  readonly unconfirmed: number;
  readonly connect: number;
  readonly stall: number;
  readonly settle: number;
  /** After the first failure; doubles with each. */
  readonly firstDelay: number;
  readonly longestDelay: number;
}

/** How the export stands. */
export interface SyslogExportState {
  /** Whether this process is the one that sends. */
  readonly sends: boolean;
  /** Why nothing arrives at present; undefined when nothing is wrong. */
  readonly problem: string | undefined;
  /** Records that the collector has not confirmed. */
  readonly lag: number;
}

const NAME = 'syslog';

const TIMES: SyslogExportTimes = {
  look: 1000,
  quiet: 2000,
  unconfirmed: 30_000,
  connect: 10_000,
  stall: 30_000,
  settle: 2000,
  firstDelay: 1000,
  longestDelay: 60_000,
};

/** Records read at once. */
const PAGE = 200;

/** Most records that an outage sends again. */
const UNCONFIRMED_RECORDS = 10_000;

/** Longest wait for a confirmation while the process shuts down. */
const LAST_PATIENCE_MS = 2000;

/** Sends from this process, or waits until the one that does is gone. */
export class SyslogExport implements AsyncDisposable {
  readonly #options: SyslogExportOptions;
  readonly #times: SyslogExportTimes;
  readonly #closing = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #sends = false;
  #problem: string | undefined;

  constructor(options: SyslogExportOptions) {
    this.#options = options;
    this.#times = { ...TIMES, ...options.times };
  }

  /**
   * Begins to send.
   *
   * @throws GatewayError CONFIG_INVALID when a file of the settings cannot be read
   */
  async open(): Promise<void> {
    try {
      createSecureContext(await tlsOptions(this.#options.collector));
    } catch (cause) {
      const problem =
        'A file of AUDIT_SYSLOG_CA_FILE, AUDIT_SYSLOG_CERT_FILE or AUDIT_SYSLOG_KEY_FILE is not what it should be.';
      throw new GatewayError('CONFIG_INVALID', problem, {}, { cause });
    }
    this.#running = this.#run();
  }

  /** Looks at the database. */
  async state(): Promise<SyslogExportState> {
    const { exports } = this.#options;
    const [end, position] = await Promise.all([exports.end(), exports.position(NAME)]);
    return { sends: this.#sends, problem: this.#problem, lag: Math.max(0, Number(end - position)) };
  }

  /** Ends between two records; what is unconfirmed then is confirmed if the collector does it at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { firstDelay, longestDelay, look } = this.#times;
    let pause = firstDelay;
    while (!this.#closing.signal.aborted) {
      try {
        await this.#holdAndSend(() => {
          pause = firstDelay;
        });
        await this.#pause(look);
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        this.#report(error, pause);
        await this.#pause(pause);
        pause = Math.min(pause * 2, longestDelay);
      }
    }
  }

  #report(error: unknown, pause: number): void {
    this.#problem = describe(error);
    const fields = { reason: this.#problem, milliseconds: pause };
    if (error instanceof CollectorError) this.#options.log.warn('audit-export.interrupted', fields);
    else this.#options.log.error('audit-export.interrupted', fields, error);
  }

  /** Returns when another process holds the lock or this one closes; throws when something is away. */
  async #holdAndSend(confirmed: () => void): Promise<void> {
    const { exports, log } = this.#options;
    await using held = await exports.hold(NAME);
    if (held === undefined) {
      this.#problem = undefined;
      return;
    }
    this.#sends = true;
    log.info('audit-export.sending');
    try {
      const source = { ...this.#options.source, chain: await exports.chain() };
      const ending = AbortSignal.any([held.lost, this.#closing.signal]);
      let position = await exports.position(NAME);
      while (!ending.aborted) {
        const waiting = await exports.after(position, 1);
        if (waiting.length === 0) {
          await this.#pause(this.#times.look, ending);
          continue;
        }
        position = await this.#sendAfter(position, source, ending);
        this.#problem = undefined;
        confirmed();
      }
      if (held.lost.aborted) throw new GatewayError('DATABASE_UNAVAILABLE', 'The lock was lost with its connection.');
    } finally {
      this.#sends = false;
    }
  }

  /** One connection. @returns the position that the collector has confirmed */
  async #sendAfter(after: bigint, source: AuditSource, ending: AbortSignal): Promise<bigint> {
    const { exports, collector } = this.#options;
    const connection = await SyslogConnection.open(collector, this.#times, ending);
    try {
      const sent = await this.#sendUntilQuiet(after, source, connection, ending);
      await connection.confirm(this.#closing.signal.aborted ? LAST_PATIENCE_MS : this.#times.stall);
      await exports.confirm(NAME, sent);
      return sent;
    } finally {
      connection.destroy();
    }
  }

  async #sendUntilQuiet(
    after: bigint,
    source: AuditSource,
    connection: SyslogConnection,
    ending: AbortSignal,
  ): Promise<bigint> {
    const { look, quiet, unconfirmed } = this.#times;
    const began = performance.now();
    let sent = after;
    let sentAt = began;
    const enough = () => sent - after >= UNCONFIRMED_RECORDS || performance.now() - began > unconfirmed;
    while (!ending.aborted && !enough()) {
      const events = await this.#options.exports.after(sent, PAGE);
      for (const event of events) {
        await sendEvent(event, source, connection);
        sent = event.record.position;
        sentAt = performance.now();
        if (ending.aborted) break;
      }
      if (events.length > 0) continue;
      if (performance.now() - sentAt > quiet) break;
      await this.#pause(look, AbortSignal.any([ending, connection.closed]));
      connection.closed.throwIfAborted();
    }
    return sent;
  }

  /** Waits, but not longer than the signal lets it. */
  async #pause(milliseconds: number, signal: AbortSignal = this.#closing.signal): Promise<void> {
    await delay(milliseconds, undefined, { signal, ref: false }).catch(() => {});
  }
}

async function sendEvent(event: AuditedEvent, source: AuditSource, connection: SyslogConnection): Promise<void> {
  const { occurredAt, outcome } = event.record;
  const header = {
    timestamp: occurredAt,
    hostname: hostname(),
    processId: process.pid,
    warning: outcome !== 'SUCCESS',
  };
  for (const message of dicomAuditMessages(event, source)) await connection.send(syslogFrame(message, header));
}

/** For the log and /readyz. */
function describe(error: unknown): string {
  if (error instanceof CollectorError) return error.message;
  const { code } = toGatewayError(error);
  return code === 'INTERNAL' ? 'something unexpected went wrong' : code;
}
