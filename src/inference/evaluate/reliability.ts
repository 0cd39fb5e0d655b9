/** Whether probabilities mean what they say: reliability curve and expected calibration error. */
import type { LabelSample } from './roc.ts';

/** Films of about the same probability. */
export interface ReliabilityBin {
  readonly films: number;
  /** Mean of their probabilities. */
  readonly probability: number;
  /** Share of them with the label. */
  readonly frequency: number;
}

/** Bins of the curve. */
const RELIABILITY_BINS = 15;

/**
 * The reliability curve in bins of equally many films: with bins of equal width nearly every film of a rare label would
 * be in the first. Films of the same probability stay together, so bins may be fewer and differ in size.
 */
export function reliabilityCurve({ probabilities, truths }: LabelSample, bins = RELIABILITY_BINS): ReliabilityBin[] {
  const order = Uint32Array.from(probabilities.keys()).sort(
    (a, b) => (probabilities[a] as number) - (probabilities[b] as number),
  );
  const sums = Array.from({ length: bins }, () => ({ films: 0, probability: 0, positives: 0 }));
  let bin = 0;
  let before = Number.NaN;
  order.forEach((film, rank) => {
    const probability = probabilities[film] as number;
    if (probability !== before) bin = Math.floor((rank * bins) / order.length);
    before = probability;
    const sum = sums[bin];
    if (sum === undefined) return;
    sum.films++;
    sum.probability += probability;
    sum.positives += truths[film] as number;
  });
  return sums
    .filter(({ films }) => films > 0)
    .map(({ films, probability, positives }) => ({
      films,
      probability: probability / films,
      frequency: positives / films,
    }));
}

/**
 * Expected calibration error (Naeini et al., AAAI 2015): |frequency - probability| over the bins, each weighted by its films.
 *
 * @returns 0 (every bin true) to 1; 0 without films
 */
export function expectedCalibrationError(curve: readonly ReliabilityBin[]): number {
  const films = curve.reduce((sum, bin) => sum + bin.films, 0);
  if (films === 0) return 0;
  return curve.reduce((sum, bin) => sum + bin.films * Math.abs(bin.frequency - bin.probability), 0) / films;
}
