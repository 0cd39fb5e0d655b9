/** What the contenders of the engines bench are called; figures, goals and picture find them by it. */
import { availableParallelism } from 'node:os';

/** Workers of the larger pool: one a core. */
export const WORKERS = availableParallelism();

export const CEILING = 'convolutions alone, one thread';
export const IN_PROCESS = 'fused INT8, one thread';
export const POOL = `fused INT8, pool of ${WORKERS}`;
export const FLOAT = 'ONNX Runtime FP32 in Node';

/** Something that reads films. */
export interface Contender {
  readonly name: string;
  /** Films a second. */
  readonly measure: (milliseconds: number) => Promise<number>;
}
