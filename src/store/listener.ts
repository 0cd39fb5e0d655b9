/**
 * One connection that LISTENs. A notification only wakes: what happened is read from the tables, so a lost connection
 * loses nothing, and after each reconnect every channel is woken once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Log } from '../log.ts';

/** Channels of the gateway. */
export const CHANNELS = {
  changes: 'cxr_changes',
  jobs: 'cxr_jobs',
  transfers: 'cxr_transfers',
  /** Jobs of re-readings that were made or resumed. */
  rereads: 'cxr_rereads',
  /** API keys and revocations of identities. */
  identities: 'cxr_identities',
  audit: 'cxr_audit',
} as const;

type Channel = (typeof CHANNELS)[keyof typeof CHANNELS];

const FIRST_RECONNECT_MS = 100;
const LONGEST_RECONNECT_MS = 5000;
const CONNECT_TIMEOUT_MS = 5000;

/** Wakes callbacks when another transaction has committed something of interest. */
export class Listener implements AsyncDisposable {
  readonly #url: string;
  readonly #log: Log;
  readonly #callbacks = new Map<Channel, Set<() => void>>();
  readonly #closing = new AbortController();
  #client: pg.Client | undefined;

  /** @param url - a session-pinned connection: LISTEN does not work through a transaction pooler */
  constructor(url: string, log: Log) {
    this.#url = url;
    this.#log = log;
  }

  /** Connects; rejects when the first attempt fails. */
  async open(): Promise<void> {
    await this.#connect();
  }

  /** Calls `wake` after each notification on the channel, and after each reconnect. Returns how to stop that. */
  on(channel: Channel, wake: () => void): () => void {
    const callbacks = this.#callbacks.get(channel) ?? new Set();
    this.#callbacks.set(channel, callbacks);
    callbacks.add(wake);
    return () => callbacks.delete(wake);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'cxr-gateway listener',
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
    // Without a handler a lost connection would end the process; 'end' follows and reconnects.
    client.on('error', () => {});
    client.on('notification', ({ channel }) => this.#wake(channel as Channel));
    try {
      await client.connect();
      for (const channel of Object.values(CHANNELS)) await client.query(`LISTEN ${channel}`);
    } catch (error) {
      await client.end().catch(() => {}); // the first error says more
      throw error;
    }
    // Not before it listens: whoever connects hears of what went wrong until then, and tries again alone.
    client.once('end', () => void this.#reconnect());
    this.#client = client;
  }

  async #reconnect(): Promise<void> {
    this.#client = undefined;
    const { signal } = this.#closing;
    for (let pause = FIRST_RECONNECT_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_RECONNECT_MS)) {
      this.#log.warn('listener.disconnected');
      await delay(pause, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#connect();
      } catch {
        continue; // the database is still away; the next round tries again
      }
      this.#log.info('listener.reconnected');
      for (const channel of Object.values(CHANNELS)) this.#wake(channel);
      return;
    }
  }

  #wake(channel: Channel): void {
    for (const callback of this.#callbacks.get(channel) ?? []) callback();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#callbacks.clear();
    await this.#client?.end().catch(() => {});
  }
}
