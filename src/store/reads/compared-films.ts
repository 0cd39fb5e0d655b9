/**
 * The films that two model versions have both read: walked from the newest reading by the first version down, some at a time by
 * index.
 */
import { Prisma } from '../client.ts';
import { type TimeRange, within } from './conditions.ts';
import type { Reader } from './scope.ts';
import { clinicalOnly, visibleByPatient } from './visibility.ts';

/** Which versions, over which films. */
export interface ComparisonQuery {
  /** UUIDs of two versions. */
  readonly a: string;
  readonly b: string;
  /** When version a was asked to read the film. */
  readonly period: TimeRange;
}

/** A reading by the first version. */
interface Walked {
  readonly a: string;
  readonly createdAt: Date;
  readonly inferenceMsOfA: number | null;
  readonly totalMsOfA: number | null;
  /** That of the same film by the second; null when there is none. */
  readonly b: string | null;
  readonly inferenceMsOfB: number | null;
  readonly totalMsOfB: number | null;
}

/** A film that both have read. */
export type ComparedFilm = Walked & { readonly b: string };

/** Readings that one statement looks at. */
const READINGS_AT_ONCE = 1000;

/**
 * Films of both, newest reading by the first version first, some at a time; the last says whether the bound has stopped the walk.
 *
 * @param mostReadings - most readings by the first version that are looked at
 * @throws GatewayError BAD_REQUEST for a time outside the years 1 to 9999
 */
export async function* comparedFilms(
  reader: Reader,
  query: ComparisonQuery,
  mostReadings: number,
): AsyncGenerator<{ readonly pairs: readonly ComparedFilm[]; readonly stopped: boolean }, void, void> {
  let last: Walked | undefined;
  for (let looked = 0; ; ) {
    const walked = await readingsAfter(reader, query, last);
    last = walked.at(-1);
    looked += walked.length;
    const ended = walked.length < READINGS_AT_ONCE;
    const stopped = !ended && looked >= mostReadings;
    yield { pairs: walked.filter((reading): reading is ComparedFilm => reading.b !== null), stopped };
    if (ended || stopped) return;
  }
}

/** The next readings by the first version, each with that of the same film by the second. */
function readingsAfter(
  { prisma, scope }: Reader,
  { a, b, period }: ComparisonQuery,
  last: Walked | undefined,
): Promise<Walked[]> {
  const ofFirst = [
    Prisma.sql`ra."modelVersionId" = ${a}::uuid AND ra."state" = 'DONE'`,
    ...within(Prisma.sql`ra."createdAt"`, period),
    ...(last === undefined
      ? []
      : [Prisma.sql`(ra."createdAt", ra."id") < (${last.createdAt.toISOString()}::timestamptz, ${last.a}::uuid)`]),
    ...visibleByPatient('ra', scope),
    ...clinicalOnly('ra', scope),
  ];
  const ofSecond = [
    Prisma.sql`rb."instanceId" = walked."instanceId" AND rb."modelVersionId" = ${b}::uuid AND rb."state" = 'DONE'`,
    ...clinicalOnly('rb', scope),
  ];
  // LIMIT in the lateral part keeps it a look-up by index: a film has one reading by a version.
  return prisma.$queryRaw<Walked[]>`
    WITH walked AS (
      SELECT ra."id" AS "a", ra."createdAt", ra."instanceId", ra."inferenceMs" AS "inferenceMsOfA",
        ${milliseconds('ra')} AS "totalMsOfA"
      FROM "Inference" AS ra WHERE ${Prisma.join(ofFirst, ' AND ')}
      ORDER BY ra."createdAt" DESC, ra."id" DESC LIMIT ${READINGS_AT_ONCE}
    )
    SELECT "a", "createdAt", "inferenceMsOfA", "totalMsOfA", "b", "inferenceMsOfB", "totalMsOfB"
    FROM walked LEFT JOIN LATERAL (
      SELECT rb."id" AS "b", rb."inferenceMs" AS "inferenceMsOfB", ${milliseconds('rb')} AS "totalMsOfB"
      FROM "Inference" AS rb WHERE ${Prisma.join(ofSecond, ' AND ')} LIMIT 1
    ) AS second ON TRUE
    ORDER BY "createdAt" DESC, "a" DESC`;
}

function milliseconds(reading: string): Prisma.Sql {
  return Prisma.raw(`(extract(epoch FROM ${reading}."completedAt" - ${reading}."startedAt") * 1000)::double precision`);
}
