/**
 * Films de-identified in threads of their own under a deadline, so that no file holds up the main thread. The threads start when they
 * are needed and end after a while without work: most gateways give out few such films.
 */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { Capacity } from '../../capacity.ts';
import type { FilmLimits } from '../../config.ts';
import { GatewayError } from '../../errors.ts';
import { workerFile } from '../../worker-file.ts';
import { FilmThreads } from '../film-threads.ts';
import type { DeidentifiedFilm, Pseudonyms } from './deidentify-film.ts';
import type { DeidentifyResult, DeidentifyTask } from './deidentify-worker.ts';

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
  readonly #threads: FilmThreads<DeidentifyTask, DeidentifyResult>;
  readonly #limits: FilmLimits;
  readonly #deadlineMs: number;

  constructor({ threads, limits, deadlineMs = DEFAULT_DEADLINE_MS, maxFilms = DEFAULT_FILMS }: DeidentifierOptions) {
    this.#limits = limits;
    this.#deadlineMs = deadlineMs;
    this.#threads = new FilmThreads({
      workerFile: workerFile(import.meta.url, 'deidentify-worker'),
      minThreads: 0,
      maxThreads: threads,
      idleTimeoutMs: IDLE_MS,
      capacity: new Capacity(maxFilms, 'Too many films are being de-identified.', RETRY_AFTER_SECONDS),
      problems: {
        ended: 'This process no longer de-identifies films.',
        died: 'The thread that de-identified the film died.',
      },
    });
  }

  /**
   * Makes sure that a film may be given out without its identity, and tells which of its UIDs need a pseudonym.
   *
   * @throws GatewayError DEIDENTIFICATION_REFUSED, what reading throws, BUSY, WORKER_CRASHED, SHUTTING_DOWN
   */
  async uids(path: string): Promise<readonly string[]> {
    const result = await this.#run(path, undefined);
    return 'uids' in result ? result.uids : [];
  }

  /**
   * Everything before the pixels, and where those are.
   *
   * @throws GatewayError as {@link uids}
   */
  async deidentify(path: string, pseudonyms: Pseudonyms): Promise<DeidentifiedFilm> {
    const result = await this.#run(path, pseudonyms);
    if ('film' in result) return result.film;
    throw new GatewayError('INTERNAL', 'The thread gave no film.');
  }

  async #run(path: string, pseudonyms: Pseudonyms | undefined): Promise<DeidentifyResult> {
    const deadline = AbortSignal.timeout(this.#deadlineMs);
    try {
      return await this.#threads.run({ path, limits: this.#limits, pseudonyms }, deadline);
    } catch (error) {
      if (!deadline.aborted || error !== deadline.reason) throw error;
      throw new GatewayError('BUSY', `The film was not de-identified within ${this.#deadlineMs} ms.`);
    }
  }

  /** Ends the threads; films under way are rejected with SHUTTING_DOWN. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#threads[Symbol.asyncDispose]();
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
