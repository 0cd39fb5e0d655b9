import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/log.ts';
import { appendAudit } from '../../../src/store/audit/append.ts';
import { AuditLog } from '../../../src/store/audit/audit-log.ts';
import { type Chain, openChain, READER, readEntry } from './support.ts';

let chain: Chain;

beforeEach(async () => {
  chain = await openChain(0);
});

const releases: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const release of releases.splice(0)) await release();
  await chain[Symbol.asyncDispose]();
});

const rows = () => chain.store.prisma.auditRecord.findMany({ orderBy: { position: 'asc' } });

/** A log of its own on the same database, with limits of its own. */
function openLog(limits: { timeoutMs?: number; maxWaitingRows?: number }): AuditLog {
  return new AuditLog({ url: chain.url, listener: chain.store.listener, log: silentLog, ...limits });
}

/** Holds the head until released, as a process does that writes; a failed test releases it too. */
async function holdHead(): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: chain.url });
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT 1 FROM "AuditHead" FOR UPDATE');
  let held = true;
  const release = async () => {
    if (held) await client.end();
    held = false;
  };
  releases.push(release);
  return release;
}

describe('recording', () => {
  it('writes who, when, from where, what for, and what', async () => {
    const entry = { ...readEntry(), breakGlassId: randomUUID(), outcome: 'DENIED', errorCode: 'FORBIDDEN' } as const;
    const before = new Date();
    await chain.store.audit.record(READER, [entry]);
    const { kind, ...who } = READER;
    const { details, ...what } = entry;
    const [row] = await rows();
    expect(row).toMatchObject({ ...who, ...what, identityKind: kind, position: 1n, instanceIds: [], inferenceIds: [] });
    expect(JSON.parse(row?.details ?? '')).toEqual(details);
    expect(row?.occurredAt.getTime()).toBeGreaterThanOrEqual(before.getTime());
    expect(await chain.findings()).toEqual([]);
  });

  it('keeps what PostgreSQL cannot store out of it, and still verifies', async () => {
    await chain.store.audit.record({ ...READER, displayName: 'a\0b\ud800c' }, [readEntry()]);
    expect((await rows())[0]?.displayName).toBe('ab\ufffdc');
    expect(await chain.findings()).toEqual([]);
  });

  it('gathers what comes while a write is under way into one', async () => {
    const release = await holdHead();
    const recorded = Array.from({ length: 50 }, () => chain.store.audit.record(READER, [readEntry(), readEntry()]));
    await release();
    await Promise.all(recorded);
    expect(await chain.verify()).toMatchObject({ rows: 100, findings: [] });
    // The first write had the first operation alone; all others went with the second. One transaction has one time.
    const { rows: written } = await query<{ count: string }>(
      'SELECT count(DISTINCT xmin::text) AS count FROM "AuditRecord"',
    );
    expect(Number(written[0]?.count)).toBe(2);
  });

  it('of several processes at once is one chain without gaps', async () => {
    const other = await chain.another();
    await Promise.all(
      [chain.store, other].flatMap(({ audit }) =>
        Array.from({ length: 40 }, async () => {
          for (let round = 0; round < 3; round += 1) await audit.record(READER, [readEntry()]);
        }),
      ),
    );
    expect(await chain.verify()).toMatchObject({ rows: 240, findings: [] });
  });

  it('refuses what names something by no id, and nothing beside it', async () => {
    const wrong = chain.store.audit.record(READER, [{ action: 'READ', patientId: 'MRN-1' }]);
    const right = chain.store.audit.record(READER, [readEntry()]);
    await expect(wrong).rejects.toMatchObject({ code: 'INTERNAL' });
    await right;
  });

  it('fails a row that the database does not take alone', async () => {
    const release = await holdHead();
    const first = chain.store.audit.record(READER, [readEntry()]);
    const wrong = chain.store.audit.record({ ...READER, roles: ['NO_SUCH_ROLE' as never] }, [readEntry()]);
    const right = chain.store.audit.record(READER, [readEntry()]);
    await release();
    await expect(wrong).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    await Promise.all([first, right]);
    expect(await chain.verify()).toMatchObject({ rows: 2, findings: [] });
  });
});

describe('when the chain cannot be written', () => {
  it('waits for the time limit, then says so', async () => {
    await using log = openLog({ timeoutMs: 30 });
    const release = await holdHead();
    await expect(log.record(READER, [readEntry()])).rejects.toMatchObject({
      code: 'AUDIT_UNAVAILABLE',
      retryable: true,
    });
    await release();
  });

  it('holds no more rows than the bound, and goes on when there is room', async () => {
    await using log = openLog({ maxWaitingRows: 10 });
    const release = await holdHead();
    const recorded = Array.from({ length: 30 }, () => log.record(READER, [readEntry(), readEntry(), readEntry()]));
    await expect.poll(() => log.waitingRows).toBe(9);
    await release();
    await Promise.all(recorded);
    expect(await chain.verify()).toMatchObject({ rows: 90, findings: [] });
  });

  it('refuses those that wait for room in vain', async () => {
    await using log = openLog({ maxWaitingRows: 2, timeoutMs: 50 });
    const release = await holdHead();
    const ends = await Promise.allSettled(
      Array.from({ length: 6 }, () => log.record(READER, [readEntry(), readEntry()])),
    );
    expect(ends.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 'rejected'));
    await release();
  });

  it('goes on after its connection was cut', async () => {
    await chain.store.audit.record(READER, [readEntry()]);
    await query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cxr-gateway audit' AND datname = current_database()`,
    );
    await expect
      .poll(() =>
        chain.store.audit.record(READER, [readEntry()]).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    expect((await chain.verify()).findings).toEqual([]);
  });
});

describe('the record of a change', () => {
  const append = (reason?: Error) =>
    chain.store.prisma.$transaction(async (tx) => {
      await appendAudit(tx, READER, [readEntry(), readEntry()]);
      if (reason !== undefined) throw reason;
    });

  it('is sealed after its commit by itself', async () => {
    await append();
    await expect.poll(async () => (await chain.verify()).rows).toBe(2);
    expect(await chain.findings()).toEqual([]);
  });

  it('is gone when the change is rolled back', async () => {
    await expect(append(new Error('no'))).rejects.toThrow('no');
    await chain.store.audit.seal();
    expect(await rows()).toEqual([]);
  });

  it('is sealed by the next process when its own died before', async () => {
    await chain.store[Symbol.asyncDispose]();
    const client = new pg.Client({ connectionString: chain.url });
    await client.connect();
    await client.query(
      `INSERT INTO "AuditRecord" ("occurredAt", "subject", "identityKind", "operation", "action", "purpose", "outcome")
       SELECT now(), 'system', 'SYSTEM', 'pipeline', 'UPDATE', 'HOPERAT', 'SUCCESS' FROM generate_series(1, 1200)`,
    );
    await client.end();
    expect((await chain.verify()).rows).toBe(0);
    const next = await chain.another();
    await next.audit.seal();
    expect(await chain.verify()).toMatchObject({ rows: 1200, findings: [] });
  });

  it('gets a place after everything that was recorded before, and none twice when several seal', async () => {
    const other = await chain.another();
    for (let round = 0; round < 10; round += 1) {
      await append();
      await Promise.all([chain.store.audit.seal(), other.audit.seal(), other.audit.record(READER, [readEntry()])]);
    }
    expect(await chain.verify()).toMatchObject({ rows: 30, findings: [] });
  });
});

describe('the database itself', () => {
  it.each([
    ['UPDATE', `UPDATE "AuditRecord" SET "subject" = 'x'`],
    ['UPDATE of the place', `UPDATE "AuditRecord" SET "position" = 7`],
    ['UPDATE of the hash', `UPDATE "AuditRecord" SET "hash" = repeat('0', 64)`],
    ['DELETE', 'DELETE FROM "AuditRecord"'],
    ['TRUNCATE', 'TRUNCATE "AuditRecord"'],
  ])('refuses %s', async (_what, sql) => {
    await chain.store.audit.record(READER, [readEntry()]);
    await expect(query(sql)).rejects.toThrow('append-only');
    expect(await chain.verify()).toMatchObject({ rows: 1, findings: [] });
  });

  it('refuses to seal a row and change it at once', async () => {
    await chain.store[Symbol.asyncDispose]();
    await query(
      `INSERT INTO "AuditRecord" ("occurredAt", "subject", "identityKind", "operation", "action", "purpose", "outcome")
       VALUES (now(), 'system', 'SYSTEM', 'pipeline', 'UPDATE', 'HOPERAT', 'SUCCESS')`,
    );
    const sql = `UPDATE "AuditRecord" SET "position" = 1, "hash" = repeat('0', 64), "subject" = 'x'`;
    await expect(query(sql)).rejects.toThrow('append-only');
  });
});

async function query<T extends pg.QueryResultRow>(sql: string): Promise<pg.QueryResult<T>> {
  const client = new pg.Client({ connectionString: chain.url });
  await client.connect();
  try {
    return await client.query<T>(sql);
  } finally {
    await client.end();
  }
}
