/** Reads of many rows take turns in a process, or a few callers would take its memory and hold up everything else. */
import { Capacity } from '../../capacity.ts';
import { GatewayError } from '../../errors.ts';

const RETRY_AFTER_SECONDS = 10;

/** Runs one piece of work after the other. */
export class Turns {
  readonly #admitted: Capacity;
  readonly #longestWaitMs: number;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param most - pieces of work that run or wait; more are refused
   * @param longestWaitMs - what has not begun by then is refused
   */
  constructor(most: number, longestWaitMs: number) {
    this.#admitted = new Capacity(most, `${most} assessments of models run or wait already.`, RETRY_AFTER_SECONDS);
    this.#longestWaitMs = longestWaitMs;
  }

  /**
   * Runs when everything that was asked for before has ended.
   *
   * @throws GatewayError BUSY, and what the work throws
   */
  take<T>(work: () => Promise<T>): Promise<T> {
    return this.#admitted.hold(() => this.#inTurn(work));
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const refused = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      refused.reject(busy('Other assessments of models take too long.'));
    }, this.#longestWaitMs);
    let hasEnded = false;
    const result = this.#last.then(() => {
      clearTimeout(timer);
      // Refused meanwhile: nobody waits for it any more.
      return hasEnded ? refused.promise : work();
    });
    this.#last = result.catch(() => undefined);
    try {
      return await Promise.race([result, refused.promise]);
    } finally {
      hasEnded = true;
    }
  }
}

function busy(message: string): GatewayError {
  return new GatewayError('BUSY', message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}

/**
 * Of comparisons and of drift by day. Most take a second or two, the largest some 15 s on 2 busy cores; what waits longer than
 * callers and proxies commonly do is refused before it begins. Without turns 60 comparisons at once over 12,000 films took 2.4 GB
 * and held up everything else for up to 5 s.
 */
export const assessmentTurns = new Turns(16, 30_000);
