/** What the contenders of the engines bench are called; figures, goals and picture find them by it. */
import { availableParallelism } from 'node:os';

/** Workers of the larger pool: one a core. */
export const WORKERS = availableParallelism();

export const CEILING = 'convolutions alone, one thread';
export const IN_PROCESS = 'fused INT8, one thread';
/** Films of one task where several go together, as many as of the other toolkits. */
export const BATCH = 8;

/** The gateway's pool on ready tensors. */
export function poolName(threads: number, batch: number): string {
  return `fused INT8, pool of ${threads}${batch === 1 ? '' : `, batch ${batch}`}`;
}

export const POOL = poolName(WORKERS, 1);
export const POOL_OF_BATCHES = poolName(WORKERS, BATCH);
export const FLOAT = 'ONNX Runtime FP32 in Node';

/** Something that reads films. */
export interface Contender {
  readonly name: string;
  /** Films a second. */
  readonly measure: (milliseconds: number) => Promise<number>;
}
