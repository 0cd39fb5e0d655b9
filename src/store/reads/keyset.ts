/**
 * Pages by keyset: `WHERE (key, id) > (…, …) ORDER BY key, id LIMIT n + 1`. The row comparison is one index range, so the
 * thousandth page costs what the first costs, and rows inserted meanwhile neither repeat nor hide others.
 */
import { GatewayError } from '../../errors.ts';
import { Prisma } from '../client.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import type { Table } from './define-table.ts';
import type { Order } from './orders.ts';
import type { Reader } from './scope.ts';

export type Direction = 'ASC' | 'DESC';

/** Which part of a list: `first` after a cursor, or `last` before one. */
export interface PageRequest {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

/** What to read. */
export interface Listing<Row extends { readonly id: string }> {
  /** Name of the list; cursors of other lists are refused. */
  readonly name: string;
  readonly table: Table<Row>;
  /** All must hold; those of the reader's scope are added. */
  readonly conditions: readonly Prisma.Sql[];
  readonly order: Order<Row>;
  readonly direction: Direction;
}

/** A part of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** The cursor of each row, in the same order. */
  readonly cursors: readonly string[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** Visible rows of the whole list, counted up to {@link COUNT_LIMIT}; costs a statement. */
  count(): Promise<number>;
}

const DEFAULT_PAGE_SIZE = 50;
/** Most rows of one page. */
export const MAXIMUM_PAGE_SIZE = 200;

/** Counting stops here: an exact count of a large table reads all of it. */
export const COUNT_LIMIT = 10_000;

/**
 * Reads one page; one statement.
 *
 * @throws GatewayError BAD_REQUEST for sizes out of bounds, CURSOR_INVALID for a cursor of another list or order
 */
export async function readPage<Row extends { readonly id: string }>(
  reader: Reader,
  listing: Listing<Row>,
  request: PageRequest,
): Promise<Page<Row>> {
  const { table, order } = listing;
  const { size, backward } = pageSize(request);
  // A page before a cursor is read away from it, then turned round.
  const reading = backward ? opposite(listing.direction) : listing.direction;
  const id = table.column('id');
  const conditions = [
    ...listing.conditions,
    ...table.visible(reader.scope),
    ...beyond(listing, request.after, listing.direction === 'ASC' ? '>' : '<'),
    ...beyond(listing, request.before, listing.direction === 'ASC' ? '<' : '>'),
  ];
  const found = await reader.prisma.$queryRaw<Row[]>`
    SELECT ${table.columns} FROM ${table.from} ${where(conditions)}
    ORDER BY ${order.expression} ${Prisma.raw(reading)}, ${id} ${Prisma.raw(reading)} LIMIT ${size + 1}`;
  const more = found.length > size;
  const rows = backward ? found.slice(0, size).reverse() : found.slice(0, size);
  return {
    rows,
    cursors: rows.map((row) => encodeCursor(scopeOf(listing), { key: order.keyOf(row), id: row.id })),
    // A cursor names a row of the list, and rows are never removed: there is something on its other side.
    hasNextPage: backward ? isGiven(request.before) : more,
    hasPreviousPage: backward ? more : isGiven(request.after),
    count: () => countRows(reader, listing),
  };
}

async function countRows<Row extends { readonly id: string }>(
  { prisma, scope }: Reader,
  { table, conditions }: Listing<Row>,
): Promise<number> {
  const [row] = await prisma.$queryRaw<{ readonly count: number }[]>`
    SELECT count(*)::integer AS "count" FROM (
      SELECT 1 FROM ${table.from} ${where([...conditions, ...table.visible(scope)])} LIMIT ${COUNT_LIMIT}
    ) AS counted`;
  return row?.count ?? 0;
}

/** @throws GatewayError BAD_REQUEST for sizes out of bounds */
export function pageSize({ first, last }: PageRequest): { readonly size: number; readonly backward: boolean } {
  if (isGiven(first) && isGiven(last)) {
    throw new GatewayError('BAD_REQUEST', 'first and last were both given; a page has one size.');
  }
  const size = first ?? last ?? DEFAULT_PAGE_SIZE;
  if (size < 1 || size > MAXIMUM_PAGE_SIZE) {
    throw new GatewayError('BAD_REQUEST', `A page has 1 to ${MAXIMUM_PAGE_SIZE} entries; ${size} were asked for.`);
  }
  return { size, backward: isGiven(last) };
}

function beyond<Row extends { readonly id: string }>(
  listing: Listing<Row>,
  cursor: string | null | undefined,
  comparison: '<' | '>',
): Prisma.Sql[] {
  if (!isGiven(cursor)) return [];
  const { order, table } = listing;
  const place = decodeCursor(scopeOf(listing), cursor, (key) => order.accepts(key));
  return [
    Prisma.sql`(${order.expression}, ${table.column('id')}) ${Prisma.raw(comparison)}
      (${order.toSql(place.key)}, ${place.id}::uuid)`,
  ];
}

function where(conditions: readonly Prisma.Sql[]): Prisma.Sql {
  return conditions.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join([...conditions], ' AND ')}`;
}

function scopeOf<Row extends { readonly id: string }>({ name, order, direction }: Listing<Row>): string {
  return `${name}.${order.name}.${direction}`;
}

function opposite(direction: Direction): Direction {
  return direction === 'ASC' ? 'DESC' : 'ASC';
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
