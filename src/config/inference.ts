/** The reading of films: threads, number format, and when a reading is tried again or given up. */
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { integer, type Values } from './settings.ts';
import type { STORAGE_SETTINGS } from './storage.ts';

export const INFERENCE_SETTINGS = {
  INFERENCE_THREADS: integer(1, 256, Math.max(1, availableParallelism())).describe(
    'worker threads that decode and infer',
  ),
  INFERENCE_INTRA_OP_THREADS: integer(1, 64, 1).describe('ONNX Runtime threads within one worker'),
  INFERENCE_PRECISION: z
    .enum(['auto', 'int8', 'fp32'], 'must be auto, int8 or fp32')
    .default('auto')
    .describe('number format that reads films; auto: the fastest on this machine, measured at the first start'),
  INFERENCE_TIMEOUT_MS: integer(1000, 3600_000, 60_000).describe('longest time for one film in a worker'),
  INFERENCE_MAX_ATTEMPTS: integer(1, 20, 5).describe(
    'claims of one inference before it has failed for good; a process that dies uses one up for each film it held',
  ),
  INFERENCE_RETRY_DELAY_SECONDS: integer(0, 3600, 1).describe('first delay before a retry; doubles each time'),
} as const;

/** The reading of films by this process. */
export interface InferenceConfig {
  readonly inference: {
    readonly threads: number;
    readonly intraOpThreads: number;
    readonly precision: Values<typeof INFERENCE_SETTINGS>['INFERENCE_PRECISION'];
    /** Keeps how quickly the engines of the models run on this machine. */
    readonly engineCacheFile: string;
    readonly timeoutMs: number;
    readonly maxAttempts: number;
    readonly retryDelaySeconds: number;
  };
}

/** @param env - checked settings of this part, and the folder of what this machine keeps */
export function inferenceConfig(
  env: Values<typeof INFERENCE_SETTINGS> & Pick<Values<typeof STORAGE_SETTINGS>, 'DATA_DIR'>,
): InferenceConfig {
  return {
    inference: {
      threads: env.INFERENCE_THREADS,
      intraOpThreads: env.INFERENCE_INTRA_OP_THREADS,
      precision: env.INFERENCE_PRECISION,
      engineCacheFile: join(resolve(env.DATA_DIR), 'engine-choice.json'),
      timeoutMs: env.INFERENCE_TIMEOUT_MS,
      maxAttempts: env.INFERENCE_MAX_ATTEMPTS,
      retryDelaySeconds: env.INFERENCE_RETRY_DELAY_SECONDS,
    },
  };
}
