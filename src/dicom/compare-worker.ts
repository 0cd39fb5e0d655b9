/** Runs in a thread of its own: compares the two files of its workerData, answers with one boolean. */
import { parentPort, workerData } from 'node:worker_threads';
import { isSameDataSet } from './same-data-set.ts';

const { first, second } = workerData as { readonly first: string; readonly second: string };
// A file that cannot be walked to its end cannot be shown to be the same.
parentPort?.postMessage(await isSameDataSet(first, second).catch(() => false));
