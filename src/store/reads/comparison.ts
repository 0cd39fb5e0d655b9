/**
 * Two model versions over the films that both have read. The films are walked from the newest reading by the first version
 * down, some at a time by index, and their scores kept as numbers: 20,000 films of 14 labels are 9 MB.
 */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { type Agreement, agreementOf, type Summary, summaryOf } from '../../statistics/agreement.ts';
import { Prisma, type PrismaClient } from '../client.ts';
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

/** Times of the readings of one version, in milliseconds. */
export interface Latencies {
  /** The model itself, in the worker. */
  readonly inferenceMs: Summary;
  /** From the claim by a worker to the stored findings. Waiting is left out: background readings wait for live ones. */
  readonly totalMs: Summary;
}

/** One label in both versions. */
export interface LabelComparison extends Agreement {
  readonly label: string;
}

/** Two versions side by side. */
export interface Comparison {
  /** Films compared. */
  readonly films: number;
  /** There are more; the newest were compared. */
  readonly truncated: boolean;
  /** Labels that both versions have, by name. */
  readonly labels: readonly LabelComparison[];
  readonly latencyOfA: Latencies;
  readonly latencyOfB: Latencies;
}

/** How much one comparison looks at. */
export interface ComparisonBounds {
  /** Most films compared. */
  readonly films: number;
  /** Most readings by the first version that are looked at to find them: some 2 s where the second has read few of them. */
  readonly readings: number;
}

export const COMPARISON_BOUNDS: ComparisonBounds = { films: 20_000, readings: 200_000 };

/** Readings that one statement looks at. */
const READINGS_AT_ONCE = 1000;

/** Most labels of one reading. */
const MOST_LABELS = 1000;

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

type Pair = Walked & { readonly b: string };

/** Scores of one label, one entry a film in each list. */
interface Scores {
  readonly probabilitiesOfA: number[];
  readonly probabilitiesOfB: number[];
  readonly positiveByA: boolean[];
  readonly positiveByB: boolean[];
}

/** Of one version. */
class Times {
  readonly #inferenceMs: number[] = [];
  readonly #totalMs: number[] = [];

  add(inferenceMs: number | null, totalMs: number | null): void {
    if (inferenceMs !== null) this.#inferenceMs.push(inferenceMs);
    if (totalMs !== null) this.#totalMs.push(totalMs);
  }

  summarise(): Latencies {
    return { inferenceMs: summaryOf(this.#inferenceMs), totalMs: summaryOf(this.#totalMs) };
  }
}

const noScores = (): Scores => ({ probabilitiesOfA: [], probabilitiesOfB: [], positiveByA: [], positiveByB: [] });

/**
 * Compares what is visible only.
 *
 * @throws GatewayError BAD_REQUEST for a time outside the years 1 to 9999
 */
export async function modelComparison(
  reader: Reader,
  query: ComparisonQuery,
  bounds = COMPARISON_BOUNDS,
): Promise<Comparison> {
  const scores = new Map<string, Scores>();
  const timesOfA = new Times();
  const timesOfB = new Times();
  let films = 0;
  let truncated = false;
  for await (const read of filmsOf(reader, query, bounds.readings)) {
    // The walk goes on until it has met one film too many, or its end.
    const pairs = read.pairs.slice(0, bounds.films - films);
    await addScores(reader.prisma, pairs, scores);
    for (const pair of pairs) {
      timesOfA.add(pair.inferenceMsOfA, pair.totalMsOfA);
      timesOfB.add(pair.inferenceMsOfB, pair.totalMsOfB);
    }
    films += pairs.length;
    truncated = read.stopped || read.pairs.length > pairs.length;
    if (truncated) break;
  }
  return {
    films,
    truncated,
    labels: await compared(scores),
    latencyOfA: timesOfA.summarise(),
    latencyOfB: timesOfB.summarise(),
  };
}

/** Films of both, newest reading by the first version first; the last says whether the bound has stopped the walk. */
async function* filmsOf(
  reader: Reader,
  query: ComparisonQuery,
  mostReadings: number,
): AsyncGenerator<{ readonly pairs: readonly Pair[]; readonly stopped: boolean }, void, void> {
  let last: Walked | undefined;
  for (let looked = 0; ; ) {
    const walked = await readingsAfter(reader, query, last);
    last = walked.at(-1);
    looked += walked.length;
    const ended = walked.length < READINGS_AT_ONCE;
    const stopped = !ended && looked >= mostReadings;
    yield { pairs: walked.filter((reading): reading is Pair => reading.b !== null), stopped };
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

/** One row a label, its lists in one order: 14 rows in place of 14,000. */
async function addScores(
  prisma: Pick<PrismaClient, '$queryRaw'>,
  pairs: readonly Pair[],
  scores: Map<string, Scores>,
): Promise<void> {
  if (pairs.length === 0) return;
  const rows = await prisma.$queryRaw<({ readonly label: string } & Scores)[]>`
    SELECT fa."label", array_agg(fa."probability") AS "probabilitiesOfA", array_agg(fb."probability") AS "probabilitiesOfB",
      array_agg(fa."positive") AS "positiveByA", array_agg(fb."positive") AS "positiveByB"
    FROM unnest(${pairs.map(({ a }) => a)}::uuid[], ${pairs.map(({ b }) => b)}::uuid[]) AS pair("a", "b")
    CROSS JOIN LATERAL (
      SELECT "label", "probability", "positive" FROM "Finding" WHERE "inferenceId" = pair."a" LIMIT ${MOST_LABELS}
    ) AS fa
    CROSS JOIN LATERAL (
      SELECT "probability", "positive" FROM "Finding" WHERE "inferenceId" = pair."b" AND "label" = fa."label" LIMIT 1
    ) AS fb
    GROUP BY fa."label"`;
  for (const { label, ...more } of rows) {
    const known = scores.get(label) ?? noScores();
    scores.set(label, known);
    known.probabilitiesOfA.push(...more.probabilitiesOfA);
    known.probabilitiesOfB.push(...more.probabilitiesOfB);
    known.positiveByA.push(...more.positiveByA);
    known.positiveByB.push(...more.positiveByB);
  }
}

/** Label by label with room for others in between: 20,000 films of one label take some 20 ms. */
async function compared(scores: ReadonlyMap<string, Scores>): Promise<LabelComparison[]> {
  const labels: LabelComparison[] = [];
  for (const label of [...scores.keys()].sort()) {
    const { probabilitiesOfA, probabilitiesOfB, positiveByA, positiveByB } = scores.get(label) ?? noScores();
    const pairs = probabilitiesOfA.map((probability, film) => ({
      a: { probability, positive: positiveByA[film] === true },
      b: { probability: probabilitiesOfB[film] ?? Number.NaN, positive: positiveByB[film] === true },
    }));
    labels.push({ label, ...agreementOf(pairs) });
    await yieldToOthers();
  }
  return labels;
}
