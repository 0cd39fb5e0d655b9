/**
 * Two model versions over the films that both have read (compared-films.ts). Their scores are kept as numbers: 20,000 films of 14
 * labels are 9 MB.
 */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { MOST_LABELS } from '../../most-labels.ts';
import { type Agreement, agreementOf, type Summary, summaryOf } from '../../statistics/agreement.ts';
import type { PrismaClient } from '../client.ts';
import { type ComparedFilm, type ComparisonQuery, comparedFilms } from './compared-films.ts';
import type { Reader } from './scope.ts';
import { assessmentTurns } from './turns.ts';

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

const BOUNDS: ComparisonBounds = { films: 20_000, readings: 200_000 };

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
 * Compares what is visible only, when it is its turn.
 *
 * @throws GatewayError BAD_REQUEST for a time outside the years 1 to 9999, BUSY
 */
export function modelComparison(reader: Reader, query: ComparisonQuery, bounds = BOUNDS): Promise<Comparison> {
  return assessmentTurns.take(() => compareVersions(reader, query, bounds));
}

async function compareVersions(reader: Reader, query: ComparisonQuery, bounds: ComparisonBounds): Promise<Comparison> {
  const scores = new Map<string, Scores>();
  const timesOfA = new Times();
  const timesOfB = new Times();
  let films = 0;
  let truncated = false;
  for await (const read of comparedFilms(reader, query, bounds.readings)) {
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

/** One row a label, its lists in one order: 14 rows in place of 14,000. */
async function addScores(
  prisma: Pick<PrismaClient, '$queryRaw'>,
  pairs: readonly ComparedFilm[],
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
