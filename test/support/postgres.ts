/**
 * One real PostgreSQL for the whole test run (vitest's global set-up) and a fresh database for each test file, copied
 * from a migrated template. TEST_DATABASE_URL names a server to use instead of the embedded one.
 */
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts';
import { migrate } from '../../src/store/migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    databaseUrl: string;
  }
}

const TEMPLATE = 'cxr_template';

/** The same server, another database. */
export function databaseUrl(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

async function onServer(server: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl(server, 'postgres') });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A migrated, empty database that is dropped on disposal. */
export async function createDatabase(server: string): Promise<AsyncDisposable & { readonly url: string }> {
  const name = `cxr_test_${randomUUID().replaceAll('-', '')}`;
  await onServer(server, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  return {
    url: databaseUrl(server, name),
    [Symbol.asyncDispose]: () => onServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** vitest's globalSetup. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL;
  const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-test-'));
  await chmod(folder, 0o755); // as root the server runs as another account, which must be able to enter
  // A test run need not survive a power failure.
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const embedded =
    given === undefined ? await startEmbeddedPostgres({ directory: join(folder, 'postgres'), settings }) : undefined;
  const server = given ?? embedded?.url ?? '';
  await onServer(server, `DROP DATABASE IF EXISTS ${TEMPLATE} WITH (FORCE)`);
  await onServer(server, `CREATE DATABASE ${TEMPLATE}`);
  await migrate(databaseUrl(server, TEMPLATE));
  project.provide('databaseUrl', server);
  return async () => {
    await embedded?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  };
}
