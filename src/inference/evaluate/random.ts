/** Random numbers that are the same on every machine, so that an evaluation can be repeated to the last digit. */

/** xoshiro128** 1.1 (Blackman and Vigna, ACM Trans. Math. Softw. 2021), seeded through splitmix32. */
export class SeededRandom {
  readonly #state = new Uint32Array(4);

  constructor(seed: number) {
    let counter = seed >>> 0;
    for (let word = 0; word < this.#state.length; word++) {
      counter = (counter + 0x9e3779b9) >>> 0;
      let mixed = counter ^ (counter >>> 16);
      mixed = Math.imul(mixed, 0x21f0aaad);
      mixed ^= mixed >>> 15;
      mixed = Math.imul(mixed, 0x735a2d97);
      this.#state[word] = mixed ^ (mixed >>> 15);
    }
  }

  /** A whole number from 0 up to, not including, `bound`: the upper bits of a 32-bit number times the bound. */
  below(bound: number): number {
    return Math.floor((this.#next() / 2 ** 32) * bound);
  }

  #next(): number {
    const state = this.#state;
    const second = state[1] as number;
    const result = Math.imul(rotateLeft(Math.imul(second, 5), 7), 9) >>> 0;
    state[2] = (state[2] as number) ^ (state[0] as number);
    state[3] = (state[3] as number) ^ second;
    state[1] = second ^ (state[2] as number);
    state[0] = (state[0] as number) ^ (state[3] as number);
    state[2] = (state[2] as number) ^ (second << 9);
    state[3] = rotateLeft(state[3] as number, 11);
    return result;
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
