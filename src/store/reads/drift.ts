/** How far the scores and films of a day have moved from a model version's reference. */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { GatewayError } from '../../errors.ts';
import { MOST_LABELS } from '../../most-labels.ts';
import { kolmogorovSmirnov, populationStabilityIndex } from '../../statistics/drift.ts';
import type { ReferenceDistribution } from '../../statistics/reference-distribution.ts';
import { Prisma } from '../client.ts';
import { type TimeRange, within } from './conditions.ts';
import type { Reader } from './scope.ts';
import { INFERENCES } from './tables.ts';
import { assessmentTurns } from './turns.ts';

/** What days are compared with: the part `reference` of a manifest. */
export interface DriftReference {
  readonly dataSet: string;
  readonly films: number;
  /** Probabilities by label. */
  readonly scores: Readonly<Record<string, ReferenceDistribution>>;
  /** Of the films as the model saw them, in 8-bit grey. */
  readonly inputMean: ReferenceDistribution;
  readonly inputDeviation: ReferenceDistribution;
}

/** One measure of one time. */
export interface DriftMeasure {
  /** A label, {@link INPUT_MEAN} or {@link INPUT_DEVIATION}. */
  readonly measure: string;
  /** Values. */
  readonly count: number;
  readonly psi: number;
  readonly ksStatistic: number;
  readonly ksPValue: number;
}

/** What one time's readings come to. */
export interface Drift {
  /** Films read; the newest of them are measured. */
  readonly films: number;
  /** Inputs first, then labels by name; what the reference lacks is left out. */
  readonly measures: readonly DriftMeasure[];
}

/** One day, UTC. */
export interface DriftDay extends Drift {
  /** Its beginning. */
  readonly day: Date;
}

const INPUT_MEAN = 'input mean';
const INPUT_DEVIATION = 'input deviation';

/** Most days of one answer. */
export const MOST_DAYS = 92;

/** Most readings of one time that are looked at, the newest: 14 labels of them are 2 MB. */
const MOST_FILMS = 20_000;

/**
 * Most readings of one answer, shared evenly by its days. 20,000 of 14 labels take some 2.5 s on 2 busy cores, so 92 full days
 * would take four minutes, and have all other assessments wait for them.
 */
const MOST_FILMS_OF_ALL_DAYS = 100_000;

const DAY_MS = 86_400_000;

/**
 * The reference of a manifest as it is stored; null when it has none.
 *
 * @param manifest - checked when the version was registered
 */
export function referenceOfManifest(manifest: unknown): DriftReference | null {
  return (manifest as { readonly reference?: DriftReference } | null)?.reference ?? null;
}

/**
 * Day by day, without the days that have no film; when it is its turn.
 *
 * @param mostFilms - most readings that are looked at
 * @throws GatewayError BAD_REQUEST for more than {@link MOST_DAYS} days, BUSY
 */
export async function driftByDay(
  reader: Reader,
  modelVersionId: string,
  reference: DriftReference | null,
  { from, until }: { readonly from: Date; readonly until: Date },
  mostFilms = MOST_FILMS_OF_ALL_DAYS,
): Promise<readonly DriftDay[]> {
  const first = Math.floor(from.getTime() / DAY_MS) * DAY_MS;
  if (until.getTime() - first > MOST_DAYS * DAY_MS) {
    throw new GatewayError('BAD_REQUEST', `At most ${MOST_DAYS} days are compared at once.`);
  }
  const dayCount = Math.max(1, Math.ceil((until.getTime() - first) / DAY_MS));
  const mostOfDay = Math.min(MOST_FILMS, Math.floor(mostFilms / dayCount));
  return assessmentTurns.take(async () => {
    const days: DriftDay[] = [];
    for (let at = first; at < until.getTime(); at += DAY_MS) {
      const period = {
        from: new Date(Math.max(at, from.getTime())),
        until: new Date(Math.min(at + DAY_MS, until.getTime())),
      };
      const drift = await driftOf(reader, modelVersionId, reference, period, mostOfDay);
      if (drift.films > 0) days.push({ day: new Date(at), ...drift });
    }
    return days;
  });
}

/** Of what was asked to be read in a period. Re-readings of old films are left out: they say nothing of the day. */
export async function driftOf(
  reader: Reader,
  modelVersionId: string,
  reference: DriftReference | null,
  period: TimeRange,
  mostFilms = MOST_FILMS,
): Promise<Drift> {
  const samples = await samplesOf(reader, modelVersionId, period, mostFilms);
  const sampleOf = (kind: Sample['kind']) => samples.find((sample) => sample.kind === kind)?.values ?? [];
  const [films = 0] = sampleOf('FILMS');
  if (reference === null) return { films, measures: [] };
  const labels = samples.flatMap(({ kind, label, values }) => {
    const known = kind === 'LABEL' ? reference.scores[label] : undefined;
    return known === undefined ? [] : [[label, known, values] as const];
  });
  labels.sort(([a], [b]) => (a < b ? -1 : 1));
  const inputs = [
    [INPUT_MEAN, reference.inputMean, sampleOf('INPUT_MEAN')],
    [INPUT_DEVIATION, reference.inputDeviation, sampleOf('INPUT_DEVIATION')],
  ] as const;
  const measures: DriftMeasure[] = [];
  for (const [measure, distribution, values] of [...inputs, ...labels]) {
    if (values.length === 0) continue;
    const psi = populationStabilityIndex(distribution, values);
    const { statistic, pValue } = kolmogorovSmirnov(distribution, values);
    measures.push({ measure, count: values.length, psi, ksStatistic: statistic, ksPValue: pValue });
    await yieldToOthers(); // 20,000 values take some 10 ms
  }
  return { films, measures };
}

interface Sample {
  readonly kind: 'FILMS' | 'INPUT_MEAN' | 'INPUT_DEVIATION' | 'LABEL';
  readonly label: string;
  readonly values: readonly number[];
}

function samplesOf(
  { prisma, scope }: Reader,
  modelVersionId: string,
  period: TimeRange,
  mostFilms: number,
): Promise<Sample[]> {
  const list = [
    Prisma.sql`"modelVersionId" = ${modelVersionId}::uuid AND "state" = 'DONE' AND "rereadJobId" IS NULL`,
    ...within(INFERENCES.column('createdAt'), period),
    ...INFERENCES.visible(scope),
  ];
  const conditions = Prisma.join(list, ' AND ');
  // LIMIT in the lateral part keeps it a look-up by index.
  return prisma.$queryRaw<Sample[]>`
    WITH films AS MATERIALIZED (
      SELECT "id", "inputMean", "inputDeviation" FROM "Inference" WHERE ${conditions}
      ORDER BY "createdAt" DESC, "id" DESC LIMIT ${mostFilms}
    )
    SELECT 'FILMS' AS "kind", '' AS "label", ARRAY[count(*)::double precision] AS "values" FROM "Inference" WHERE ${conditions}
    UNION ALL
    SELECT 'INPUT_MEAN', '', array_agg("inputMean") FROM films WHERE "inputMean" IS NOT NULL HAVING count(*) > 0
    UNION ALL
    SELECT 'INPUT_DEVIATION', '', array_agg("inputDeviation") FROM films WHERE "inputDeviation" IS NOT NULL HAVING count(*) > 0
    UNION ALL
    SELECT 'LABEL', "label", array_agg("probability") FROM films CROSS JOIN LATERAL (
      SELECT "label", "probability" FROM "Finding" WHERE "inferenceId" = films."id" LIMIT ${MOST_LABELS}
    ) AS finding GROUP BY "label"`;
}
