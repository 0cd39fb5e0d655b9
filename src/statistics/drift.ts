/** How far a sample has moved from a reference distribution: two measures that fail in different ways. */
import { cumulativeShare, type ReferenceDistribution } from './reference-distribution.ts';

/** Bins of equal share in the reference. */
const BINS = 10;

/** What an empty bin counts as, in values, so that one such bin does not make the index infinite. */
const EMPTY_BIN = 0.5;

/**
 * The population stability index over ten bins that hold a tenth of the reference each: sum of (p - q) ln(p / q). By the usual
 * rule below 0.1 is stable, 0.1 to 0.25 is moved, above is another population (Siddiqi, Credit Risk Scorecards, 2006); a sample
 * of n values of the very same population gives about (BINS - 1) / n, so small samples look moved.
 *
 * @param sample - at least one finite number
 * @returns 0 or more
 */
export function populationStabilityIndex(reference: ReferenceDistribution, sample: readonly number[]): number {
  const counts = new Array<number>(BINS).fill(0);
  for (const value of sample) {
    const bin = Math.min(Math.floor(cumulativeShare(reference, value) * BINS), BINS - 1);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const expected = 1 / BINS;
  return counts.reduce((sum, count) => {
    const share = Math.max(count, EMPTY_BIN) / sample.length;
    return sum + (share - expected) * Math.log(share / expected);
  }, 0);
}

/** Outcome of a Kolmogorov-Smirnov test. */
export interface KolmogorovSmirnov {
  /** Largest difference between the two cumulative distributions, 0 to 1. */
  readonly statistic: number;
  /** Probability of such a difference or a larger one between samples of one population; asymptotic. */
  readonly pValue: number;
}

/**
 * The two-sample Kolmogorov-Smirnov test of a sample against the reference's sample. The p value is that of the asymptotic
 * distribution (Kolmogorov, G. Ist. Ital. Attuari 4:83, 1933; Smirnov, Ann. Math. Stat. 19:279, 1948) at the effective size
 * mn / (m + n); ties make it larger than it is, so it errs to no drift.
 *
 * @param sample - at least one finite number
 */
export function kolmogorovSmirnov(reference: ReferenceDistribution, sample: readonly number[]): KolmogorovSmirnov {
  const sorted = [...sample].sort((a, b) => a - b);
  const count = sorted.length;
  let statistic = 0;
  sorted.forEach((value, index) => {
    const share = cumulativeShare(reference, value);
    statistic = Math.max(statistic, Math.abs((index + 1) / count - share), Math.abs(index / count - share));
  });
  const effective = Math.sqrt((count * reference.count) / (count + reference.count));
  return { statistic, pValue: kolmogorovTail((effective + 0.12 + 0.11 / effective) * statistic) };
}

/** Terms of the series that still change a double. */
const MAXIMUM_TERMS = 100;

/**
 * P(K > x) of the Kolmogorov distribution: 2 sum (-1)^(k-1) exp(-2 k^2 x^2), with Stephens's correction for finite samples made by
 * the caller (J. R. Stat. Soc. B 32:115, 1970).
 */
function kolmogorovTail(x: number): number {
  // Below this the alternating series cancels to noise, and the tail is 1 to six digits.
  if (x < 0.3) return 1;
  let sum = 0;
  for (let term = 1; term <= MAXIMUM_TERMS; term += 1) {
    const part = Math.exp(-2 * term * term * x * x);
    sum += term % 2 === 1 ? part : -part;
    if (part < 1e-16) break;
  }
  return Math.min(Math.max(2 * sum, 0), 1);
}
