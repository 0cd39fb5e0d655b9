/** The audit is read through its indexes, also by what is rare in it, on a table large enough for the planner to mean it. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type AuditRecordFilter, auditRecordsAfter, listAuditRecords } from '../../../src/store/reads/audit-records.ts';
import { UNRESTRICTED } from '../../../src/store/reads/scope.ts';
import { explainer } from '../../support/explain.ts';
import { createDatabase } from '../../support/postgres.ts';

const ID = '018f0000-0000-7000-8000-000000000000';

/** 60,000 records of 300 patients and 6,000 subjects; few refusals and few openings. */
const POPULATE = `
  INSERT INTO "AuditRecord" ("position", "hash", "occurredAt", "subject", "identityKind", "operation", "action", "purpose",
      "outcome", "patientId", "breakGlassId")
    SELECT n, repeat('a', 64), '2026-01-01'::timestamptz + n * interval '1 second', 's' || n % 6000, 'PERSON', 'query study', 'READ',
      'TREAT', CASE WHEN n % 5000 = 0 THEN 'DENIED' ELSE 'SUCCESS' END::"AuditOutcome",
      ('018f0000-0000-7000-8000-' || lpad((n % 300)::text, 12, '0'))::uuid,
      CASE WHEN n % 7000 = 0 THEN '${ID}'::uuid END
    FROM generate_series(1, 60000) AS n;
  ANALYZE "AuditRecord";`;

let database: Awaited<ReturnType<typeof createDatabase>>;
let client: pg.Client;

/** Statements are planned for every value of their parameters, which is how prepared ones end up. */
const explain = explainer(() => client);
const explaining = explain.prisma;

beforeAll(async () => {
  database = await createDatabase(inject('databaseUrl'));
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(POPULATE);
  await client.query('SET plan_cache_mode = force_generic_plan');
});

afterAll(async () => {
  await client?.end();
  await database?.[Symbol.asyncDispose]();
});

async function planOf(read: () => Promise<unknown>): Promise<{ readonly scans: string[]; readonly indexes: string[] }> {
  const nodes = await explain.nodesOf(read);
  return {
    scans: nodes
      .filter((node) => node['Node Type'] === 'Seq Scan' && node['Relation Name'] === 'AuditRecord')
      .map((node) => node['Node Type']),
    indexes: nodes.flatMap((node) => node['Index Name'] ?? []),
  };
}

const FILTERS: readonly (readonly [string, AuditRecordFilter, string])[] = [
  ['all', {}, 'AuditRecord_position_key'],
  ['a patient', { patientId: ID }, 'AuditRecord_patientId_position_idx'],
  ['a subject', { subject: 's1' }, 'AuditRecord_subject_position_idx'],
  ['refusals', { outcomes: ['DENIED'] }, 'AuditRecord_unsuccessful_idx'],
  ['refusals and failures', { outcomes: ['DENIED', 'FAILED'] }, 'AuditRecord_unsuccessful_idx'],
  ['break-glass', { breakGlass: true }, 'AuditRecord_break_glass_idx'],
];

describe.each(FILTERS)('pages of %s', (_, filter, index) => {
  it.each(['ASC', 'DESC'] as const)('go by index (%s)', async (direction) => {
    const after = Buffer.from('auditTrail:30000').toString('base64url');
    for (const request of [{ first: 50 }, { first: 50, after }, { last: 50, before: after }]) {
      const reader = { prisma: explaining, scope: UNRESTRICTED };
      const { scans, indexes } = await planOf(() => listAuditRecords(reader, filter, direction, request));
      expect(scans).toEqual([]);
      expect(indexes).toContain(index);
    }
  });
});

describe('exports', () => {
  it('go on by index', async () => {
    const { scans, indexes } = await planOf(() => auditRecordsAfter({ prisma: explaining }, 30_000n, 500));
    expect(scans).toEqual([]);
    expect(indexes).toContain('AuditRecord_position_key');
  });
});
