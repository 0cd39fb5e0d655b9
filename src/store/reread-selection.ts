/** The films that a job reads again, as conditions on their records, and how they are gone through. */
import { GatewayError } from '../errors.ts';
import { Prisma, type Transaction } from './client.ts';
import type { Eligibility, InferenceState, Priority } from './generated/enums.ts';
import { equals, equalsId, within } from './reads/conditions.ts';

/** A span of time as JSON has it: ISO 8601. */
export interface KeptRange {
  readonly from?: string | null;
  readonly until?: string | null;
}

/** Films that have something in common; all parts that are given must hold. */
export interface RereadFilter {
  /** UUID. */
  readonly patientId?: string | null;
  /** When the study was made. */
  readonly studyDate?: KeptRange | null;
  /** When the film was stored. */
  readonly createdAt?: KeptRange | null;
  /** Of the association that brought the film. */
  readonly callingAeTitle?: string | null;
  /** A version has found this on the film, or its absence. */
  readonly finding?: { readonly modelVersionId: string; readonly label: string; readonly positive: boolean } | null;
}

/** Which films, as it is kept with the job: one of the three. */
export interface RereadSelection {
  readonly study?: { readonly id: string; readonly studyInstanceUid: string; readonly patientId: string };
  readonly filter?: RereadFilter;
  readonly all?: true;
}

/** A place in the order of the films: that of their storing. */
export interface FilmPlace {
  readonly createdAt: Date;
  readonly id: string;
}

/** A film, and the reading that the version has of it already. */
export interface SelectedFilm extends FilmPlace {
  readonly studyId: string;
  readonly patientId: string;
  readonly eligibility: Eligibility;
  readonly eligibilityReasons: readonly string[];
  /** Null: it has none. */
  readonly inferenceId: string | null;
  readonly state: InferenceState | null;
  readonly shadow: boolean | null;
  readonly priority: Priority | null;
}

/** Which films, by which version. */
export interface RereadFilms {
  readonly selection: RereadSelection;
  readonly modelVersionId: string;
  /** Films that were stored from then on do not count. */
  readonly before: Date;
}

/** Some films in their order. */
export interface FilmsAhead {
  readonly films: readonly SelectedFilm[];
  /** Up to here no others match. */
  readonly reached: FilmPlace;
}

/** More are counted as so many. */
const MOST_COUNTED = 1_000_000;

/** Films that one statement looks at, whether they match or not: a rare finding must not hold a transaction for minutes. */
const LOOKED_AT = 2000;

const FROM = Prisma.sql`"Instance" JOIN "Series" ON "Series"."id" = "Instance"."seriesId"
  JOIN "Study" ON "Study"."id" = "Series"."studyId"`;
const PLACE = Prisma.sql`("Instance"."createdAt", "Instance"."id")`;
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** The place behind the last film. */
export function endOf(before: Date): FilmPlace {
  return { createdAt: before, id: LAST_ID };
}

/**
 * Films that match, counted up to {@link MOST_COUNTED}.
 *
 * @throws GatewayError BAD_REQUEST for a selection that no film can match
 */
export async function countFilms(
  tx: Transaction,
  { selection, before }: Omit<RereadFilms, 'modelVersionId'>,
): Promise<number> {
  const conditions = Prisma.join(conditionsOf(selection, before), ' AND ');
  const [row] = await tx.$queryRaw<{ readonly count: number }[]>`
    SELECT count(*)::integer AS "count" FROM (SELECT FROM ${FROM} WHERE ${conditions} LIMIT ${MOST_COUNTED}) AS films`;
  return row?.count ?? 0;
}

/**
 * The next films after a place.
 *
 * @param after - null: from the first
 */
export async function filmsAfter(
  tx: Transaction,
  { selection, modelVersionId, before }: RereadFilms,
  after: FilmPlace | null,
  limit: number,
): Promise<FilmsAhead> {
  const end = isOfFewFilms(selection) ? endOf(before) : await lookedUpTo(tx, selection, before, after);
  const conditions = [
    ...conditionsOf(selection, before),
    ...beyond(after),
    Prisma.sql`${PLACE} <= (${end.createdAt}::timestamptz, ${end.id}::uuid)`,
  ];
  const films = await tx.$queryRaw<SelectedFilm[]>`
    SELECT "Instance"."id", "Instance"."createdAt", "Study"."id" AS "studyId", "Study"."patientId",
      "Instance"."eligibility", "Instance"."eligibilityReasons",
      known."id" AS "inferenceId", known."state", known."shadow", known."priority"
    FROM ${FROM}
    LEFT JOIN "Inference" AS known ON known."instanceId" = "Instance"."id" AND known."modelVersionId" = ${modelVersionId}::uuid
    WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY "Instance"."createdAt", "Instance"."id" LIMIT ${limit}`;
  const last = films.at(-1);
  return { films, reached: last !== undefined && films.length === limit ? last : end };
}

/** The films of a study or a patient are found by it; all others are gone through in the order of their storing. */
function isOfFewFilms({ study, filter }: RereadSelection): boolean {
  return study !== undefined || (filter?.patientId ?? null) !== null;
}

/** The last of the next films that are looked at; the end when there are fewer. */
async function lookedUpTo(
  tx: Transaction,
  { filter }: RereadSelection,
  before: Date,
  after: FilmPlace | null,
): Promise<FilmPlace> {
  const column = Prisma.sql`"Instance"."createdAt"`;
  const conditions = [
    Prisma.sql`${column} < ${before}`,
    ...within(column, rangeOf(filter?.createdAt)),
    ...beyond(after),
  ];
  const [last] = await tx.$queryRaw<FilmPlace[]>`
    SELECT "createdAt", "id" FROM "Instance" WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY "createdAt", "id" OFFSET ${LOOKED_AT - 1} LIMIT 1`;
  return last ?? endOf(before);
}

function beyond(after: FilmPlace | null): Prisma.Sql[] {
  return after === null ? [] : [Prisma.sql`${PLACE} > (${after.createdAt}::timestamptz, ${after.id}::uuid)`];
}

/** Films that the gate has refused are never read. */
function conditionsOf({ study, filter = {} }: RereadSelection, before: Date): Prisma.Sql[] {
  const { patientId, studyDate, createdAt, callingAeTitle, finding } = filter;
  return [
    Prisma.sql`"Instance"."eligibility" <> 'INELIGIBLE'`,
    Prisma.sql`"Instance"."createdAt" < ${before}`,
    ...equalsId(Prisma.sql`"Study"."id"`, study?.id),
    ...equalsId(Prisma.sql`"Study"."patientId"`, patientId),
    ...within(Prisma.sql`"Study"."studyDate"`, rangeOf(studyDate)),
    ...within(Prisma.sql`"Instance"."createdAt"`, rangeOf(createdAt)),
    ...equals(Prisma.sql`"Instance"."callingAeTitle"`, callingAeTitle),
    ...(finding ? [hasFinding(finding)] : []),
  ];
}

function hasFinding({ modelVersionId, label, positive }: NonNullable<RereadFilter['finding']>): Prisma.Sql {
  const [isLabel] = equals(Prisma.sql`"Finding"."label"`, label);
  if (isLabel === undefined) throw new GatewayError('BAD_REQUEST', 'A finding needs a label.');
  return Prisma.sql`EXISTS (
    SELECT FROM "Inference" AS earlier JOIN "Finding" ON "Finding"."inferenceId" = earlier."id"
    WHERE earlier."instanceId" = "Instance"."id" AND earlier."modelVersionId" = ${modelVersionId}::uuid
      AND ${isLabel} AND "Finding"."positive" = ${positive})`;
}

/** A kept range with its bounds as times; null where it has none. */
export function rangeOf(range: KeptRange | null | undefined): {
  readonly from: Date | null;
  readonly until: Date | null;
} {
  const timeOf = (text: string | null | undefined) => (text ? new Date(text) : null);
  return { from: timeOf(range?.from), until: timeOf(range?.until) };
}
