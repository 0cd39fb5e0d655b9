/** A bounded first-come, first-served line in front of a fixed number of threads. */
import { GatewayError } from '../errors.ts';

interface Waiting {
  readonly admit: () => void;
  readonly refuse: (error: GatewayError) => void;
}

/**
 * Counts threads in use and keeps who waits for one. Piscina's own queue is not used: in 5.3.2 tasks with an abort
 * signal go to a side queue that ignores `maxQueue` and is reordered whenever a thread becomes free.
 */
export class ThreadSlots {
  readonly #capacity: number;
  readonly #maxWaiting: number;
  readonly #line = new Set<Waiting>();
  #busy = 0;
  #closed = false;
  readonly #drained = Promise.withResolvers<void>();

  constructor(capacity: number, maxWaiting: number) {
    this.#capacity = capacity;
    this.#maxWaiting = maxWaiting;
  }

  /** Threads in use. */
  get busy(): number {
    return this.#busy;
  }

  /** Callers in line. */
  get waiting(): number {
    return this.#line.size;
  }

  /** Threads that nobody uses or waits for. */
  get free(): number {
    return this.#closed ? 0 : Math.max(0, this.#capacity - this.#busy - this.#line.size);
  }

  /**
   * Takes a thread, waiting in line if none is free. Every success must be followed by one {@link release}.
   *
   * @throws GatewayError BUSY when the line is full, INFERENCE_CANCELLED by the signal, SHUTTING_DOWN after close
   */
  async acquire(signal: AbortSignal | undefined): Promise<void> {
    if (this.#closed) throw shuttingDown();
    if (signal?.aborted) throw cancelled();
    if (this.#busy < this.#capacity) {
      this.#busy++;
      return;
    }
    if (this.#line.size >= this.#maxWaiting) {
      throw new GatewayError('BUSY', `${this.#maxWaiting} films already wait for a thread.`, { retryAfterSeconds: 1 });
    }
    await this.#waitInLine(signal);
  }

  async #waitInLine(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { admit: resolve, refuse: reject };
    const leave = () => {
      if (this.#line.delete(waiting)) reject(cancelled());
    };
    this.#line.add(waiting);
    signal?.addEventListener('abort', leave, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  /** Gives a thread back: straight to the first in line, if any. */
  release(): void {
    const [next] = this.#line;
    if (next === undefined) {
      this.#busy--;
      if (this.#closed && this.#busy === 0) this.#drained.resolve();
      return;
    }
    this.#line.delete(next);
    next.admit();
  }

  /** Refuses everyone in line and all who come later; resolves once no thread is in use. */
  close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#line) waiting.refuse(shuttingDown());
    this.#line.clear();
    if (this.#busy === 0) this.#drained.resolve();
    return this.#drained.promise;
  }
}

/** The caller's signal ended the task. */
export function cancelled(): GatewayError {
  return new GatewayError('INFERENCE_CANCELLED', 'The caller cancelled the task.');
}

/** The pool takes no tasks any more. */
export function shuttingDown(): GatewayError {
  return new GatewayError('SHUTTING_DOWN', 'The inference pool is closed.');
}
