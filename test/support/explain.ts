/** Plans of the statements that reads make, on tables large enough for the planner to mean them. */
import type pg from 'pg';
import { Prisma, type PrismaClient } from '../../src/store/client.ts';

/** A node of a plan, as EXPLAIN (FORMAT JSON) gives it. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** Takes the place of the client: explains each statement with its parameters instead of running it. */
export interface Explainer {
  readonly prisma: PrismaClient;
  /** Every node of the plans that `read` leads to. */
  nodesOf(read: () => Promise<unknown>): Promise<readonly PlanNode[]>;
}

/** @param connection - asked for once statements are made */
export function explainer(connection: () => pg.Client): Explainer {
  let plans: PlanNode[] = [];
  const $queryRaw = async (text: TemplateStringsArray | Prisma.Sql, ...parameters: unknown[]) => {
    const statement = text instanceof Prisma.Sql ? text : Prisma.sql(text, ...parameters);
    const { rows } = await connection().query(`EXPLAIN (FORMAT JSON) ${statement.text}`, [...statement.values]);
    plans.push(rows[0]['QUERY PLAN'][0].Plan);
    return [];
  };
  return {
    prisma: { $queryRaw } as unknown as PrismaClient,
    nodesOf: async (read) => {
      plans = [];
      await read();
      return plans.flatMap(withDescendants);
    },
  };
}

function withDescendants(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(withDescendants)];
}
