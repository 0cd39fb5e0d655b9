/** What a layer's BatchNorm and ReLU make of the features it reads: the mean of each channel. */
import { forEachPlane } from './channel-statistics.ts';
import type { Affine } from './dense-net.ts';

/** Statistics of one reader. */
export class ReadingStatistics {
  readonly #norm: Affine;
  readonly #sums: Float64Array;
  #values = 0;

  constructor(norm: Affine) {
    this.#norm = norm;
    this.#sums = new Float64Array(norm.scale.length);
  }

  /** The block's features [films, features, rows, columns]; those that come after this reader are passed over. */
  add(values: Float32Array, features: number, positions: number): void {
    const { scale, shift } = this.#norm;
    this.#values += values.length / features;
    forEachPlane(values, features, positions, (channel, start, end) => {
      if (channel >= scale.length) return;
      const a = scale[channel] as number;
      const b = shift[channel] as number;
      let sum = 0;
      for (let index = start; index < end; index++) {
        sum += Math.max(0, a * (values[index] as number) + b);
      }
      this.#sums[channel] = (this.#sums[channel] as number) + sum;
    });
  }

  /** The means so far, one a channel. */
  means(): number[] {
    return Array.from(this.#sums, (sum) => sum / this.#values);
  }
}
