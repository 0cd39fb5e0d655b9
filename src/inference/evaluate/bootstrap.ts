/**
 * Confidence intervals by resampling (Efron and Tibshirani, An Introduction to the Bootstrap, 1993): percentile intervals,
 * whole patients drawn with replacement, because films of one patient resemble each other.
 */
import { SeededRandom } from './random.ts';

/** Bounds of the central 95 % of the resamples. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

const TAIL = 0.025;

/**
 * How often each film counts in each of the resamples. The same resamples serve every label and both precisions, so that
 * differences are paired.
 */
export class Resamples {
  readonly count: number;
  readonly #seed: number;
  /** Films of each patient. */
  readonly #clusters: readonly (readonly number[])[];
  readonly #films: number;

  /**
   * @param patients - whose film each one is; null: a patient of its own
   */
  constructor(patients: readonly (string | null)[], count: number, seed: number) {
    const clusters = new Map<string | number, number[]>();
    patients.forEach((patient, film) => {
      const key = patient ?? film;
      const cluster = clusters.get(key);
      if (cluster === undefined) clusters.set(key, [film]);
      else cluster.push(film);
    });
    this.#clusters = [...clusters.values()];
    this.#films = patients.length;
    this.count = count;
    this.#seed = seed;
  }

  /** Patients, or films where patients are not known. */
  get clusters(): number {
    return this.#clusters.length;
  }

  /** The weights of one resample after another. The array is reused: it is valid until the next one. */
  *weights(): Generator<Uint32Array> {
    const random = new SeededRandom(this.#seed);
    const weights = new Uint32Array(this.#films);
    for (let resample = 0; resample < this.count; resample++) {
      weights.fill(0);
      for (let draw = 0; draw < this.#clusters.length; draw++) {
        const films = this.#clusters[random.below(this.#clusters.length)] as readonly number[];
        for (const film of films) weights[film] = (weights[film] as number) + 1;
      }
      yield weights;
    }
  }
}

/**
 * The central 95 % of a statistic's resamples, interpolated as NumPy's `quantile` does. Resamples in which it is not
 * defined (NaN: no positive or no negative film was drawn) are left out.
 *
 * @returns null when it is defined in none
 */
export function percentileInterval(statistics: readonly number[]): Interval | null {
  const sorted = statistics.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  return { low: quantile(sorted, TAIL), high: quantile(sorted, 1 - TAIL) };
}

function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] as number;
  const above = sorted[Math.ceil(place)] as number;
  return below + (above - below) * (place - Math.floor(place));
}
