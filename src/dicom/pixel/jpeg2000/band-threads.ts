/** Threads beside the one that reads a film, each decoding a band of it. */
import { Worker } from 'node:worker_threads';
import { workerFile } from '../../../worker-file.ts';
import type { Samples } from '../codecs/codec.ts';
import type { CodestreamHeader } from '../codestream.ts';
import type { BandCodestream } from './split-codestream.ts';

/** What a thread is given. */
export interface BandTask extends BandCodestream {
  readonly header: CodestreamHeader;
}

/** With a film of 2048 x 2048 a thread takes 90 to 100 MB of resident memory, and 0.1 to 0.3 s to start on a busy machine. */
const IDLE_MS = 30_000;

/**
 * Threads that are started when first needed and ended when idle. Not a pool of Piscina: that hands a task to a thread
 * that is still starting only when this thread's event loop turns, and this thread decodes meanwhile.
 */
export class BandThreads {
  readonly #file: URL;
  readonly #free = new Set<Worker>();
  #idle: NodeJS.Timeout | undefined;

  /** @param file - the threads' code; other than in tests the default */
  constructor(file = workerFile(import.meta.url, 'band-worker')) {
    this.#file = file;
  }

  /**
   * Decodes a band; its codestream's memory moves to the thread. As many tasks run at once as are asked for.
   *
   * @returns the samples of its rows; null when they cannot be decoded, or their thread ended
   */
  async decode(task: BandTask): Promise<Samples | null> {
    clearTimeout(this.#idle);
    const [worker = this.#start()] = this.#free;
    this.#free.delete(worker);
    worker.ref();
    worker.postMessage(task, [task.codestream.buffer]);
    const answer = await answerOf(worker);
    if (answer === 'ENDED') return null;
    worker.unref();
    this.#free.add(worker);
    this.#idle = setTimeout(() => this.#endFree(), IDLE_MS).unref();
    return answer;
  }

  #start(): Worker {
    const worker = new Worker(this.#file);
    // Also while it waits for work, when nobody else listens.
    return worker.on('error', () => {}).on('exit', () => this.#free.delete(worker));
  }

  #endFree(): void {
    for (const worker of this.#free) void worker.terminate();
    this.#free.clear();
  }
}

/** One message, or the end of the thread, by itself or by an error. */
async function answerOf(worker: Worker): Promise<Samples | null | 'ENDED'> {
  const { promise, resolve } = Promise.withResolvers<Samples | null | 'ENDED'>();
  const onMessage = (samples: Samples | undefined): void => resolve(samples ?? null);
  const onEnd = (): void => resolve('ENDED');
  worker.once('message', onMessage).once('error', onEnd).once('exit', onEnd);
  try {
    return await promise;
  } finally {
    worker.off('message', onMessage).off('error', onEnd).off('exit', onEnd);
  }
}
