/** One film read in this thread, by the very code of the worker threads: for commands, which have nothing else to do. */
import { availableParallelism } from 'node:os';
import { deserializeError } from '../errors.ts';
import { NativeGate } from './native-gate.ts';
import { read } from './read-worker.ts';
import type { Reading, ReadTask } from './reading.ts';

/**
 * Reads one film.
 *
 * @param intraOpThreads - ONNX Runtime threads
 * @throws GatewayError MODEL_*, INFERENCE_FAILED, or what the film cannot be decoded for
 */
export async function readInProcess(task: ReadTask, intraOpThreads: number): Promise<Reading> {
  const spareThreads = availableParallelism() - 1;
  const answer = await read({ ...task, intraOpThreads, gate: new NativeGate().word, spareThreads });
  if (answer.ok) return answer.value;
  throw deserializeError(answer.error);
}
