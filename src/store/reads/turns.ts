/** Reads of many rows take turns in a process, or a few callers would take its memory and hold up everything else. */
import { Capacity } from '../../capacity.ts';

const RETRY_AFTER_SECONDS = 10;

/** Runs one piece of work after the other. */
export class Turns {
  readonly #admitted: Capacity;
  #last: Promise<unknown> = Promise.resolve();

  /** @param most - pieces of work that run or wait; more are refused */
  constructor(most: number) {
    this.#admitted = new Capacity(most, `${most} assessments of models run or wait already.`, RETRY_AFTER_SECONDS);
  }

  /**
   * Runs when everything that was asked for before has ended.
   *
   * @throws GatewayError BUSY, and what the work throws
   */
  take<T>(work: () => Promise<T>): Promise<T> {
    return this.#admitted.hold(() => {
      const result = this.#last.then(work);
      this.#last = result.catch(() => undefined);
      return result;
    });
  }
}

/**
 * Of comparisons and of drift by day. Most take a second or two, so the last one waits for about half a minute. Without turns 60
 * comparisons at once over 12,000 films took 2.4 GB and held up everything else for up to 5 s.
 */
export const assessmentTurns = new Turns(16);
