/** Proportions with their uncertainty. */

/** A proportion and its confidence interval. */
export interface Proportion {
  readonly successes: number;
  readonly trials: number;
  /** successes / trials; null without trials. */
  readonly value: number | null;
  /** Bounds of the 95 % Wilson score interval; null without trials. */
  readonly low: number | null;
  readonly high: number | null;
}

/** The 97.5 % point of the standard normal distribution: what two-sided intervals at 95 % reach by, in standard errors. */
export const Z_95 = 1.959963984540054;

/**
 * The Wilson score interval at 95 %: unlike the normal approximation it stays within 0 and 1 and holds for few trials and for
 * proportions near the ends (Wilson, J. Am. Stat. Assoc. 22:209, 1927; Brown, Cai and DasGupta, Stat. Sci. 16:101, 2001).
 *
 * @param successes - 0 to `trials`
 */
export function proportion(successes: number, trials: number): Proportion {
  if (trials === 0) return { successes, trials, value: null, low: null, high: null };
  const value = successes / trials;
  const square = Z_95 * Z_95;
  const centre = value + square / (2 * trials);
  const reach = Z_95 * Math.sqrt((value * (1 - value)) / trials + square / (4 * trials * trials));
  const scale = 1 + square / trials;
  // At the ends one bound is exact; rounding would leave it a hair beside 0 or 1.
  const low = successes === 0 ? 0 : (centre - reach) / scale;
  const high = successes === trials ? 1 : (centre + reach) / scale;
  return { successes, trials, value, low, high };
}
