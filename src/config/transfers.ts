/** Other DICOM nodes, and studies that are fetched from them and sent to them. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { integer, type Values } from './settings.ts';

export const TRANSFER_SETTINGS = {
  DICOM_NODES_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('JSON list of known DICOM nodes: who may send, and where to fetch from'),
  DICOM_QUERY_TIMEOUT_MS: integer(1000, 600_000, 30_000).describe('longest time to look for studies at a node'),
  DICOM_TRANSFER_CONCURRENCY: integer(1, 64, 2).describe('studies that this process fetches and sends at once'),
  DICOM_TRANSFER_MAX_ATTEMPTS: integer(1, 100, 6).describe('attempts of one transfer before it has failed for good'),
  DICOM_TRANSFER_RETRY_DELAY_SECONDS: integer(0, 3600, 20).describe(
    'first delay before a transfer is tried again; doubles each time',
  ),
} as const;

/** Known nodes and transfers. */
export interface TransferConfig {
  /** Absolute; undefined: no node is known. */
  readonly nodesFile: string | undefined;
  readonly transfers: {
    readonly queryTimeoutMs: number;
    readonly concurrency: number;
    readonly maxAttempts: number;
    readonly retryDelaySeconds: number;
  };
}

/** @param env - checked settings of this part */
export function transferConfig(env: Values<typeof TRANSFER_SETTINGS>): TransferConfig {
  return {
    nodesFile: env.DICOM_NODES_FILE === undefined ? undefined : resolve(env.DICOM_NODES_FILE),
    transfers: {
      queryTimeoutMs: env.DICOM_QUERY_TIMEOUT_MS,
      concurrency: env.DICOM_TRANSFER_CONCURRENCY,
      maxAttempts: env.DICOM_TRANSFER_MAX_ATTEMPTS,
      retryDelaySeconds: env.DICOM_TRANSFER_RETRY_DELAY_SECONDS,
    },
  };
}
