/**
 * How often a model version was right, by what clinicians say of its findings. All counting is done by PostgreSQL.
 *
 * What counts: of each reviewer the newest word on a label of a reading. Where several have reviewed one finding, the verdict
 * that most of them gave; when no verdict has the most, the finding is not assessable. MISSED of a label of the model is a
 * disagreement with its negative finding. Truth follows: positive and agreed is a true positive, positive and disagreed a false
 * one, negative and agreed a true negative, negative and disagreed a false one.
 */
import { type Proportion, proportion } from '../../statistics/proportion.ts';
import { Prisma } from '../client.ts';
import { type TimeRange, within } from './conditions.ts';
import type { Reader } from './scope.ts';
import { FINDING_REVIEWS, FINDINGS } from './tables.ts';

/** What a group has in common: for NONE nothing, else the assigning authority, view position, sex or age at the study. */
export type PerformanceGrouping = 'NONE' | 'SITE' | 'VIEW' | 'SEX' | 'AGE_BAND';

/** Which version, over the readings of which time, in which groups. */
export interface PerformanceQuery {
  /** UUID. */
  readonly modelVersionId: string;
  /** When the findings were made, whenever they were reviewed. */
  readonly period: TimeRange;
  readonly groupBy: PerformanceGrouping;
}

/** One label within one group. */
export interface LabelPerformance {
  readonly label: string;
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly trueNegatives: number;
  readonly falseNegatives: number;
  /** Reviewed findings that cannot be judged, or of which the reviewers disagree. */
  readonly notAssessable: number;
  /** Right ones of those that could be judged. */
  readonly agreement: Proportion;
  readonly sensitivity: Proportion;
  readonly specificity: Proportion;
  readonly positivePredictiveValue: Proportion;
}

/** The labels of one group, by name. */
export interface PerformanceGroup {
  /** An issuer, a view position, MALE, FEMALE or OTHER, an age band; null where the records do not say, and for NONE. */
  readonly group: string | null;
  readonly labels: readonly LabelPerformance[];
}

/** What the reviews of a version come to. */
export interface Performance {
  readonly groups: readonly PerformanceGroup[];
  /** Missed findings that the version has no label for: one a reading and name. */
  readonly otherMissed: number;
}

interface Counted {
  readonly group: string | null;
  readonly label: string;
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly trueNegatives: number;
  readonly falseNegatives: number;
  readonly notAssessable: number;
}

/** Birth dates have no time; the study's day is that of its time in UTC, as the records have it. */
const AGE = Prisma.sql`extract(year FROM age(("Study"."studyDate" AT TIME ZONE 'UTC')::date, "Patient"."birthDate"))`;

/** By a value that each finding has once. */
const GROUPS: Readonly<Record<PerformanceGrouping, Prisma.Sql>> = {
  NONE: Prisma.sql`NULL::text`,
  SITE: Prisma.sql`"Patient"."issuer"`,
  VIEW: Prisma.sql`"Series"."viewPosition"`,
  SEX: Prisma.sql`"Patient"."sex"::text`,
  AGE_BAND: Prisma.sql`CASE WHEN ${AGE} < 0 THEN NULL WHEN ${AGE} < 18 THEN '0-17' WHEN ${AGE} < 40 THEN '18-39'
    WHEN ${AGE} < 65 THEN '40-64' WHEN ${AGE} < 80 THEN '65-79' WHEN ${AGE} >= 80 THEN '80+' END`,
};

/** What a grouping looks at besides the finding. */
const JOINS: Readonly<Record<PerformanceGrouping, Prisma.Sql>> = {
  NONE: Prisma.empty,
  SITE: Prisma.sql`JOIN "Patient" ON "Patient"."id" = "Finding"."patientId"`,
  SEX: Prisma.sql`JOIN "Patient" ON "Patient"."id" = "Finding"."patientId"`,
  VIEW: Prisma.sql`JOIN "Inference" ON "Inference"."id" = "Finding"."inferenceId"
    JOIN "Instance" ON "Instance"."id" = "Inference"."instanceId" JOIN "Series" ON "Series"."id" = "Instance"."seriesId"`,
  AGE_BAND: Prisma.sql`JOIN "Patient" ON "Patient"."id" = "Finding"."patientId"
    JOIN "Study" ON "Study"."id" = "Finding"."studyId"`,
};

/**
 * Counts what is visible only, by the reviews of the version: its findings that nobody has reviewed cost nothing.
 *
 * @returns groups in ascending order, the one without a name last; none without reviews
 * @throws GatewayError BAD_REQUEST for a time outside the years 1 to 9999
 */
export async function modelPerformance(reader: Reader, query: PerformanceQuery): Promise<Performance> {
  const [counts, otherMissed] = await Promise.all([countVerdicts(reader, query), countOtherMissed(reader, query)]);
  const groups = Map.groupBy(counts, ({ group }) => group);
  return { groups: [...groups].map(([group, rows]) => ({ group, labels: rows.map(withProportions) })), otherMissed };
}

function countVerdicts({ prisma, scope }: Reader, query: PerformanceQuery): Promise<Counted[]> {
  const { modelVersionId, period, groupBy } = query;
  const reviews = [
    Prisma.sql`"FindingReview"."modelVersionId" = ${modelVersionId}::uuid AND "findingId" IS NOT NULL`,
    ...FINDING_REVIEWS.visible(scope),
  ];
  const findings = [Prisma.sql`TRUE`, ...within(FINDINGS.column('createdAt'), period)];
  return prisma.$queryRaw<Counted[]>`
    WITH newest AS (
      SELECT DISTINCT ON ("findingId", "reviewer") "findingId", "verdict"
      FROM "FindingReview" WHERE ${Prisma.join(reviews, ' AND ')}
      ORDER BY "findingId", "reviewer", "createdAt" DESC, "id" DESC
    ), votes AS (
      SELECT "findingId", count(*) FILTER (WHERE "verdict" = 'AGREE') AS agree,
        count(*) FILTER (WHERE "verdict" IN ('DISAGREE', 'MISSED')) AS disagree,
        count(*) FILTER (WHERE "verdict" = 'NOT_ASSESSABLE') AS unclear
      FROM newest GROUP BY "findingId"
    ), judged AS (
      SELECT ${GROUPS[groupBy]} AS "group", "Finding"."label", "Finding"."positive",
        agree > disagree AND agree > unclear AS agreed, disagree > agree AND disagree > unclear AS disagreed
      FROM votes JOIN "Finding" ON "Finding"."id" = votes."findingId" ${JOINS[groupBy]}
      WHERE ${Prisma.join(findings, ' AND ')}
    )
    SELECT "group", "label",
      (count(*) FILTER (WHERE "positive" AND agreed))::integer AS "truePositives",
      (count(*) FILTER (WHERE "positive" AND disagreed))::integer AS "falsePositives",
      (count(*) FILTER (WHERE NOT "positive" AND agreed))::integer AS "trueNegatives",
      (count(*) FILTER (WHERE NOT "positive" AND disagreed))::integer AS "falseNegatives",
      (count(*) FILTER (WHERE NOT agreed AND NOT disagreed))::integer AS "notAssessable"
    FROM judged GROUP BY "group", "label" ORDER BY "group" COLLATE "C" NULLS LAST, "label" COLLATE "C"`;
}

async function countOtherMissed({ prisma, scope }: Reader, query: PerformanceQuery): Promise<number> {
  const conditions = [
    Prisma.sql`"FindingReview"."modelVersionId" = ${query.modelVersionId}::uuid AND "FindingReview"."findingId" IS NULL`,
    ...FINDING_REVIEWS.visible(scope),
    ...within(Prisma.sql`"Inference"."createdAt"`, query.period),
  ];
  const [row] = await prisma.$queryRaw<{ readonly count: number }[]>`
    SELECT count(DISTINCT ("FindingReview"."inferenceId", lower("FindingReview"."label")))::integer AS "count"
    FROM "FindingReview" JOIN "Inference" ON "Inference"."id" = "FindingReview"."inferenceId"
    WHERE ${Prisma.join(conditions, ' AND ')}`;
  return row?.count ?? 0;
}

function withProportions({ group: _, ...counts }: Counted): LabelPerformance {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = counts;
  const right = truePositives + trueNegatives;
  return {
    ...counts,
    agreement: proportion(right, right + falsePositives + falseNegatives),
    sensitivity: proportion(truePositives, truePositives + falseNegatives),
    specificity: proportion(trueNegatives, trueNegatives + falsePositives),
    positivePredictiveValue: proportion(truePositives, truePositives + falsePositives),
  };
}
