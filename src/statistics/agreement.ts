/** How far two versions agree on the same films, for one label. */
import { type Proportion, proportion, Z_95 } from './proportion.ts';
import { quantile } from './reference-distribution.ts';

/** Scores of both versions for one film. */
export interface ScorePair {
  readonly a: { readonly probability: number; readonly positive: boolean };
  readonly b: { readonly probability: number; readonly positive: boolean };
}

/** A distribution in five numbers. */
export interface Summary {
  readonly count: number;
  readonly mean: number | null;
  readonly median: number | null;
  /** 5th and 95th percentile. */
  readonly low: number | null;
  readonly high: number | null;
}

/** One label's comparison. */
export interface Agreement {
  /** Films on the same side of their version's threshold. */
  readonly agreement: Proportion;
  /** Negative by a, positive by b. */
  readonly becamePositive: number;
  /** Positive by a, negative by b. */
  readonly becameNegative: number;
  /** Cohen's kappa, agreement beyond chance: -1 to 1; null where both versions put every film on the same one side. */
  readonly kappa: number | null;
  readonly meanDifference: MeanDifference;
  /** Largest of |b - a|, 0 to 1; null without films. */
  readonly largestDifference: number | null;
  readonly scoresOfA: Summary;
  readonly scoresOfB: Summary;
}

/** Mean of b - a over the films, -1 to 1, with its 95 % confidence interval (normal approximation; null below two films). */
export interface MeanDifference {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * Compares two versions over the films that both have read. Kappa is (observed - expected) / (1 - expected) agreement, expected
 * from the share of positives of each (Cohen, Educ. Psychol. Meas. 20:37, 1960).
 *
 * @param pairs - one a film; probabilities 0 to 1, each judged by the threshold that its finding keeps
 */
export function agreementOf(pairs: readonly ScorePair[]): Agreement {
  let [both, neither, becamePositive, becameNegative] = [0, 0, 0, 0];
  for (const { a, b } of pairs) {
    if (a.positive && b.positive) both += 1;
    else if (a.positive) becameNegative += 1;
    else if (b.positive) becamePositive += 1;
    else neither += 1;
  }
  const differences = pairs.map(({ a, b }) => b.probability - a.probability);
  return {
    agreement: proportion(both + neither, pairs.length),
    becamePositive,
    becameNegative,
    kappa: cohensKappa(both, neither, becamePositive, becameNegative),
    meanDifference: meanWithInterval(differences),
    largestDifference:
      pairs.length === 0 ? null : differences.reduce((most, each) => Math.max(most, Math.abs(each)), 0),
    scoresOfA: summaryOf(pairs.map(({ a }) => a.probability)),
    scoresOfB: summaryOf(pairs.map(({ b }) => b.probability)),
  };
}

/** Five numbers of a sample; percentiles as {@link quantile}. All null for an empty one. */
export function summaryOf(sample: readonly number[]): Summary {
  const sorted = [...sample].sort((a, b) => a - b);
  if (sorted.length === 0) return { count: 0, mean: null, median: null, low: null, high: null };
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const [low, median, high] = [0.05, 0.5, 0.95].map((probability) => quantile(sorted, probability));
  return { count: sorted.length, mean, median: median ?? null, low: low ?? null, high: high ?? null };
}

function meanWithInterval(sample: readonly number[]): MeanDifference {
  const count = sample.length;
  if (count === 0) return { value: null, low: null, high: null };
  const value = sample.reduce((sum, each) => sum + each, 0) / count;
  if (count === 1) return { value, low: null, high: null };
  const variance = sample.reduce((sum, each) => sum + (each - value) ** 2, 0) / (count - 1);
  const reach = Z_95 * Math.sqrt(variance / count);
  return { value, low: value - reach, high: value + reach };
}

function cohensKappa(both: number, neither: number, becamePositive: number, becameNegative: number): number | null {
  const count = both + neither + becamePositive + becameNegative;
  if (count === 0) return null;
  const positiveByA = (both + becameNegative) / count;
  const positiveByB = (both + becamePositive) / count;
  const byChance = positiveByA * positiveByB + (1 - positiveByA) * (1 - positiveByB);
  return byChance === 1 ? null : ((both + neither) / count - byChance) / (1 - byChance);
}
