/**
 * Headers parsed in threads of their own under a deadline, so that no file can hold up the main thread. A parse past
 * its deadline takes its thread with it; the pool starts another. Waiting for a thread does not count against a film:
 * a busy gateway answers BUSY, which the sender may repeat, and never that a good film is malformed.
 */
import { Capacity } from '../capacity.ts';
import type { FilmLimits } from '../config.ts';
import { GatewayError } from '../errors.ts';
import { workerFile } from '../worker-file.ts';
import { FilmThreads } from './film-threads.ts';
import type { GateEffects } from './gate-rules.ts';
import type { HeaderReading, HeaderTask } from './header-worker.ts';

/** Sizes of the pool. */
export interface HeaderReaderOptions {
  /** Threads, 1 or more. */
  readonly threads: number;
  /** Longest time to parse one header. A thread takes a millisecond for an ordinary one. */
  readonly deadlineMs: number;
  readonly limits: FilmLimits;
  /** Of rules of the gate that do other than usual. */
  readonly gate?: GateEffects;
  /** Headers that may wait for a thread; more get BUSY. Default 1024: each waits with its path only. */
  readonly maxQueue?: number;
  /** Longest wait for a thread, then BUSY. Default 30,000. */
  readonly maxWaitMs?: number;
  /** The thread's code; other than in tests the default. */
  readonly workerFile?: URL;
}

const DEFAULT_QUEUE = 1024;
const DEFAULT_WAIT_MS = 30_000;
const RETRY_AFTER_SECONDS = 1;
const TOO_MANY = 'Too many films wait for their header to be parsed.';

/** A bounded pool of threads that parse headers. */
export class HeaderReader implements AsyncDisposable {
  readonly #threads: FilmThreads<HeaderTask, HeaderReading>;
  readonly #options: HeaderReaderOptions;

  constructor(options: HeaderReaderOptions) {
    const { threads, maxQueue = DEFAULT_QUEUE } = options;
    this.#options = options;
    this.#threads = new FilmThreads({
      workerFile: options.workerFile ?? workerFile(import.meta.url, 'header-worker'),
      minThreads: threads,
      maxThreads: threads,
      capacity: new Capacity(threads + maxQueue, TOO_MANY, RETRY_AFTER_SECONDS),
      problems: {
        ended: 'This process no longer parses headers.',
        died: 'The thread that parsed the header died.',
      },
    });
  }

  /**
   * Parses the header of a film and applies the gate.
   *
   * @param signal - gives up early; the promise then rejects with the signal's reason
   * @throws GatewayError those of readHeader, MALFORMED_DICOM when the deadline passes, BUSY when too many wait or one
   *   waits too long, WORKER_CRASHED when the thread died, SHUTTING_DOWN after disposal
   */
  async read(path: string, signal?: AbortSignal): Promise<HeaderReading> {
    const { limits, gate = {}, deadlineMs, maxWaitMs = DEFAULT_WAIT_MS } = this.#options;
    const startedAt = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
    using watch = new Watch(startedAt, deadlineMs, maxWaitMs);
    const ends = signal === undefined ? watch.signal : AbortSignal.any([signal, watch.signal]);
    return await this.#threads.run({ path, limits, gate, startedAt }, ends);
  }

  /** Ends the threads; headers being parsed or waiting are rejected with SHUTTING_DOWN. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#threads[Symbol.asyncDispose]();
  }
}

/** Aborts a task that waits too long for its thread, or that its thread takes too long for. */
class Watch implements Disposable {
  readonly #controller = new AbortController();
  readonly #startedAt: Float64Array<SharedArrayBuffer>;
  readonly #deadlineMs: number;
  readonly #asked = Date.now();
  readonly #maxWaitMs: number;
  #timer: NodeJS.Timeout;

  constructor(startedAt: Float64Array<SharedArrayBuffer>, deadlineMs: number, maxWaitMs: number) {
    this.#startedAt = startedAt;
    this.#deadlineMs = deadlineMs;
    this.#maxWaitMs = maxWaitMs;
    this.#timer = setTimeout(() => this.#look(), deadlineMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    const startedAt = this.#startedAt[0] ?? 0;
    const end = startedAt === 0 ? this.#asked + this.#maxWaitMs : startedAt + this.#deadlineMs;
    const remaining = end - Date.now();
    if (remaining > 0) {
      this.#timer = setTimeout(() => this.#look(), Math.min(remaining, this.#deadlineMs));
      return;
    }
    this.#controller.abort(startedAt === 0 ? busy() : overdue(this.#deadlineMs));
  }
}

function overdue(deadlineMs: number): GatewayError {
  return new GatewayError('MALFORMED_DICOM', `The header could not be parsed within ${deadlineMs} ms.`);
}

function busy(): GatewayError {
  return new GatewayError('BUSY', TOO_MANY, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
