/** A task that holds a worker thread: its deadline, its cancellation, and how it is ended before it answers. */
import { GatewayError } from '../errors.ts';
import { NativeGate } from './native-gate.ts';
import { cancelled, shuttingDown } from './slots.ts';

/** Why a task was ended before it answered. */
export type EndReason = 'DEADLINE' | 'CANCELLED' | 'NO_WORKER' | 'SHUTDOWN';

/**
 * From the moment a task has a thread until it has answered. Timer and listener are its own, not those of
 * AbortSignal.timeout and AbortSignal.any: they go with the task, not with the next garbage collection.
 */
export class RunningTask implements Disposable {
  readonly #timeoutMs: number;
  readonly #caller: AbortSignal | undefined;
  readonly #deadline: NodeJS.Timeout;
  readonly #gate = new NativeGate();
  readonly #terminate = new AbortController();
  readonly #cancel = () => this.end('CANCELLED');
  #ended: EndReason | undefined;

  /**
   * @param timeoutMs - deadline from now, in milliseconds
   * @param caller - cancels the task
   */
  constructor(timeoutMs: number, caller: AbortSignal | undefined) {
    this.#timeoutMs = timeoutMs;
    this.#caller = caller;
    this.#deadline = setTimeout(() => this.end('DEADLINE'), timeoutMs);
    caller?.addEventListener('abort', this.#cancel, { once: true });
    if (caller?.aborted) this.end('CANCELLED');
  }

  /** Aborted when the thread is to be terminated. */
  get terminateSignal(): AbortSignal {
    return this.#terminate.signal;
  }

  /** To be sent to the worker, see native-gate.ts. */
  get gate(): NativeGate['word'] {
    return this.#gate.word;
  }

  /** What to reject the task with if it was ended. */
  get endError(): GatewayError | undefined {
    return this.#ended === undefined ? undefined : errorOf(this.#ended, this.#timeoutMs);
  }

  /** Ends the task: by terminating its thread or, within a call of ONNX Runtime, by letting the worker answer early. */
  end(reason: EndReason): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    if (this.#gate.end() === 'JAVASCRIPT') this.#terminate.abort();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#deadline);
    this.#caller?.removeEventListener('abort', this.#cancel);
  }
}

function errorOf(reason: EndReason, timeoutMs: number): GatewayError {
  switch (reason) {
    case 'CANCELLED':
      return cancelled();
    case 'DEADLINE':
      return new GatewayError('INFERENCE_TIMEOUT', `The task held a worker thread for ${timeoutMs} ms.`);
    case 'NO_WORKER':
      return workerCrashed();
    case 'SHUTDOWN':
      return shuttingDown();
  }
}

/** The thread ended by itself. */
export function workerCrashed(cause?: unknown): GatewayError {
  return new GatewayError('WORKER_CRASHED', 'The worker thread ended by itself.', {}, { cause });
}
