/** The grids behind the heat maps, apart from the findings' other columns: 49 numbers a finding add up. */
import type { PrismaClient } from '../client.ts';

/**
 * @param findingIds - UUIDs
 * @returns row-major logits of each finding, in the same order; empty where no finding has the id
 */
export async function heatMapValues(prisma: PrismaClient, findingIds: readonly string[]): Promise<number[][]> {
  const rows = await prisma.$queryRaw<{ readonly id: string; readonly values: number[] }[]>`
    SELECT "id", "heatMapValues" AS "values" FROM "Finding" WHERE "id" = ANY(${[...findingIds]}::uuid[])`;
  const byId = new Map(rows.map((row) => [row.id, row.values]));
  return findingIds.map((id) => byId.get(id) ?? []);
}
