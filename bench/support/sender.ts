/** Sends films by STOW-RS and notes, on one clock, when the last byte left and when the pushed findings arrived. */
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

/** One film's way, in milliseconds of performance.now(). */
export interface Journey {
  /** The last byte of the request was handed to the kernel. */
  readonly sentAt: number;
  /** The event arrived. */
  readonly pushedAt: number;
  readonly timings: StageTimes;
}

/** As the gateway reports them. */
export interface StageTimes {
  readonly waitMs: number;
  readonly readMs: number;
  readonly decodeMs: number;
  readonly preprocessMs: number;
  readonly inferenceMs: number;
}

interface Push {
  readonly findingsCompleted: {
    readonly inference: { readonly instance: { readonly sopInstanceUid: string }; readonly timings: StageTimes };
  };
}

const QUERY = `subscription Live($after: String) { findingsCompleted(after: $after) { inference {
  instance { sopInstanceUid } timings { waitMs readMs decodeMs preprocessMs inferenceMs } } } }`;

/** As long as clients make theirs. */
const BOUNDARY = '5d1f3a0c-8e42-4b7e-9a54-6c2f8f0b7d19';
const HEAD = Buffer.from(`--${BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n`);
const TAIL = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);

/** The protocol does not acknowledge a subscription: with a cursor nothing falls between it and the first film. */
async function currentCursor(url: string): Promise<string> {
  const response = await fetch(`${url}/graphql?query=%7BcurrentCursor%7D`, {
    headers: { 'apollo-require-preflight': 'true' },
  });
  const { data } = (await response.json()) as { data: { currentCursor: string } };
  return data.currentCursor;
}

/** A client of one gateway. */
export class Sender implements Disposable {
  readonly #url: URL;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #arrivals = new Map<string, PromiseWithResolvers<{ pushedAt: number; timings: StageTimes }>>();
  readonly #client;

  private constructor(url: string) {
    this.#url = new URL(url);
    this.#client = createClient({
      url: `${url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      lazy: false,
    });
  }

  /** Subscribes first, so that no event is missed. */
  static async open(url: string): Promise<Sender> {
    const sender = new Sender(url);
    sender.#client.subscribe<Push>(
      { query: QUERY, variables: { after: await currentCursor(url) } },
      {
        next: ({ data }) => {
          if (data === undefined || data === null) return;
          const { instance, timings } = data.findingsCompleted.inference;
          sender.#arrival(instance.sopInstanceUid).resolve({ pushedAt: performance.now(), timings });
        },
        error: (error) => {
          throw error;
        },
        complete: () => {},
      },
    );
    return sender;
  }

  /** Sends one film and waits for its findings. */
  async send(path: string, sopInstanceUid: string): Promise<Journey> {
    const sentAt = await this.#store(await readFile(path));
    return { sentAt, ...(await this.#arrival(sopInstanceUid).promise) };
  }

  #arrival(uid: string): PromiseWithResolvers<{ pushedAt: number; timings: StageTimes }> {
    const arrival = this.#arrivals.get(uid) ?? Promise.withResolvers();
    this.#arrivals.set(uid, arrival);
    return arrival;
  }

  #store(film: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      let sentAt = Number.NaN;
      const outgoing = request(
        new URL('/dicomweb/studies', this.#url),
        {
          method: 'POST',
          agent: this.#agent,
          headers: {
            'content-type': `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`,
            'content-length': HEAD.length + film.length + TAIL.length,
          },
        },
        (response) => {
          response.resume();
          response.once('end', () => {
            if (response.statusCode === 200) resolve(sentAt);
            else reject(new Error(`STOW-RS answered ${response.statusCode} ${response.headers.warning ?? ''}`));
          });
        },
      );
      outgoing.once('error', reject);
      outgoing.once('finish', () => {
        sentAt = performance.now();
      });
      outgoing.write(HEAD);
      outgoing.write(film);
      outgoing.end(TAIL);
    });
  }

  [Symbol.dispose](): void {
    void this.#client.dispose();
    this.#agent.destroy();
  }
}
