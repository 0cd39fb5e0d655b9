/** Where records and films are kept. */
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { integer, type Values } from './settings.ts';

export const STORAGE_SETTINGS = {
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with postgresql://')
    .optional()
    .describe('PostgreSQL 14 or newer; without it an embedded PostgreSQL runs in DATA_DIR'),
  DATABASE_POOL_SIZE: integer(2, 200, 10).describe(
    'connections of this process for records (queue and feed use 4 more)',
  ),
  DATA_DIR: z
    .string()
    .min(1)
    .default('./data')
    .describe('embedded database, measured speeds of models, and blobs unless BLOB_DIR is set'),
  BLOB_DIR: z.string().min(1).optional().describe('folder of the stored films; shared by all processes'),
} as const;

/** Where records and films are kept; folders are absolute. */
export interface StorageConfig {
  readonly database: {
    /** Undefined: the embedded PostgreSQL. */
    readonly url: string | undefined;
    readonly poolSize: number;
    /** Folder of the embedded PostgreSQL. */
    readonly embeddedDirectory: string;
  };
  readonly blobDirectory: string;
}

/** @param env - checked settings of this part */
export function storageConfig(env: Values<typeof STORAGE_SETTINGS>): StorageConfig {
  const data = resolve(env.DATA_DIR);
  return {
    database: { url: env.DATABASE_URL, poolSize: env.DATABASE_POOL_SIZE, embeddedDirectory: join(data, 'postgres') },
    blobDirectory: env.BLOB_DIR === undefined ? join(data, 'blobs') : resolve(env.BLOB_DIR),
  };
}
