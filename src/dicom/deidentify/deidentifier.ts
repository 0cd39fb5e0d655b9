/**
 * Films de-identified in threads of their own under a deadline, so that no file holds up the main thread. The threads start when they
 * are needed and end after a while without work: most gateways give out few such films.
 */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { Piscina } from 'piscina';
import { Capacity } from '../../capacity.ts';
import type { FilmLimits } from '../../config.ts';
import { deserializeError, GatewayError } from '../../errors.ts';
import type { DeidentifiedFilm, Pseudonyms } from './deidentify-film.ts';
import type { DeidentifyAnswer, DeidentifyTask } from './deidentify-worker.ts';

/** Sizes of the pool. */
export interface DeidentifierOptions {
  readonly threads: number;
  readonly limits: FilmLimits;
  /** Longest time for one film, waiting for a thread included. Default 30,000; a warm thread takes 1. */
  readonly deadlineMs?: number;
  /** Films under way and waiting; more get BUSY. Default 64. */
  readonly maxFilms?: number;
}

const DEFAULT_DEADLINE_MS = 30_000;
const DEFAULT_FILMS = 64;
const IDLE_MS = 30_000;
const RETRY_AFTER_SECONDS = 1;

/** A bounded pool of threads that de-identify films. */
export class Deidentifier implements AsyncDisposable {
  readonly #pool: Piscina<DeidentifyTask, DeidentifyAnswer>;
  readonly #options: DeidentifierOptions;
  readonly #disposal = new AbortController();
  /** Under way and waiting. Counted here: piscina does not count tasks with a signal in its own queue. */
  readonly #outstanding: Capacity;

  constructor(options: DeidentifierOptions) {
    this.#options = options;
    const { maxFilms = DEFAULT_FILMS } = options;
    this.#outstanding = new Capacity(maxFilms, 'Too many films are being de-identified.', RETRY_AFTER_SECONDS);
    this.#pool = new Piscina({
      filename: workerFile().href,
      minThreads: 0,
      maxThreads: options.threads,
      idleTimeout: IDLE_MS,
    });
    // A thread that dies between two tasks has no caller to tell; the pool has replaced it by then.
    this.#pool.on('error', () => {});
  }

  /**
   * Makes sure that a film may be given out without its identity, and tells which of its UIDs need a pseudonym.
   *
   * @throws GatewayError DEIDENTIFICATION_REFUSED, what reading throws, BUSY, SHUTTING_DOWN
   */
  async uids(path: string): Promise<readonly string[]> {
    const answer = await this.#run({ path, limits: this.#options.limits, pseudonyms: undefined });
    return 'uids' in answer ? answer.uids : [];
  }

  /**
   * Everything before the pixels, and where those are.
   *
   * @throws GatewayError as {@link uids}
   */
  async deidentify(path: string, pseudonyms: Pseudonyms): Promise<DeidentifiedFilm> {
    const answer = await this.#run({ path, limits: this.#options.limits, pseudonyms });
    if ('film' in answer) return answer.film;
    throw new GatewayError('INTERNAL', 'The thread gave no film.');
  }

  async #run(task: DeidentifyTask): Promise<Exclude<DeidentifyAnswer, { readonly error: unknown }>> {
    const { deadlineMs = DEFAULT_DEADLINE_MS } = this.#options;
    if (this.#disposal.signal.aborted) throw shuttingDown();
    const giveBack = this.#outstanding.take();
    const deadline = AbortSignal.timeout(deadlineMs);
    let answer: DeidentifyAnswer;
    try {
      answer = await this.#pool.run(task, { signal: AbortSignal.any([deadline, this.#disposal.signal]) });
    } catch (error) {
      if (this.#disposal.signal.aborted) throw shuttingDown();
      if (deadline.aborted) throw new GatewayError('BUSY', `The film was not de-identified within ${deadlineMs} ms.`);
      throw new GatewayError('WORKER_CRASHED', 'The thread that de-identified the film died.', {}, { cause: error });
    } finally {
      giveBack();
    }
    if ('error' in answer) throw deserializeError(answer.error);
    return answer;
  }

  /** Ends the threads; films under way are rejected with SHUTTING_DOWN. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort();
    await this.#pool.destroy();
  }
}

/** The bytes of a de-identified film: its header, then the pixels as they are read from the stored file. */
export async function* bytesOf(path: string, { header, pixels }: DeidentifiedFilm): AsyncGenerator<Uint8Array> {
  yield header;
  const { offset, length, deflatedFrom } = pixels;
  let done = 0;
  if (deflatedFrom === undefined) {
    if (length === 0) return;
    for await (const chunk of createReadStream(path, { start: offset, end: offset + length - 1 })) {
      done += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
  } else {
    const inflater = createInflateRaw();
    // Errors reach the loop below through the inflater.
    pipeline(createReadStream(path, { start: deflatedFrom }), inflater, () => {});
    let position = 0;
    for await (const chunk of inflater as AsyncIterable<Buffer>) {
      const part = chunk.subarray(Math.max(0, offset - position), Math.max(0, offset + length - position));
      position += chunk.length;
      done += part.length;
      if (part.length > 0) yield part;
      if (done === length) break;
    }
  }
  if (done < length) throw new GatewayError('BLOB_UNREADABLE', 'The stored film ends before its pixels do.');
}

function workerFile(): URL {
  return new URL(
    import.meta.url.endsWith('.ts') ? './deidentify-worker.ts' : './deidentify-worker.js',
    import.meta.url,
  );
}

function shuttingDown(): GatewayError {
  return new GatewayError('SHUTTING_DOWN', 'This process no longer de-identifies films.');
}
