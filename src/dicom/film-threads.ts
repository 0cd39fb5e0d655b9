import { Piscina } from 'piscina';
import type { Capacity } from '../capacity.ts';
import { deserializeError, GatewayError, type SerializedError } from '../errors.ts';

/** What a thread answers where it failed; errors lose their class between threads, so they travel in plain form. */
export interface FailedAnswer {
  readonly error: SerializedError;
}

/** What the threads are. */
export interface FilmThreadsOptions {
  /** Their code: one function, which never throws. */
  readonly workerFile: URL;
  readonly minThreads: number;
  readonly maxThreads: number;
  /** Those above the fewest end after so long without work. */
  readonly idleTimeoutMs?: number;
  /** Of films under way and waiting. Counted here: piscina 5.3 does not count tasks with a signal in its own queue. */
  readonly capacity: Capacity;
  /** What to say when the threads have been ended, and when one died. */
  readonly problems: { readonly ended: string; readonly died: string };
}

/**
 * Threads that do one thing with films, a bounded number at once, so that no film holds up the main thread. A thread that is
 * aborted or dies ends with its film alone; the pool starts another.
 */
export class FilmThreads<Task, Result extends object> implements AsyncDisposable {
  readonly #pool: Piscina<Task, Result | FailedAnswer>;
  readonly #options: FilmThreadsOptions;
  readonly #disposal = new AbortController();

  constructor(options: FilmThreadsOptions) {
    const { workerFile, minThreads, maxThreads, idleTimeoutMs: idleTimeout } = options;
    this.#options = options;
    this.#pool = new Piscina({
      filename: workerFile.href,
      minThreads,
      maxThreads,
      ...(idleTimeout === undefined ? {} : { idleTimeout }),
    });
    // A thread that dies between two tasks has no caller to tell; the pool has replaced it by then.
    this.#pool.on('error', () => {});
  }

  /**
   * Runs one task.
   *
   * @param signal - ends it, with its thread if one has it; the promise then rejects with the signal's reason
   * @throws GatewayError what the thread answers, BUSY, WORKER_CRASHED when it died, SHUTTING_DOWN after disposal
   */
  async run(task: Task, signal: AbortSignal): Promise<Result> {
    const { capacity, problems } = this.#options;
    signal.throwIfAborted();
    if (this.#disposal.signal.aborted) throw new GatewayError('SHUTTING_DOWN', problems.ended);
    const answer = await capacity.hold(() => this.#run(task, signal));
    if (isFailed(answer)) throw deserializeError(answer.error);
    return answer;
  }

  async #run(task: Task, signal: AbortSignal): Promise<Result | FailedAnswer> {
    const { ended, died } = this.#options.problems;
    try {
      return await this.#pool.run(task, { signal: AbortSignal.any([signal, this.#disposal.signal]) });
    } catch (cause) {
      signal.throwIfAborted();
      if (this.#disposal.signal.aborted) throw new GatewayError('SHUTTING_DOWN', ended);
      throw new GatewayError('WORKER_CRASHED', died, {}, { cause });
    }
  }

  /** Ends the threads; films under way or waiting are rejected with SHUTTING_DOWN. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort();
    await this.#pool.destroy();
  }
}

function isFailed(answer: object): answer is FailedAnswer {
  return 'error' in answer;
}
