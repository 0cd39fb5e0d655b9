import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Chain, openChain, recordRows } from './support.ts';

const ROWS = 12;

let chain: Chain;

beforeEach(async () => {
  chain = await openChain(ROWS);
});

afterEach(async () => {
  await chain[Symbol.asyncDispose]();
});

/** Positions are unique: a renumbering goes by way of numbers that are free. */
const renumber = (condition: string, by: number) =>
  chain
    .tamper(`UPDATE "AuditRecord" SET "position" = -"position" WHERE ${condition}`)
    .then(() => chain.tamper(`UPDATE "AuditRecord" SET "position" = -"position" + ${by} WHERE "position" < 0`));

const exchange = async (first: number, second: number) => {
  await chain.tamper('UPDATE "AuditRecord" SET "position" = 1000 WHERE "position" = $1', [first]);
  await chain.tamper('UPDATE "AuditRecord" SET "position" = $1 WHERE "position" = $2', [first, second]);
  await chain.tamper('UPDATE "AuditRecord" SET "position" = $1 WHERE "position" = 1000', [second]);
};

it('finds nothing wrong with an untouched chain, and says where it ends', async () => {
  const { rows, head, findings } = await chain.verify();
  expect({ rows, findings, position: head.position }).toEqual({ rows: ROWS, findings: [], position: ROWS });
  expect(head.hash).toMatch(/^[0-9a-f]{64}$/);
});

describe('altered content', () => {
  const COLUMNS: readonly (readonly [string, string])[] = [
    ['id', '"id" + 100000'],
    ['occurredAt', `"occurredAt" + interval '1 millisecond'`],
    ['subject', `'somebody else'`],
    ['identityKind', `'SYSTEM'`],
    ['displayName', 'NULL'],
    ['roles', `'{}'`],
    ['sourceAddress', 'NULL'],
    ['requestId', `'another'`],
    ['operation', `"operation" || ' '`],
    ['action', `'DELETE'`],
    ['purpose', `'HOPERAT'`],
    ['breakGlassId', 'gen_random_uuid()'],
    ['outcome', `'DENIED'`],
    ['errorCode', `''`],
    ['patientId', 'NULL'],
    ['studyIds', '"studyIds" || "studyIds"'],
    ['instanceIds', 'NULL'],
    ['inferenceIds', '"findingIds"'],
    ['findingIds', 'ARRAY["findingIds"[2], "findingIds"[1]]'],
    ['modelVersionIds', `'{}'`],
    ['details', `'{}'`],
  ];

  it('is found in every column', async () => {
    for (const [column, value] of COLUMNS) {
      await chain.tamper(`CREATE TABLE kept AS SELECT * FROM "AuditRecord" WHERE "position" = 5`);
      await chain.tamper(`UPDATE "AuditRecord" SET "${column}" = ${value} WHERE "position" = 5`);
      expect([column, ...(await chain.findings())]).toEqual([column, ['ALTERED', 5]]);
      await chain.tamper(`DELETE FROM "AuditRecord" WHERE "position" = 5`);
      await chain.tamper(`INSERT INTO "AuditRecord" SELECT * FROM kept`);
      await chain.tamper('DROP TABLE kept');
    }
    expect(await chain.findings()).toEqual([]);
  });

  it.each([1, ROWS])('is found in the first and the last row (%i)', async (position) => {
    await chain.tamper(`UPDATE "AuditRecord" SET "subject" = 'x' WHERE "position" = $1`, [position]);
    expect(await chain.findings()).toEqual([['ALTERED', position]]);
  });

  it('is found at every place that has it', async () => {
    await chain.tamper(`UPDATE "AuditRecord" SET "subject" = 'x' WHERE "position" IN (3, 4, 9)`);
    expect(await chain.findings()).toEqual([
      ['ALTERED', 3],
      ['ALTERED', 4],
      ['ALTERED', 9],
    ]);
  });
});

describe('a hash', () => {
  it('that was altered is found, and told from altered content', async () => {
    await chain.tamper(`UPDATE "AuditRecord" SET "hash" = repeat('0', 64) WHERE "position" = 5`);
    expect(await chain.findings()).toEqual([['HASH_ALTERED', 5]]);
  });

  it('that was taken away is found', async () => {
    await chain.tamper(`UPDATE "AuditRecord" SET "hash" = NULL WHERE "position" = 5`);
    expect((await chain.findings()).length).toBeGreaterThan(0);
  });

  it('of the head that was altered is found', async () => {
    await chain.tamper(`UPDATE "AuditHead" SET "hash" = repeat('0', 64)`);
    expect(await chain.findings()).toEqual([['HEAD', ROWS]]);
  });
});

describe('removed rows', () => {
  it.each([
    [5, 5],
    [1, 1],
    [1, 3],
    [5, 8],
    [ROWS, ROWS],
    [9, ROWS],
    [1, ROWS],
  ])('%i to %i are found', async (first, last) => {
    await chain.tamper('DELETE FROM "AuditRecord" WHERE "position" BETWEEN $1 AND $2', [first, last]);
    expect(await chain.findings()).toEqual([first === last ? ['MISSING', first] : ['MISSING', first, last]]);
  });

  it.each([1, 5, 9])('are found when those behind are renumbered (%i)', async (position) => {
    await chain.tamper('DELETE FROM "AuditRecord" WHERE "position" = $1', [position]);
    await renumber(`"position" > ${position}`, -1);
    expect(await chain.findings()).toEqual([['MISSING', position]]);
    await chain.tamper('UPDATE "AuditHead" SET "position" = "position" - 1');
    expect(await chain.findings()).toEqual([['MISSING', position]]);
  });

  it('are found when several go and those behind are renumbered', async () => {
    await chain.tamper('DELETE FROM "AuditRecord" WHERE "position" BETWEEN 4 AND 6');
    await renumber('"position" > 6', -3);
    expect(await chain.findings()).toEqual([['MISSING', 4, 6]]);
  });
});

describe('inserted rows', () => {
  const COPY = `INSERT INTO "AuditRecord"
    SELECT (jsonb_populate_record(r, jsonb_build_object('id', 1000000, 'position', $1::bigint, 'subject', 'nobody'))).*
    FROM "AuditRecord" r WHERE "position" = $2`;

  it('behind the head are found', async () => {
    await chain.tamper(COPY, [ROWS + 1, 3]);
    expect(await chain.findings()).toContainEqual(['INSERTED', ROWS + 1]);
  });

  it('in the middle are found, with those behind renumbered', async () => {
    await renumber('"position" >= 5', 1);
    await chain.tamper(COPY, [5, 3]);
    expect(await chain.findings()).toContainEqual(['INSERTED', 5]);
    await chain.tamper('UPDATE "AuditHead" SET "position" = "position" + 1');
    expect(await chain.findings()).toEqual([['INSERTED', 5]]);
  });

  it('with a position that is there already are found, whichever of them is read first', async () => {
    await chain.tamper('DROP INDEX "AuditRecord_position_key"');
    await chain.tamper(COPY, [5, 5]);
    expect(await chain.findings()).toEqual([['DUPLICATED', 5]]);
    await chain.tamper('UPDATE "AuditRecord" SET "id" = -1 WHERE "id" = 1000000');
    expect(await chain.findings()).toEqual([['DUPLICATED', 5]]);
  });

  it('with a position before the first are found', async () => {
    await chain.tamper(COPY, [-4, 5]);
    expect(await chain.findings()).toEqual([['INSERTED', -4]]);
  });
});

describe('reordered rows', () => {
  it.each([
    [4, 5],
    [1, 2],
    [3, 9],
    [1, ROWS],
    [ROWS - 1, ROWS],
  ])('%i and %i exchanged are found', async (first, second) => {
    await exchange(first, second);
    expect((await chain.findings()).filter((finding) => (finding as string[])[0] !== 'HEAD')).toEqual([
      ['EXCHANGED', first, second],
    ]);
  });

  it('moved back with those between renumbered are found', async () => {
    await chain.tamper('UPDATE "AuditRecord" SET "position" = 1000 WHERE "position" = 4');
    await renumber('"position" BETWEEN 5 AND 9', -1);
    await chain.tamper('UPDATE "AuditRecord" SET "position" = 9 WHERE "position" = 1000');
    expect(await chain.findings()).toEqual([['MOVED', 9, 4]]);
  });

  it('moved forward with those between renumbered are found', async () => {
    await chain.tamper('UPDATE "AuditRecord" SET "position" = 1000 WHERE "position" = 9');
    await renumber('"position" BETWEEN 4 AND 8', 1);
    await chain.tamper('UPDATE "AuditRecord" SET "position" = 4 WHERE "position" = 1000');
    expect(await chain.findings()).toEqual([['MOVED', 4, 9]]);
  });
});

describe('a whole chain', () => {
  it('of another database is found', async () => {
    const other = await openChain(ROWS);
    try {
      await chain.tamper('DELETE FROM "AuditRecord"');
      for (const row of await other.store.prisma.auditRecord.findMany()) {
        await chain.store.prisma.auditRecord.create({ data: row });
      }
      expect(await chain.findings()).toEqual([['FOREIGN', 1]]);
    } finally {
      await other[Symbol.asyncDispose]();
    }
  });

  it('that was written anew is found by a hash that was kept elsewhere, and only by that', async () => {
    const { head } = await chain.verify();
    const kept = { position: 7, hash: (await rowAt(7)) ?? '' };
    expect((await chain.verify({ expected: [kept, head] })).findings).toEqual([]);
    await chain.tamper('DELETE FROM "AuditRecord" WHERE "position" > 5');
    await chain.tamper(
      'UPDATE "AuditHead" SET "position" = 5, "hash" = (SELECT "hash" FROM "AuditRecord" WHERE "position" = 5)',
    );
    await recordRows(chain.store, 4);
    expect(await chain.findings()).toEqual([]);
    const { findings } = await chain.verify({ expected: [kept, head] });
    expect(findings.map(({ kind, positions }) => [kind, ...positions])).toEqual([
      ['EXPECTED', 7],
      ['EXPECTED', ROWS],
    ]);
  });
});

it('begins where it is told to', async () => {
  await chain.tamper(`UPDATE "AuditRecord" SET "subject" = 'x' WHERE "position" = 5`);
  expect(await chain.verify({ from: 6 })).toMatchObject({ rows: ROWS - 5, findings: [] });
  expect((await chain.verify({ from: 5 })).findings).toMatchObject([{ kind: 'ALTERED', positions: [5] }]);
  await expect(chain.verify({ from: 5, expected: [{ position: 4, hash: '' }] })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
});

it('tells of rows that nobody seals', async () => {
  await chain.store[Symbol.asyncDispose]();
  await chain.tamper('UPDATE "AuditRecord" SET "position" = NULL, "hash" = NULL WHERE "position" = $1', [ROWS]);
  expect(await chain.findings()).toEqual([['MISSING', ROWS]]);
  await chain.tamper(`UPDATE "AuditRecord" SET "occurredAt" = now() - interval '2 minutes' WHERE "position" IS NULL`);
  expect(await chain.findings()).toEqual([['MISSING', ROWS], ['UNSEALED']]);
});

async function rowAt(position: number): Promise<string | null | undefined> {
  return (await chain.store.prisma.auditRecord.findUnique({ where: { position } }))?.hash;
}
