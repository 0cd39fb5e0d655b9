/**
 * Writes the chain; one transaction at a time in all processes, by the lock of the head's row.
 *
 * Sealing takes the lock first and looks then: for rows of committed changes that have no place yet, and where the chain ends. It
 * seals them in the order of their ids, puts the new rows after them, and moves the head. Each statement has its own snapshot
 * (READ COMMITTED), so what the lock's last holder wrote is seen.
 *
 * Where nothing is to be sealed, one statement does: it moves the head from where this process left it and inserts the new rows,
 * or does nothing where another process has moved it since, or rows wait to be sealed. So the record of a change always lies
 * before that of a read which began after its commit. On a busy machine each turn between the processes costs more than the
 * work itself, so this one is tried first, unless there was somebody else a moment ago.
 *
 * Plain SQL on a connection of its own: in the client's transactions a group took three times the processor time, and behind a
 * pool that is busy with reads answers would wait for other answers.
 */
import pg from 'pg';
import { rowHash } from './audit-hash.ts';
import { type AuditContent, CONTENT_COLUMNS } from './audit-row.ts';
import { CONTENT_AS_TEXT, type ContentText, contentOf } from './audit-text.ts';

/** Rows of changes sealed at once. */
export const SEALED_AT_ONCE = 500;

/** A process that stops in the middle must not hold up the others for long; what it began is rolled back. */
const IDLE_IN_TRANSACTION_MS = 5000;

const CONNECT_TIMEOUT_MS = 5000;

/**
 * Longest wait for the answer to a statement. A server that is gone without a word would otherwise be waited for as long as TCP
 * does, a quarter of an hour, by all answers of this process. Longer than another process may hold the lock.
 */
const STATEMENT_TIMEOUT_MS = 10_000;

/** Ids are taken from their sequence ahead of the rows; those of a process that ends are never used. */
const IDS_AHEAD = 1000;

/** After another process has moved the head, this long it is asked first where it is. */
const CONTENDED_MS = 5000;

/** Where the chain ends. */
export interface ChainEnd {
  readonly position: bigint;
  readonly hash: string;
}

const NAMES = CONTENT_COLUMNS.map(([name]) => `"${name}"`).join(', ');
const TYPES = CONTENT_COLUMNS.map(([name, type]) => `"${name}" ${type}`).join(', ');

const INSERT = (rows: string) => `
    INSERT INTO "AuditRecord" ("id", "position", "hash", ${NAMES})
    SELECT "id", "position", "hash", ${NAMES}
    FROM json_to_recordset(${rows}::json) AS record ("id" bigint, "position" bigint, "hash" text, ${TYPES})`;

const BEGIN = (ids: number) => `
  BEGIN;
  SELECT "position"::text, "hash" FROM "AuditHead" WHERE "id" = 1 FOR UPDATE;
  SELECT "id"::text, ${CONTENT_AS_TEXT} FROM "AuditRecord" WHERE "position" IS NULL ORDER BY "AuditRecord"."id" LIMIT ${SEALED_AT_ONCE};
  SELECT nextval('"AuditRecord_id_seq"')::text AS "id" FROM generate_series(1, ${ids})`;

const SEAL_AND_APPEND = {
  name: 'audit-seal',
  text: `
  WITH sealed AS (
    UPDATE "AuditRecord" SET "position" = seal."position", "hash" = seal."hash"
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS seal ("id", "position", "hash")
    WHERE "AuditRecord"."id" = seal."id"
  ), added AS (${INSERT('$4')}
  )
  UPDATE "AuditHead" SET "position" = $5::bigint, "hash" = $6 WHERE "id" = 1`,
};

const APPEND = {
  name: 'audit-append',
  text: `
  WITH head AS (
    UPDATE "AuditHead" SET "position" = $1::bigint, "hash" = $2
    WHERE "id" = 1 AND "position" = $3::bigint AND "hash" = $4
      AND NOT EXISTS (SELECT 1 FROM "AuditRecord" WHERE "position" IS NULL)
    RETURNING 1
  ), added AS (${INSERT('$5')}
    WHERE EXISTS (SELECT 1 FROM head)
  )
  SELECT 1 FROM head`,
};

/** What {@link BEGIN} gives; several statements at once give several results, which the declarations do not know. */
type Begun = readonly [
  begin: unknown,
  heads: { readonly rows: readonly { readonly position: string; readonly hash: string }[] },
  unsealed: { readonly rows: readonly (ContentText & { readonly id: string })[] },
  ids: { readonly rows: readonly { readonly id: string }[] },
];

/** Writes to the chain of one database. One write at a time. */
export class ChainWriter implements AsyncDisposable {
  readonly #pool: pg.Pool;
  /** Where this process has left the chain; undefined when that is not known. */
  #end: ChainEnd | undefined;
  #ids: string[] = [];
  #contendedUntil = 0;

  /**
   * @param url - a session-pinned connection: statements are prepared on it
   * @param statementTimeoutMs - longest wait for the answer to one statement
   */
  constructor(url: string, statementTimeoutMs = STATEMENT_TIMEOUT_MS) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: 1,
      application_name: 'cxr-gateway audit',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: 0,
      query_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      options: '-c TimeZone=UTC',
    });
    this.#pool.on('error', ignore); // an idle connection that breaks; the next write opens another
  }

  /**
   * Appends rows; durable when it resolves.
   *
   * @param seal - rows of changes are known to wait; up to {@link SEALED_AT_ONCE} are sealed before
   * @returns rows sealed
   */
  async write(rows: readonly AuditContent[], seal = false): Promise<number> {
    const end = this.#end;
    this.#end = undefined; // until it is known again how this ended
    const client = await this.#pool.connect();
    // A connection that breaks between two statements tells nobody else; the next statement fails by it.
    client.on('error', ignore);
    let failure: Error | undefined;
    try {
      const direct = !seal && this.#ids.length >= rows.length && Date.now() > this.#contendedUntil ? end : undefined;
      if (direct !== undefined && (await this.#append(client, direct, rows))) return 0;
      const sealed = await this.#sealAndAppend(client, rows);
      if (direct !== undefined && sealed === 0) this.#contendedUntil = Date.now() + CONTENDED_MS;
      return sealed;
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      this.#ids = []; // those of a write whose end is unknown may be in use
      throw error;
    } finally {
      client.off('error', ignore);
      client.release(failure); // one that failed in the middle is closed, which rolls back
    }
  }

  /** Where the chain ends now. */
  async end(): Promise<ChainEnd> {
    const { rows } = await this.#pool.query<{ position: string; hash: string }>(
      'SELECT "position"::text, "hash" FROM "AuditHead" WHERE "id" = 1',
    );
    return endOf(rows);
  }

  /** @returns false when another process has moved the head, or rows of changes wait to go before these */
  async #append(client: pg.PoolClient, end: ChainEnd, rows: readonly AuditContent[]): Promise<boolean> {
    const links = new Links(end);
    const ids = this.#ids.slice(0, rows.length);
    const added = links.addAll(ids, rows);
    const { position, hash } = links.end;
    const values = [String(position), hash, String(end.position), end.hash, JSON.stringify(added)];
    const { rowCount } = await client.query(APPEND, values);
    if (rowCount !== 1) return false;
    this.#ids.splice(0, rows.length);
    this.#end = links.end;
    return true;
  }

  async #sealAndAppend(client: pg.PoolClient, rows: readonly AuditContent[]): Promise<number> {
    const wanted = this.#ids.length < rows.length + IDS_AHEAD / 2 ? rows.length + IDS_AHEAD : 0;
    const [, heads, unsealed, ids] = (await client.query(BEGIN(wanted))) as unknown as Begun;
    this.#ids.push(...ids.rows.map(({ id }) => id));
    const links = new Links(endOf(heads.rows));
    const seals = unsealed.rows.map((row) => links.add(row.id, contentOf(row)));
    const added = links.addAll(this.#ids.splice(0, rows.length), rows);
    const { position, hash } = links.end;
    if (seals.length + added.length > 0) {
      await client.query(SEAL_AND_APPEND, [
        seals.map((seal) => seal.id),
        seals.map((seal) => seal.position),
        seals.map((seal) => seal.hash),
        JSON.stringify(added),
        String(position),
        hash,
      ]);
    }
    await client.query('COMMIT');
    this.#end = links.end;
    return seals.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }
}

/** What is wrong with a connection shows at its next statement. */
function ignore(): void {}

interface Link {
  readonly id: string;
  readonly position: string;
  readonly hash: string;
}

/** Gives rows their places and hashes, one after another. */
class Links {
  #position: bigint;
  #hash: string;

  constructor({ position, hash }: ChainEnd) {
    this.#position = position;
    this.#hash = hash;
  }

  get end(): ChainEnd {
    return { position: this.#position, hash: this.#hash };
  }

  add(id: string, content: AuditContent): Link {
    this.#position += 1n;
    const position = String(this.#position);
    this.#hash = rowHash(this.#hash, position, id, content);
    return { id, position, hash: this.#hash };
  }

  addAll(ids: readonly string[], rows: readonly AuditContent[]): readonly (Link & AuditContent)[] {
    return rows.map((content, index) => {
      const id = ids[index];
      if (id === undefined) throw new Error('There are fewer ids than rows.');
      return { ...this.add(id, content), ...content };
    });
  }
}

function endOf([head]: readonly { readonly position: string; readonly hash: string }[]): ChainEnd {
  if (head === undefined) throw new Error('The audit has no head.');
  return { position: BigInt(head.position), hash: head.hash };
}
