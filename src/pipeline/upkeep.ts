/** What a service does again and again, and listens to, from when it is opened until it is paused. */
export class Upkeep {
  readonly #onError: (error: unknown) => void;
  readonly #stops: (() => void)[] = [];

  /** @param onError - told why an action failed; it is done again all the same */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Does something again and again, first after one interval. */
  every(milliseconds: number, action: () => Promise<void> | void): void {
    const timer = setInterval(() => void this.#guard(action), milliseconds);
    this.defer(() => clearInterval(timer));
  }

  /** Adds something to do at the end. */
  defer(stop: () => void): void {
    this.#stops.push(stop);
  }

  /** Does nothing more; what is under way goes on. */
  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  async #guard(action: () => Promise<void> | void): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#onError(error);
    }
  }
}
