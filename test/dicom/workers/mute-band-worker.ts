/** A band worker whose thread ends instead of answering. */
import { parentPort } from 'node:worker_threads';

parentPort?.once('message', () => process.exit(1));
