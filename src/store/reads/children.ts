/**
 * The rows below many parents at once. One statement looks up each parent's rows by index and stops at the bound, so
 * neither a batch of 1,000 parents nor one parent with 100,000 rows makes an answer large.
 */
import { Prisma } from '../client.ts';
import type { Table } from './define-table.ts';
import type { Reader } from './scope.ts';
import {
  FINDING_REVIEWS,
  FINDINGS,
  INFERENCES,
  INSTANCES,
  MODEL_TRANSITIONS,
  PATIENT_DISCREPANCIES,
  SERIES,
  STUDIES,
  THRESHOLD_SETS,
} from './tables.ts';

/** How rows hang below a parent, and in which order. */
export interface Relation<Row extends { readonly id: string }> {
  readonly table: Table<Row>;
  readonly foreignKey: keyof Row & string;
  /** Only rows of which it holds. */
  readonly condition?: Prisma.Sql;
  /** ORDER BY over columns of the row; ends with the id, so it is total. */
  readonly orderBy: readonly (readonly [column: keyof Row & string, direction: 'ASC' | 'DESC'])[];
}

/** Most rows below one parent; real studies have a few. */
export const MAXIMUM_CHILDREN = 1000;

const define = <Row extends { readonly id: string }>(relation: Relation<Row>): Relation<Row> => relation;

/** Newest first: the latest study matters most. */
export const STUDIES_OF_PATIENT = define({
  table: STUDIES,
  foreignKey: 'patientId',
  orderBy: [
    ['createdAt', 'DESC'],
    ['id', 'DESC'],
  ],
});

/** Newest first. */
export const DISCREPANCIES_OF_PATIENT = define({
  table: PATIENT_DISCREPANCIES,
  foreignKey: 'patientId',
  orderBy: [
    ['createdAt', 'DESC'],
    ['id', 'DESC'],
  ],
});

/** In the order of arrival. */
export const SERIES_OF_STUDY = define({
  table: SERIES,
  foreignKey: 'studyId',
  orderBy: [
    ['createdAt', 'ASC'],
    ['id', 'ASC'],
  ],
});

/** In the order of arrival. */
export const INSTANCES_OF_STUDY = define({
  table: INSTANCES,
  foreignKey: 'studyId',
  orderBy: [
    ['createdAt', 'ASC'],
    ['id', 'ASC'],
  ],
});

/** In the order of arrival. */
export const INSTANCES_OF_SERIES = define({
  table: INSTANCES,
  foreignKey: 'seriesId',
  orderBy: [
    ['createdAt', 'ASC'],
    ['id', 'ASC'],
  ],
});

/** Newest first. */
export const INFERENCES_OF_STUDY = define({
  table: INFERENCES,
  foreignKey: 'studyId',
  orderBy: [
    ['createdAt', 'DESC'],
    ['id', 'DESC'],
  ],
});

/** Newest first. */
export const INFERENCES_OF_INSTANCE = define({
  table: INFERENCES,
  foreignKey: 'instanceId',
  orderBy: [
    ['createdAt', 'DESC'],
    ['id', 'DESC'],
  ],
});

/** Newest reading first, and within it the most probable. */
export const FINDINGS_OF_STUDY = define({
  table: FINDINGS,
  foreignKey: 'studyId',
  orderBy: [
    ['createdAt', 'DESC'],
    ['probability', 'DESC'],
    ['id', 'ASC'],
  ],
});

/** Of {@link FINDINGS_OF_STUDY} the positive or the negative ones. */
export const findingsOfStudyBySign = (positive: boolean) =>
  define({
    ...FINDINGS_OF_STUDY,
    condition: positive ? FINDINGS.column('positive') : Prisma.sql`NOT ${FINDINGS.column('positive')}`,
  });

/** Most probable first. */
export const FINDINGS_OF_INFERENCE = define({
  table: FINDINGS,
  foreignKey: 'inferenceId',
  orderBy: [
    ['probability', 'DESC'],
    ['id', 'ASC'],
  ],
});

/** Newest first. */
export const REVIEWS_OF_FINDING = define({
  table: FINDING_REVIEWS,
  foreignKey: 'findingId',
  orderBy: [
    ['createdAt', 'DESC'],
    ['id', 'DESC'],
  ],
});

/** Newest first. */
export const MISSED_FINDINGS_OF_INFERENCE = define({
  table: FINDING_REVIEWS,
  foreignKey: 'inferenceId',
  condition: Prisma.sql`"FindingReview"."verdict" = 'MISSED'`,
  orderBy: [
    ['createdAt', 'DESC'],
    ['id', 'DESC'],
  ],
});

/** Oldest first: a history is read from its beginning. */
export const TRANSITIONS_OF_MODEL_VERSION = define({
  table: MODEL_TRANSITIONS,
  foreignKey: 'modelVersionId',
  orderBy: [
    ['createdAt', 'ASC'],
    ['id', 'ASC'],
  ],
});

/** Newest first: that one is in force. */
export const THRESHOLD_SETS_OF_MODEL_VERSION = define({
  table: THRESHOLD_SETS,
  foreignKey: 'modelVersionId',
  orderBy: [['version', 'DESC']],
});

/**
 * The rows below each of some parents; one statement.
 *
 * @param parentIds - UUIDs of the parents
 * @param limit - most rows a parent
 * @returns the visible rows of each parent, parents in the order given
 */
export async function childrenOf<Row extends { readonly id: string }>(
  { prisma, scope }: Reader,
  relation: Relation<Row>,
  parentIds: readonly string[],
  limit: number,
): Promise<Row[][]> {
  const { table, foreignKey, orderBy, condition = Prisma.sql`TRUE` } = relation;
  const conditions = Prisma.join([condition, ...table.visible(scope)], ' AND ');
  const order = (expression: (column: keyof Row & string) => Prisma.Sql) =>
    Prisma.join(orderBy.map(([column, direction]) => Prisma.sql`${expression(column)} ${Prisma.raw(direction)}`));
  const rows = await prisma.$queryRaw<(Row & { readonly parentKey: string })[]>`
    SELECT child.*, parent."id" AS "parentKey"
    FROM unnest(${[...parentIds]}::uuid[]) AS parent("id")
    CROSS JOIN LATERAL (
      SELECT ${table.columns} FROM ${table.from}
      WHERE ${table.column(foreignKey)} = parent."id" AND ${conditions}
      ORDER BY ${order((column) => table.column(column))} LIMIT ${limit}
    ) AS child
    ORDER BY ${order((column) => Prisma.raw(`child."${column}"`))}`;
  const byParent = Map.groupBy(rows, (row) => row.parentKey);
  return parentIds.map((id) => byParent.get(id) ?? []);
}
