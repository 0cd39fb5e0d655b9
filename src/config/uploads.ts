/** Films that are sent to this process: the size of a request, how long it may take, how many there is room for. */
import { integer, MEBIBYTE, type Values } from './settings.ts';

/** Listed before the settings of GraphQL. */
export const STOW_SETTINGS = {
  STOW_MAX_PARTS: integer(1, 100_000, 2000).describe('most instances a STOW-RS request'),
  STOW_MAX_REQUEST_BYTES: integer(1024, 1024 * 1024 * MEBIBYTE, 16 * 1024 * MEBIBYTE).describe(
    'largest upload request, by STOW-RS or GraphQL',
  ),
} as const;

/** Listed after the settings of GraphQL, which is the other way to send films by HTTP. */
export const UPLOAD_TIME_SETTINGS = {
  UPLOAD_TIMEOUT_MS: integer(1000, 24 * 3600_000, 600_000).describe('longest time one upload request may take'),
  UPLOAD_IDLE_TIMEOUT_MS: integer(500, 3600_000, 30_000).describe('longest silence within an upload'),
} as const;

/** Listed after all the ways by which films come: these count for each of them. */
export const UPLOAD_ROOM_SETTINGS = {
  MAX_CONCURRENT_UPLOADS: integer(1, 10_000, 128).describe('films received at once; more get BUSY'),
  MIN_FREE_DISK_BYTES: integer(0, 1024 * 1024 * MEBIBYTE, 512 * MEBIBYTE).describe(
    'below this much free space films are refused',
  ),
} as const;

/** One upload request. */
export interface StowConfig {
  readonly stow: { readonly maxParts: number; readonly maxRequestBytes: number };
}

/** Uploads over time, and all at once. */
export interface UploadConfig {
  readonly upload: {
    readonly timeoutMs: number;
    readonly idleTimeoutMs: number;
    readonly maxConcurrent: number;
    readonly minFreeDiskBytes: number;
  };
}

/** @param env - checked settings of this part */
export function stowConfig(env: Values<typeof STOW_SETTINGS>): StowConfig {
  return { stow: { maxParts: env.STOW_MAX_PARTS, maxRequestBytes: env.STOW_MAX_REQUEST_BYTES } };
}

/** @param env - checked settings of this part */
export function uploadConfig(
  env: Values<typeof UPLOAD_TIME_SETTINGS> & Values<typeof UPLOAD_ROOM_SETTINGS>,
): UploadConfig {
  return {
    upload: {
      timeoutMs: env.UPLOAD_TIMEOUT_MS,
      idleTimeoutMs: env.UPLOAD_IDLE_TIMEOUT_MS,
      maxConcurrent: env.MAX_CONCURRENT_UPLOADS,
      minFreeDiskBytes: env.MIN_FREE_DISK_BYTES,
    },
  };
}
