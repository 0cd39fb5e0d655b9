/** The composition root: what it has opened goes again when a later step fails. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, inject, it } from 'vitest';
import { createApp } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';
import { silentLog } from '../src/log.ts';
import { createDatabase, databaseUrl } from './support/postgres.ts';

it('closes what it has opened when its last step fails', async () => {
  await using database = await createDatabase(inject('databaseUrl'));
  const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-app-'));
  const settings = {
    DATABASE_URL: database.url,
    DATA_DIR: folder,
    INFERENCE_THREADS: '1',
    GRAPHQL_OPERATIONS: 'registered',
    GRAPHQL_OPERATIONS_FILE: join(folder, 'there-is-none.json'),
  };
  const steps: string[] = [];
  const options = { insecureNoAuth: true, onProgress: (step: string) => steps.push(step) };
  const client = new pg.Client({ connectionString: databaseUrl(database.url, 'postgres') });
  await client.connect();
  try {
    await expect(createApp(loadConfig(settings, {}), silentLog, options)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('there-is-none.json'),
    });
    expect(steps).toEqual(['database', 'models', 'inference threads']);
    // PostgreSQL waits 5 s for sessions that are ending, and refuses while one is left.
    await client.query(`DROP DATABASE ${new URL(database.url).pathname.slice(1)}`);
  } finally {
    await client.end();
    await rm(folder, { recursive: true, force: true });
  }
});
