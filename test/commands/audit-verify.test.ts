/** `audit verify` and `audit head` of the built command line, on a real database. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Chain, openChain } from '../store/audit/support.ts';
import { runCommand } from '../support/gateway-process.ts';

const ROWS = 5;

let chain: Chain;

beforeEach(async () => {
  chain = await openChain(ROWS);
});
afterEach(() => chain[Symbol.asyncDispose]());

const run = (...args: string[]) => runCommand(['audit', ...args], { DATABASE_URL: chain.url });

describe('audit verify', () => {
  it('ends with 0 for a whole chain, and names the head that audit head names', async () => {
    const head = (await run('head')).stdout.trim();
    expect(head).toMatch(/^5:[0-9a-f]{64}$/);
    const { code, stdout, stderr } = await run('verify', '--expect', head);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Chain [0-9a-f-]{36} is unbroken: 5 rows, \d+ ms\.\n/);
    expect(stdout).toContain(`Head to keep elsewhere, for --expect: ${head}\n`);
  });

  it('ends with 1 for a row that was altered, and says which', async () => {
    await chain.tamper(`UPDATE "AuditRecord" SET "subject" = 'somebody else' WHERE "position" = 3`);
    const { code, stdout, stderr } = await run('verify');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ALTERED {2}.*\b3\b/);
    expect(stdout).toContain('is BROKEN: 5 rows');
    expect(stderr).toContain('AUDIT_CHAIN_BROKEN');
  });

  it('ends with 1 for a chain that does not end as was kept elsewhere', async () => {
    const { code, stdout } = await run('verify', '--json', '--expect', `5:${'0'.repeat(64)}`);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ rows: ROWS, findings: [{ positions: [5] }] });
  });

  it('verifies from a position on, and takes no other', async () => {
    await chain.tamper(`UPDATE "AuditRecord" SET "subject" = 'somebody else' WHERE "position" = 2`);
    expect((await run('verify', '--from', '4')).code).toBe(0);
    expect((await run('verify', '--from', 'x')).code).not.toBe(0);
  });
});
