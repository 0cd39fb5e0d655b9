/** Verifies the chain of a database from one of its positions to its head. Reads only; other writers are not held up. */
import pg from 'pg';
import { GatewayError } from '../../../errors.ts';
import { firstHash } from '../audit-hash.ts';
import { CONTENT_AS_TEXT, type ContentText, contentOf } from '../audit-text.ts';
import { ChainCheck, type ChainHead } from './chain-check.ts';
import type { ChainFinding } from './findings.ts';

/** A place of the chain and its hash, as it was kept elsewhere. */
export interface KeptHash {
  readonly position: number;
  readonly hash: string;
}

/** What to verify. */
export interface VerifyOptions {
  readonly url: string;
  /** First position; what lies before is not looked at. */
  readonly from?: number;
  /** Hashes that must be found. */
  readonly expected?: readonly KeptHash[];
}

/** What came out. */
export interface AuditVerification {
  /** Name of the chain. */
  readonly chain: string;
  readonly from: number;
  readonly rows: number;
  readonly head: ChainHead;
  /** Empty: nothing is wrong. */
  readonly findings: readonly ChainFinding[];
  readonly milliseconds: number;
}

/** Rows of a page, two of which are in memory at once: about 10 MB. */
const PAGE = 5000;

/** A row of a change waits a moment for its seal, and no longer. */
const UNSEALED_SECONDS = 60;

const rowsSelect = (
  first: string,
) => `SELECT "position"::text AS "position", "id"::text AS "id", "hash", ${CONTENT_AS_TEXT}
  FROM "AuditRecord" WHERE "position" >= ${first} ORDER BY "AuditRecord"."position", "AuditRecord"."id"`;

type RowText = ContentText & { readonly position: string; readonly id: string; readonly hash: string | null };

/**
 * Verifies in pages within one snapshot.
 *
 * @throws GatewayError BAD_REQUEST when a kept hash lies before the first position
 */
export async function verifyAudit({ url, from = 1, expected = [] }: VerifyOptions): Promise<AuditVerification> {
  if (expected.some(({ position }) => position < from)) {
    throw new GatewayError('BAD_REQUEST', 'A position that is expected lies before the first that is verified.');
  }
  const began = performance.now();
  return onConnection(url, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { chain, ...head } = await headOf(client);
    const check = new ChainCheck(await beginning(client, chain, from));
    const kept = new Map(expected.map(({ position, hash }) => [position, hash]));
    for await (const row of rowsFrom(client, from)) {
      const position = Number(row.position);
      check.add({ position, id: row.id, hash: row.hash, content: contentOf(row) });
      if (kept.get(position) === row.hash) kept.delete(position);
    }
    const findings = [...check.end(head), ...[...kept].map(notKept), ...(await unsealed(client))];
    return { chain, from, rows: check.rows, head, findings, milliseconds: performance.now() - began };
  });
}

/** Where the chain ends, unverified. */
export function auditHead(url: string): Promise<ChainHead> {
  return onConnection(url, async (client) => {
    const { position, hash } = await headOf(client);
    return { position, hash };
  });
}

async function onConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'cxr-gateway audit verify',
    options: '-c TimeZone=UTC',
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** @throws GatewayError AUDIT_CHAIN_BROKEN when there is none */
async function headOf(client: pg.Client): Promise<ChainHead & { readonly chain: string }> {
  const { rows } = await client.query<{ chain: string; position: string; hash: string }>(
    'SELECT "chain", "position"::text, "hash" FROM "AuditHead" WHERE "id" = 1',
  );
  const [head] = rows;
  if (head === undefined) throw new GatewayError('AUDIT_CHAIN_BROKEN', 'The audit has no head.');
  return { ...head, position: Number(head.position) };
}

/** What the first row must follow. */
async function beginning(client: pg.Client, chain: string, from: number) {
  if (from === 1) return { position: 0, hash: firstHash(chain) };
  const { rows } = await client.query<{ hash: string | null }>(
    'SELECT "hash" FROM "AuditRecord" WHERE "position" = $1 LIMIT 1',
    [from - 1],
  );
  return { position: from - 1, hash: rows[0]?.hash ?? undefined };
}

async function* rowsFrom(client: pg.Client, from: number): AsyncGenerator<RowText, void, void> {
  // Rows before the first position that there can be are wrong, and seen.
  const first = from === 1 ? '-9223372036854775808' : String(from);
  await client.query(`DECLARE chain NO SCROLL CURSOR FOR ${rowsSelect(first)}`);
  const fetch = () => {
    const page = client.query<RowText>(`FETCH ${PAGE} FROM chain`);
    page.catch(() => {}); // told by the await below, unless the reader has stopped before
    return page;
  };
  let page = fetch();
  for (;;) {
    const { rows } = await page;
    const last = rows.length < PAGE;
    if (!last) page = fetch(); // while these are hashed
    yield* rows;
    if (last) return;
  }
}

function notKept([position]: readonly [number, string]): ChainFinding {
  const problem = `The hash at position ${position} is not the one that was kept: what lies up to there was written anew, or removed.`;
  return { kind: 'EXPECTED', positions: [position], problem };
}

async function unsealed(client: pg.Client): Promise<readonly ChainFinding[]> {
  const { rows } = await client.query<{ count: number; oldest: string | null }>(
    `SELECT count(*)::int AS "count", min("id")::text AS "oldest" FROM "AuditRecord"
     WHERE "position" IS NULL AND "occurredAt" < now() - make_interval(secs => ${UNSEALED_SECONDS})`,
  );
  const [found] = rows;
  if (found === undefined || found.count === 0) return [];
  const problem = `${found.count} rows have waited for their place in the chain for over a minute, from id ${found.oldest} on: no gateway runs, or they were taken out of the chain.`;
  return [{ kind: 'UNSEALED', positions: [], problem }];
}
