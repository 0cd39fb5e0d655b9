/** Rows by their ids, for the loaders: one statement a batch, with one text whatever the batch's size. */
import { Prisma } from '../client.ts';
import type { Table } from './define-table.ts';
import type { Reader } from './scope.ts';

/**
 * Rows by their ids.
 *
 * @param ids - UUIDs
 * @returns one entry an id, in the same order; null where no visible row has the id
 */
export async function rowsByIds<Row extends { readonly id: string }>(
  reader: Reader,
  table: Table<Row>,
  ids: readonly string[],
): Promise<(Row | null)[]> {
  const conditions = [Prisma.sql`${table.column('id')} = ANY(${[...ids]}::uuid[])`, ...table.visible(reader.scope)];
  const rows = await reader.prisma.$queryRaw<Row[]>`
    SELECT ${table.columns} FROM ${table.from} WHERE ${Prisma.join(conditions, ' AND ')}`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** The one visible row that fulfils all conditions, or null. */
export async function rowWhere<Row extends { readonly id: string }>(
  reader: Reader,
  table: Table<Row>,
  conditions: readonly Prisma.Sql[],
): Promise<Row | null> {
  const rows = await rowsWhere(reader, table, conditions, 1);
  return rows[0] ?? null;
}

/** At most `limit` visible rows that fulfil all conditions, in no particular order. */
export async function rowsWhere<Row extends { readonly id: string }>(
  reader: Reader,
  table: Table<Row>,
  conditions: readonly Prisma.Sql[],
  limit: number,
): Promise<Row[]> {
  return reader.prisma.$queryRaw<Row[]>(
    Prisma.sql`SELECT ${table.columns} FROM ${table.from}
      WHERE ${Prisma.join([...conditions, ...table.visible(reader.scope)], ' AND ')} LIMIT ${limit}`,
  );
}
