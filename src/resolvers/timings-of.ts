/** Where the time of a reading went. */
import type { InferenceTimings } from '../schema/inference.type.ts';
import type { InferenceRow } from '../store/reads/tables.ts';

/** Null before a worker has claimed it. */
export function timingsOf(inference: InferenceRow): InferenceTimings | null {
  const { attempts, startedAt, queuedAt, readMs, decodeMs, preprocessMs, inferenceMs } = inference;
  if (attempts === 0 || startedAt === null) return null;
  // The two times may come from clocks of two machines.
  const waitMs = Math.max(0, startedAt.getTime() - queuedAt.getTime());
  return { waitMs, readMs, decodeMs, preprocessMs, inferenceMs };
}
