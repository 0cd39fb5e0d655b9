/** A generator of repeatable pseudo-random numbers: the same seed and case give the same numbers on every machine. */

const TWO_TO_32 = 2 ** 32;

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, good enough to spread mutations. */
export class Random {
  #state: number;

  /**
   * @param seed - of the campaign
   * @param index - of the case within it
   */
  constructor(seed: number, index: number) {
    // Two rounds of a multiplicative hash keep neighbouring cases from beginning alike.
    this.#state = Math.imul(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ index, 0xc2b2ae35) >>> 0;
    this.uint32();
  }

  /** 0 to 2^32 - 1. */
  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A whole number from 0 to `bound` - 1; 0 when `bound` is less than 1. */
  below(bound: number): number {
    return Math.floor((this.uint32() / TWO_TO_32) * Math.max(1, bound));
  }

  /** True with a probability. */
  chance(probability: number): boolean {
    return this.uint32() < probability * TWO_TO_32;
  }

  /** One of the items, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Random bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
