/** The grids behind the heat maps, apart from the findings' other columns: 49 numbers a finding add up. */
import { Prisma } from '../client.ts';
import type { Reader } from './scope.ts';
import { FINDINGS } from './tables.ts';

/**
 * The grids of findings; one statement.
 *
 * @param findingIds - UUIDs
 * @returns row-major logits of each finding, in the same order; empty where no visible finding has the id
 */
export async function heatMapValues({ prisma, scope }: Reader, findingIds: readonly string[]): Promise<number[][]> {
  const conditions = [
    Prisma.sql`${FINDINGS.column('id')} = ANY(${[...findingIds]}::uuid[])`,
    ...FINDINGS.visible(scope),
  ];
  const rows = await prisma.$queryRaw<{ readonly id: string; readonly values: number[] }[]>`
    SELECT "id", "heatMapValues" AS "values" FROM ${FINDINGS.from} WHERE ${Prisma.join(conditions, ' AND ')}`;
  const byId = new Map(rows.map((row) => [row.id, row.values]));
  return findingIds.map((id) => byId.get(id) ?? []);
}
