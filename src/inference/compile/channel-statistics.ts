/**
 * Values of each channel of a tensor over many films, in two passes of fixed memory: first the extremes, then a histogram
 * between them. Values at or beyond a channel's limits are not counted in the histogram: whatever the range, they are
 * represented exactly, because the limit is where every reader's ReLU (or its own) cuts them off.
 */

/** Bins of a channel's histogram: 8 KB a channel, 100 MB for the 12,000 channels of DenseNet-121. */
export const BINS = 2048;

/** Range of values of a channel that make any difference to whoever reads it. */
export interface Limits {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** One tensor's channels. */
export class ChannelStatistics {
  readonly channels: number;
  /** Extremes within the limits; infinite before the first film. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly #limits: Limits;
  readonly #sums: Float64Array;
  /** Values of a channel in the first pass. */
  #values = 0;
  #histograms: Uint32Array | undefined;

  /**
   * @param fromLimit - whether the ranges start at the lower limits, whatever the films show (0 behind a ReLU)
   */
  constructor(limits: Limits, fromLimit = false) {
    this.channels = limits.low.length;
    this.#limits = limits;
    this.low = fromLimit ? limits.low.slice() : new Float64Array(this.channels).fill(Number.POSITIVE_INFINITY);
    this.high = new Float64Array(this.channels).fill(Number.NEGATIVE_INFINITY);
    this.#sums = new Float64Array(this.channels);
  }

  /** First pass: the values [films, channels, rows, columns] of some films, `positions` of rows x columns. */
  addExtremes(values: Float32Array, positions: number): void {
    this.#values += values.length / this.channels;
    forEachPlane(values, this.channels, positions, (channel, start, end) => {
      let low = Number.POSITIVE_INFINITY;
      let high = Number.NEGATIVE_INFINITY;
      let sum = 0;
      for (let index = start; index < end; index++) {
        const value = values[index] as number;
        if (value < low) low = value;
        if (value > high) high = value;
        sum += value;
      }
      const leastUseful = this.#limits.low[channel] as number;
      const mostUseful = this.#limits.high[channel] as number;
      low = Math.min(Math.max(low, leastUseful), mostUseful);
      high = Math.max(Math.min(high, mostUseful), leastUseful);
      this.low[channel] = Math.min(this.low[channel] as number, low);
      this.high[channel] = Math.max(this.high[channel] as number, high);
      this.#sums[channel] = (this.#sums[channel] as number) + sum;
    });
  }

  /** Second pass: the same films again. */
  addHistogram(values: Float32Array, positions: number): void {
    this.#histograms ??= new Uint32Array(this.channels * BINS);
    const histograms = this.#histograms;
    forEachPlane(values, this.channels, positions, (channel, start, end) => {
      const low = this.low[channel] as number;
      const width = (this.high[channel] as number) - low;
      if (!(width > 0)) return;
      const bins = BINS / width;
      const leastUseful = this.#limits.low[channel] as number;
      const mostUseful = this.#limits.high[channel] as number;
      const first = channel * BINS;
      for (let index = start; index < end; index++) {
        const value = values[index] as number;
        if (value <= leastUseful || value >= mostUseful) continue;
        const bin = first + Math.min(BINS - 1, Math.floor((value - low) * bins));
        histograms[bin] = (histograms[bin] as number) + 1;
      }
    });
  }

  /** Range of a channel that makes any difference. */
  limits(channel: number): { readonly low: number; readonly high: number } {
    return { low: this.#limits.low[channel] as number, high: this.#limits.high[channel] as number };
  }

  /** Mean over all values, also those beyond the limits. */
  mean(channel: number): number {
    return (this.#sums[channel] as number) / this.#values;
  }

  /** Counts of a channel's values from `low` to `high` in equal bins; empty before the second pass. */
  histogram(channel: number): Uint32Array {
    return this.#histograms?.subarray(channel * BINS, (channel + 1) * BINS) ?? new Uint32Array(BINS);
  }
}

/** Calls back for the plane of each film and channel. */
export function forEachPlane(
  values: Float32Array,
  channels: number,
  positions: number,
  visit: (channel: number, start: number, end: number) => void,
): void {
  for (let start = 0, channel = 0; start < values.length; start += positions) {
    visit(channel, start, start + positions);
    channel = channel + 1 === channels ? 0 : channel + 1;
  }
}
