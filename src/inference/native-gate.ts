/**
 * Keeps a worker thread from being ended while it is inside ONNX Runtime. Its binding (onnxruntime-node 1.30.0) throws
 * a C++ exception that nobody catches when its thread is terminated meanwhile, and the whole process aborts (SIGABRT,
 * reproduced within a few cancelled tasks).
 *
 * The main thread and the worker share one word, which moves by compare-and-exchange only:
 *
 *   JAVASCRIPT -> NATIVE       the worker is about to call ONNX Runtime
 *   NATIVE     -> JAVASCRIPT   the call has returned
 *   JAVASCRIPT -> ENDED        the main thread ended the task: it may terminate the thread, no call can begin any more
 *   NATIVE     -> ENDED        the main thread ended the task: the worker notices when the call returns, and answers
 */
import { GatewayError } from '../errors.ts';

const JAVASCRIPT = 0;
const NATIVE = 1;
const ENDED = 2;

/** Where a worker was when its task was ended. */
export type Whereabouts = 'JAVASCRIPT' | 'NATIVE';

/** One task's gate; both threads have one over the same {@link NativeGate.word}. */
export class NativeGate {
  /** To be sent to the other thread. */
  readonly word: Int32Array<SharedArrayBuffer>;

  constructor(word = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))) {
    this.word = word;
  }

  /**
   * Main thread: ends the task, once. After JAVASCRIPT the thread may be terminated; after NATIVE it must not be, and
   * its answer comes as soon as the call returns.
   */
  end(): Whereabouts {
    for (;;) {
      if (this.#move(JAVASCRIPT, ENDED)) return 'JAVASCRIPT';
      if (this.#move(NATIVE, ENDED)) return 'NATIVE';
      // The worker moved between the two looks.
    }
  }

  /**
   * Worker: does what calls ONNX Runtime.
   *
   * @throws GatewayError INFERENCE_CANCELLED when the task was ended before or meanwhile
   */
  async native<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#move(JAVASCRIPT, NATIVE)) throw ended();
    const [outcome] = await Promise.allSettled([work()]);
    if (!this.#move(NATIVE, JAVASCRIPT)) throw ended();
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  }

  #move(from: number, to: number): boolean {
    return Atomics.compareExchange(this.word, 0, from, to) === from;
  }
}

function ended(): GatewayError {
  return new GatewayError('INFERENCE_CANCELLED', 'The task was ended while it ran.');
}
