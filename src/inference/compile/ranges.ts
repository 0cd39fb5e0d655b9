/** From a channel's histogram to the range that its 256 integers cover. */
import type { RangeMethod } from './calibration.ts';
import { BINS } from './channel-statistics.ts';

/** A range of values. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Steps between the integers 0 and 255. */
export const STEPS = 255;

/** Share of a channel's values that the percentile method leaves out at each end. */
const TAIL = 1e-4;

/** Rounds of the search; it settles after two or three. */
const MAX_ROUNDS = 8;

/**
 * The range of one channel.
 *
 * `minmax` covers all values; `percentile` leaves the outermost 0.01 % at each end out; `mse` takes the range with the
 * least mean squared error, where values inside cost step^2 / 12 (rounding) and values outside their distance (clipping).
 *
 * @param histogram - counts in equal bins between the extremes
 * @param fixedLow - whether the lower end is where it must be (behind a ReLU)
 */
export function chooseRange(extremes: Range, histogram: Uint32Array, method: RangeMethod, fixedLow: boolean): Range {
  if (method === 'minmax' || !(extremes.high > extremes.low)) return extremes;
  const { first, last } = method === 'mse' ? leastError(histogram, fixedLow) : withoutTails(histogram, fixedLow);
  const bin = (extremes.high - extremes.low) / BINS;
  return {
    low: first === 0 ? extremes.low : extremes.low + first * bin,
    high: last === BINS ? extremes.high : extremes.low + last * bin,
  };
}

/** A range in bins: from the lower edge of `first` to the lower edge of `last`. */
interface BinRange {
  readonly first: number;
  readonly last: number;
}

function withoutTails(histogram: Uint32Array, fixedLow: boolean): BinRange {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  const allowed = total * TAIL;
  let first = 0;
  for (let left = 0; !fixedLow && first < BINS - 1; first++) {
    left += histogram[first] as number;
    if (left > allowed) break;
  }
  let last = BINS;
  for (let left = 0; last > first + 1; last--) {
    left += histogram[last - 1] as number;
    if (left > allowed) break;
  }
  return { first, last };
}

/** Sums over the bins before each edge, in units of bins: every candidate is then judged in constant time. */
class Moments {
  readonly #counts = new Float64Array(BINS + 1);
  readonly #sums = new Float64Array(BINS + 1);
  readonly #squares = new Float64Array(BINS + 1);

  constructor(histogram: Uint32Array) {
    for (let bin = 0; bin < BINS; bin++) {
      const count = histogram[bin] as number;
      const center = bin + 0.5;
      this.#counts[bin + 1] = (this.#counts[bin] as number) + count;
      this.#sums[bin + 1] = (this.#sums[bin] as number) + count * center;
      this.#squares[bin + 1] = (this.#squares[bin] as number) + count * center * center;
    }
  }

  /** Summed squared error of a range: clipped below, clipped above, rounded between. */
  error(first: number, last: number): number {
    const step = (last - first) / STEPS;
    const inside = (this.#counts[last] as number) - (this.#counts[first] as number);
    return this.#spread(0, first, first) + this.#spread(last, BINS, last) + (inside * step * step) / 12;
  }

  /** Sum of (center - point)^2 over the bins from one edge to another. */
  #spread(from: number, to: number, point: number): number {
    const count = (this.#counts[to] as number) - (this.#counts[from] as number);
    const sum = (this.#sums[to] as number) - (this.#sums[from] as number);
    const squares = (this.#squares[to] as number) - (this.#squares[from] as number);
    return squares - 2 * point * sum + point * point * count;
  }
}

/** Moves one end after the other to its best place until neither moves. */
function leastError(histogram: Uint32Array, fixedLow: boolean): BinRange {
  const moments = new Moments(histogram);
  let first = 0;
  let last = BINS;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = { first, last };
    last = best(first + 1, BINS, last, (edge) => moments.error(first, edge));
    if (!fixedLow) first = best(0, last - 1, first, (edge) => moments.error(edge, last));
    if (first === before.first && last === before.last) break;
  }
  return { first, last };
}

/** The edge of least error; `present` unless another is better. */
function best(from: number, to: number, present: number, error: (edge: number) => number): number {
  let result = present;
  let least = error(present);
  for (let edge = from; edge <= to; edge++) {
    const candidate = error(edge);
    if (candidate < least) {
      least = candidate;
      result = edge;
    }
  }
  return result;
}
