/** A band worker that answers once, with three samples, and whose thread dies of an error soon after. */
import { parentPort } from 'node:worker_threads';

parentPort?.once('message', () => {
  parentPort?.postMessage(Uint16Array.of(1, 2, 3));
  setTimeout(() => {
    throw new Error('died while idle');
  }, 50);
});
