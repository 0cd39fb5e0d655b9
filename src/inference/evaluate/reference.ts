/** The distributions that readings in service are compared with, taken from the films of an evaluation. */
import { type ReferenceDistribution, referenceOf } from '../../statistics/reference-distribution.ts';
import type { ModelManifest } from '../manifest.ts';
import type { GreyStatistics } from '../reading.ts';

/** Distributions over the films of an evaluation. */
export interface FilmsReference {
  /** Probabilities by label. */
  readonly scores: Readonly<Record<string, ReferenceDistribution>>;
  /** Of the films as the model saw them, in 8-bit grey. */
  readonly inputMean: ReferenceDistribution;
  readonly inputDeviation: ReferenceDistribution;
}

/**
 * Takes the distributions of films that were read.
 *
 * @param probabilities - one list a film, in the order of the labels; at least one film
 * @param greys - of the same films
 * @throws GatewayError BAD_REQUEST without films
 */
export function referenceOfFilms(
  { labels }: Pick<ModelManifest, 'labels'>,
  probabilities: readonly Float32Array[],
  greys: readonly GreyStatistics[],
): FilmsReference {
  const scores = labels.map(
    ({ name }, index) => [name, short(probabilities.map((film) => film[index] ?? Number.NaN))] as const,
  );
  return {
    scores: Object.fromEntries(scores),
    inputMean: short(greys.map(({ mean }) => mean)),
    inputDeviation: short(greys.map(({ deviation }) => deviation)),
  };
}

/** Five digits: rounding keeps the order, and the manifest readable. */
function short(sample: readonly number[]): ReferenceDistribution {
  const { count, quantiles } = referenceOf(sample);
  return { count, quantiles: quantiles.map((value) => Number(value.toPrecision(5))) };
}
