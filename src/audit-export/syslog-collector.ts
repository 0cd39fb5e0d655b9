/**
 * A connection to a syslog collector over TLS (RFC 5425).
 *
 * Syslog has no answers, and what a socket has taken may still be lost with it. What the collector has read is certain once it
 * has closed its side after we have closed ours: that close lies behind everything that was sent. So a connection is confirmed by
 * its end, and what was sent over one that broke is sent again. What a collector does with what it has read is its own affair.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

/** Where the collector is, and who we are to it. */
export interface CollectorAddress {
  readonly host: string;
  readonly port: number;
  /** PEM; undefined: the authorities that Node trusts. */
  readonly caFile: string | undefined;
  /** PEM, for collectors that ask for a certificate. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

/** Times in ms. */
export interface CollectorTimes {
  readonly connect: number;
  /** Longest wait for the collector to read on, and to close its side. */
  readonly stall: number;
  /** Before a connection is confirmed by its end; longer than a message takes to the collector and a collector to handle it. */
  readonly settle: number;
}

const KEEP_ALIVE_MS = 10_000;

/** What is wrong with the collector or the way to it; the text holds no data. */
export class CollectorError extends Error {
  override readonly name = 'CollectorError';
}

function brokenBy(problem: string, error: unknown): CollectorError {
  const code = (error as { code?: unknown } | null)?.code;
  return new CollectorError(typeof code === 'string' ? `${problem} (${code})` : problem, { cause: error });
}

/** One connection. */
export class SyslogConnection {
  readonly #socket: TLSSocket;
  readonly #times: CollectorTimes;
  readonly #closed = new AbortController();

  private constructor(socket: TLSSocket, times: CollectorTimes) {
    this.#socket = socket;
    this.#times = times;
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('error', (error) => this.#closed.abort(brokenBy('the connection broke', error)));
    socket.on('end', () => this.#closed.abort(new CollectorError('the collector closed the connection')));
    socket.on('close', () => this.#closed.abort(new CollectorError('the connection is closed')));
    socket.resume(); // a collector says nothing; reading is how its close is noticed
  }

  /** Rejects when the collector cannot be reached, or does not prove that it is the host. Files are read anew each time. */
  static async open(address: CollectorAddress, times: CollectorTimes, signal: AbortSignal): Promise<SyslogConnection> {
    const problem = 'the collector cannot be reached, or is not who it should be';
    let socket: TLSSocket | undefined;
    try {
      socket = connect(await tlsOptions(address));
      await once(socket, 'secureConnect', { signal: AbortSignal.any([signal, AbortSignal.timeout(times.connect)]) });
    } catch (error) {
      socket?.on('error', () => {}); // the first error is thrown
      socket?.destroy();
      throw brokenBy(problem, error);
    }
    return new SyslogConnection(socket, times);
  }

  /** Aborts when the connection has ended, whoever ended it. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Hands a frame over; resolves when there is room for the next. */
  async send(frame: Buffer): Promise<void> {
    this.#closed.signal.throwIfAborted();
    if (this.#socket.write(frame)) return;
    await this.#within('drain');
  }

  /**
   * Closes. Resolves when the collector has read everything, and rejects when that cannot be known. The pause before is for a
   * collector that dies, or closes on its own, while frames are under way or lie unhandled in its memory: its close is then
   * noticed before ours, and confirms nothing.
   *
   * @param patience - longest wait for its close, ms
   */
  async confirm(patience: number = this.#times.stall): Promise<void> {
    await delay(this.#times.settle, undefined, { signal: this.closed }).catch(() => {});
    await setImmediate(); // a close that has arrived is seen before, however late this thread is
    this.closed.throwIfAborted();
    const end = once(this.#socket, 'end', { signal: AbortSignal.timeout(patience) });
    this.#socket.end();
    try {
      await end;
    } catch (error) {
      throw brokenBy('the collector has not confirmed by its close', error);
    } finally {
      this.destroy();
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #within(event: string): Promise<void> {
    const timeout = AbortSignal.timeout(this.#times.stall);
    try {
      await once(this.#socket, event, { signal: AbortSignal.any([this.closed, timeout]) });
    } catch (error) {
      throw timeout.aborted ? new CollectorError('the collector does not read on') : (this.closed.reason ?? error);
    }
  }
}

/** @throws whatever reading the files throws */
export async function tlsOptions(address: CollectorAddress): Promise<ConnectionOptions> {
  const { host, port, caFile, certFile, keyFile } = address;
  const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map((file) => file && readFile(file)));
  return {
    host,
    port,
    minVersion: 'TLSv1.2',
    // The name that its certificate has to have is `host`; only a name may be said in the greeting (RFC 6066 section 3).
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined || ca === '' ? {} : { ca }),
    ...(cert === undefined || cert === '' ? {} : { cert }),
    ...(key === undefined || key === '' ? {} : { key }),
  };
}
