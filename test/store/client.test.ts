import pg from 'pg';
import { describe, expect, inject, it } from 'vitest';
import { createClient } from '../../src/store/client.ts';
import { createDatabase } from '../support/postgres.ts';

describe('the database client', () => {
  it('reads and writes the same instant on a server of another time zone', async () => {
    await using database = await createDatabase(inject('databaseUrl'));
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(`ALTER DATABASE ${admin.database} SET timezone TO 'America/New_York'`);
    await admin.end();
    const prisma = createClient({ url: database.url, poolSize: 1 });
    try {
      const before = Date.now();
      const { createdAt } = await prisma.change.create({ data: { type: 'INSTANCE_STORED' } });
      expect(Math.abs(createdAt.getTime() - before)).toBeLessThan(60_000);
      const written = new Date('2026-01-02T03:04:05.678Z');
      await prisma.change.updateMany({ data: { createdAt: written } });
      expect((await prisma.change.findFirst())?.createdAt).toEqual(written);
    } finally {
      await prisma.$disconnect();
    }
  });

  it('tells every statement to whoever counts them', async () => {
    await using database = await createDatabase(inject('databaseUrl'));
    const statements: string[] = [];
    const prisma = createClient({ url: database.url, poolSize: 1, onStatement: (sql) => statements.push(sql) });
    try {
      await prisma.patient.count();
      expect(statements).toHaveLength(1);
    } finally {
      await prisma.$disconnect();
    }
  });
});
