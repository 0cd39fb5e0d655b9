/** A table as the reads see it: made from its name and columns, so that a property of a row is written once. */
import { Prisma } from '../client.ts';
import type { AccessScope } from './scope.ts';

/** Where rows of one type come from. */
export interface Table<Row extends { readonly id: string }> {
  /** What follows FROM. */
  readonly from: Prisma.Sql;
  /** What follows SELECT: every property of a row. */
  readonly columns: Prisma.Sql;
  /** One column, qualified by its table. */
  column(name: keyof Row & string): Prisma.Sql;
  /** Conditions that leave only the rows that a scope lets through; none where it lets all through. */
  visible(scope: AccessScope): Prisma.Sql[];
}

/**
 * Describes a table.
 *
 * @param name - as PostgreSQL has it
 * @param visible - as in {@link Table}
 * @param own - columns that it has itself
 * @param joined - what follows its name in FROM, and expressions for the other properties of a row
 */
export function defineTable<Row extends { readonly id: string }>(
  name: string,
  visible: (scope: AccessScope) => Prisma.Sql[],
  own: readonly (keyof Row & string)[],
  joined: { readonly from: string; readonly columns: Readonly<Record<string, string>> } = { from: '', columns: {} },
): Table<Row> {
  const expression = (column: string) => joined.columns[column] ?? `"${name}"."${column}"`;
  const all = [...own, ...Object.keys(joined.columns)];
  return {
    from: Prisma.raw(`"${name}"${joined.from}`),
    columns: Prisma.raw(all.map((column) => `${expression(column)} AS "${column}"`).join(', ')),
    column: (column) => Prisma.raw(expression(column)),
    visible,
  };
}
