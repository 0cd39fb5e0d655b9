/**
 * What a page can be ordered by. An order is an SQL expression that is never null, with an index on (expression, id) in
 * prisma/migrations; the id makes it total. Rows without a value sort before all others.
 */
import { Prisma } from '../client.ts';
import type { CursorKey } from './cursor.ts';

/** An order of rows. */
export interface Order<Row> {
  /** As the API names it. */
  readonly name: string;
  /** The expression that the index has. */
  readonly expression: Prisma.Sql;
  /** The row's value of it, for a cursor. */
  keyOf(row: Row): CursorKey;
  /** Whether a cursor's key is such a value. */
  accepts(key: unknown): key is CursorKey;
  /** The value as an SQL expression of the type of `expression`. */
  toSql(key: CursorKey): Prisma.Sql;
}

/** By a time; null where it is unknown. */
export function timeOrder<Row>(name: string, column: Prisma.Sql, timeOf: (row: Row) => Date): Order<Row> {
  return {
    name,
    expression: column,
    keyOf: (row) => timeOf(row).toISOString(),
    accepts: isTime,
    toSql: (key) => Prisma.sql`${key}::timestamptz`,
  };
}

/** By a time that may be unknown: those rows sort as if it were the beginning of time. */
export function optionalTimeOrder<Row>(
  name: string,
  column: Prisma.Sql,
  timeOf: (row: Row) => Date | null,
): Order<Row> {
  return {
    name,
    expression: Prisma.sql`COALESCE(${column}, '-infinity'::timestamptz)`,
    keyOf: (row) => timeOf(row)?.toISOString() ?? null,
    accepts: (key): key is CursorKey => key === null || isTime(key),
    toSql: (key) => Prisma.sql`COALESCE(${key}::timestamptz, '-infinity'::timestamptz)`,
  };
}

/** By a text that may be absent: those rows sort as if it were empty. */
export function optionalTextOrder<Row>(
  name: string,
  column: Prisma.Sql,
  textOf: (row: Row) => string | null,
): Order<Row> {
  return {
    name,
    expression: Prisma.sql`COALESCE(${column}, '')`,
    keyOf: (row) => textOf(row) ?? '',
    accepts: (key): key is CursorKey => typeof key === 'string' && !key.includes('\0'),
    toSql: (key) => Prisma.sql`${key}::text`,
  };
}

/** By a number. */
export function numberOrder<Row>(name: string, column: Prisma.Sql, numberOf: (row: Row) => number): Order<Row> {
  return {
    name,
    expression: column,
    keyOf: numberOf,
    accepts: (key): key is CursorKey => typeof key === 'number' && Number.isFinite(key),
    toSql: (key) => Prisma.sql`${key}::double precision`,
  };
}

function isTime(key: unknown): key is string {
  return (
    typeof key === 'string' &&
    /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(key) &&
    !Number.isNaN(Date.parse(key))
  );
}
