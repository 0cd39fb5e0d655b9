import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import pg from 'pg';
import { describe, expect, inject, it } from 'vitest';
import { migrationSql } from '../../scripts/migration-sql.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createDatabase } from '../support/postgres.ts';

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

const COLUMNS = `SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
  WHERE table_schema = current_schema() AND table_name <> '_prisma_migrations' ORDER BY 1, 2`;
const INDEXES = `SELECT tablename, replace(indexdef, current_schema() || '.', '') AS definition FROM pg_indexes
  WHERE schemaname = current_schema() AND tablename <> '_prisma_migrations' ORDER BY 1, 2`;

describe('the migrations', () => {
  it('are applied once, also by several processes', async () => {
    await using database = await createDatabase(inject('databaseUrl'));
    expect(await Promise.all([migrate(database.url), migrate(database.url)])).toEqual([[], []]);
  });

  it('refuse a database in which an applied one differs', async () => {
    await using database = await createDatabase(inject('databaseUrl'));
    await query(database.url, `UPDATE "_prisma_migrations" SET checksum = 'other'`);
    await expect(migrate(database.url)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('lead to the tables and indexes of schema.prisma', async () => {
    await using migrated = await createDatabase(inject('databaseUrl'));
    await using expected = await createDatabase(inject('databaseUrl'));
    const schema = await readFile(resolve(import.meta.dirname, '..', '..', 'prisma', 'schema.prisma'), 'utf8');
    const sql = await migrationSql(undefined, schema, expected.url);
    await query(expected.url, `DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${sql}`);
    expect(await query(migrated.url, COLUMNS)).toEqual(await query(expected.url, COLUMNS));
    // The migrations have more: partial and expression indexes, which Prisma cannot express.
    const indexes = await query(migrated.url, INDEXES);
    expect(indexes).toEqual(expect.arrayContaining(await query(expected.url, INDEXES)));
  });
});
