/** Square pictures of 64 x 64 grey values, as numbers, for the fit and the measurement of the pixel evidence. */
import { SeededRandom } from '../../src/inference/evaluate/random.ts';

export const SIDE = 64;

/** Grey values, row-major. */
export type Picture = Float64Array;

/** Repeatable numbers. */
export class Chance {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** From `low` up to `high`. */
  between(low: number, high: number): number {
    return low + ((high - low) * this.#random.below(1 << 24)) / (1 << 24);
  }

  /** A whole number from `low` up to, not including, `high`. */
  whole(low: number, high: number): number {
    return low + this.#random.below(high - low);
  }

  happens(share: number): boolean {
    return this.between(0, 1) < share;
  }

  /** Near enough to the normal distribution: the sum of twelve. */
  normal(): number {
    let sum = -6;
    for (let count = 0; count < 12; count += 1) sum += this.between(0, 1);
    return sum;
  }
}

/** A picture from a function of (x, y), both 0 to 1. */
export function draw(grey: (x: number, y: number) => number): Picture {
  return Float64Array.from({ length: SIDE * SIDE }, (_, index) =>
    grey(((index % SIDE) + 0.5) / SIDE, (Math.floor(index / SIDE) + 0.5) / SIDE),
  );
}

/** Nearest value at (x, y), both 0 to 1. */
export function at(picture: Picture, x: number, y: number): number {
  const column = Math.min(SIDE - 1, Math.max(0, Math.floor(x * SIDE)));
  const row = Math.min(SIDE - 1, Math.max(0, Math.floor(y * SIDE)));
  return picture[row * SIDE + column] as number;
}

/** Values spread over 0 to 255 and rounded, unless they are all the same. */
export function toGrey(picture: Picture): Uint8Array {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of picture) {
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  const scale = highest > lowest ? 255 / (highest - lowest) : 0;
  return Uint8Array.from(picture, (value) => Math.round((value - lowest) * scale));
}

/** Clockwise by quarter turns. */
export function turned(grey: Uint8Array, quarterTurns: number, side = SIDE): Uint8Array {
  let now = grey;
  for (let count = 0; count < quarterTurns; count += 1) {
    const before = now;
    now = before.map((_, index) => {
      const [row, column] = [Math.floor(index / side), index % side];
      return before[(side - 1 - column) * side + row] as number;
    });
  }
  return now;
}

export const inverted = (grey: Uint8Array): Uint8Array => grey.map((value) => 255 - value);
