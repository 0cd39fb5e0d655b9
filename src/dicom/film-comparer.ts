/** Compares films in a thread of its own: seldom needed, so the thread lives for one comparison, one at a time. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { workerFile } from '../worker-file.ts';

/** Long enough for the largest film from a slow disk. */
const DEADLINE_MS = 60_000;

/** Compares films. */
export class FilmComparer {
  #last: Promise<unknown> = Promise.resolve();

  /** Whether two Part 10 files hold the same film, see isSameDataSet; false when that cannot be shown. Never rejects. */
  isSame(first: string, second: string): Promise<boolean> {
    const result = this.#last.then(() => compare(first, second));
    this.#last = result;
    return result;
  }
}

async function compare(first: string, second: string): Promise<boolean> {
  const worker = new Worker(workerFile(import.meta.url, 'compare-worker'), { workerData: { first, second } });
  try {
    const [isSame] = await once(worker, 'message', { signal: AbortSignal.timeout(DEADLINE_MS) });
    return isSame === true;
  } catch {
    return false;
  } finally {
    await worker.terminate();
  }
}
