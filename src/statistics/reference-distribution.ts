/**
 * A distribution that others are compared with, kept as its quantiles at evenly spaced probabilities: small enough for a
 * manifest, and fine enough for both measures of drift.
 */
import { GatewayError } from '../errors.ts';

/** Quantiles at 0, 1/n, ..., 1 of a sample. */
export interface ReferenceDistribution {
  /** Values of the sample. */
  readonly count: number;
  /** n + 1 values in ascending order; the first is the least value, the last the largest. */
  readonly quantiles: readonly number[];
}

/** Intervals between quantiles of a new reference. */
const INTERVALS = 100;

/**
 * The quantiles of a sample.
 *
 * @param sample - finite numbers, at least one
 * @throws GatewayError BAD_REQUEST for an empty sample
 */
export function referenceOf(sample: readonly number[]): ReferenceDistribution {
  if (sample.length === 0) throw new GatewayError('BAD_REQUEST', 'A reference needs at least one value.');
  const sorted = [...sample].sort((a, b) => a - b);
  const quantiles = Array.from({ length: INTERVALS + 1 }, (_, index) => quantile(sorted, index / INTERVALS));
  return { count: sample.length, quantiles };
}

/**
 * By linear interpolation between order statistics (type 7 of Hyndman and Fan, Am. Stat. 50:361, 1996).
 *
 * @param sorted - ascending, at least one number
 * @param probability - 0 to 1
 */
export function quantile(sorted: readonly number[], probability: number): number {
  const place = (sorted.length - 1) * probability;
  const below = Math.floor(place);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN;
  return low + (high - low) * (place - below);
}

/**
 * Share of the reference at or below a value, between quantiles by linear interpolation.
 *
 * @returns 0 to 1
 */
export function cumulativeShare({ quantiles }: ReferenceDistribution, value: number): number {
  const last = quantiles.length - 1;
  const [least = Number.NaN] = quantiles;
  const largest = quantiles[last] ?? Number.NaN;
  if (value < least) return 0;
  if (value >= largest) return 1;
  // The last quantile that is not above the value: of equal ones the last, so that a step counts whole.
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((quantiles[middle] ?? Number.NaN) <= value) low = middle;
    else high = middle;
  }
  const from = quantiles[low] ?? Number.NaN;
  const to = quantiles[high] ?? Number.NaN;
  return (low + (value - from) / (to - from)) / last;
}
