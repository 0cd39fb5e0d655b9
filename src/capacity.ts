import { GatewayError } from './errors.ts';

/** A bound on what is under way at once. Over it callers get BUSY, and do not wait. */
export class Capacity {
  readonly #most: number;
  readonly #problem: string;
  readonly #retryAfterSeconds: number;
  #underWay = 0;

  /**
   * @param most - under way at once
   * @param problem - what callers over the bound are told, as a sentence
   * @param retryAfterSeconds - when those may try again
   */
  constructor(most: number, problem: string, retryAfterSeconds: number) {
    this.#most = most;
    this.#problem = problem;
    this.#retryAfterSeconds = retryAfterSeconds;
  }

  /**
   * Takes a place.
   *
   * @returns gives it back; to be called once
   * @throws GatewayError BUSY
   */
  take(): () => void {
    if (this.#underWay >= this.#most) {
      throw new GatewayError('BUSY', this.#problem, { retryAfterSeconds: this.#retryAfterSeconds });
    }
    this.#underWay += 1;
    return () => {
      this.#underWay -= 1;
    };
  }

  /**
   * Holds a place for as long as the work takes.
   *
   * @throws GatewayError BUSY, and what the work throws
   */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    const giveBack = this.take();
    try {
      return await work();
    } finally {
      giveBack();
    }
  }
}
