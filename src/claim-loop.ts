/**
 * Claims work from a queue that other processes share, and runs it, a bounded number at once.
 *
 * States: paused -> open -> paused (for good). A wake-up while a claim is on its way is remembered, so none is lost; a full
 * claim asks again at once, because there may be more; work that ends frees its place and wakes the loop.
 */

/** What the loop runs. */
export interface ClaimLoopOptions<Claim> {
  /** Most that runs at once, now. */
  readonly places: () => number;
  /** Takes up to so many from the queue. */
  readonly claim: (count: number) => Promise<readonly Claim[]>;
  /** Runs one to its end, whatever that is; rejects only when the end could not be written. */
  readonly run: (claim: Claim, cancel: AbortController) => Promise<void>;
  /** Told what went wrong; the loop goes on. */
  readonly onError: (step: 'claim' | 'settle', error: unknown) => void;
}

/** Reason of the abort that {@link ClaimLoop.stop} makes. */
export const SHUTDOWN = 'the process shuts down';

/** Runs what it claims. */
export class ClaimLoop<Claim> {
  readonly #options: ClaimLoopOptions<Claim>;
  readonly #running = new Map<Claim, { readonly cancel: AbortController; readonly settled: Promise<void> }>();
  #open = false;
  #woken = false;
  #filling: Promise<void> | undefined;

  constructor(options: ClaimLoopOptions<Claim>) {
    this.#options = options;
  }

  /** What runs now. */
  get running(): readonly Claim[] {
    return [...this.#running.keys()];
  }

  /** Begins to claim. */
  open(): void {
    this.#open = true;
    this.wake();
  }

  /** Looks for work, now or as soon as the look that is under way has ended. */
  wake(): void {
    this.#woken = true;
    if (!this.#open) return;
    this.#filling ??= this.#guard('claim', this.#fill()).finally(() => {
      this.#filling = undefined;
    });
  }

  /** Cancels what runs and matches. */
  cancel(matches: (claim: Claim) => boolean, reason: string): void {
    for (const [claim, { cancel }] of this.#running) if (matches(claim)) cancel.abort(reason);
  }

  /** Claims no more; what runs goes on. */
  pause(): void {
    this.#open = false;
  }

  /** Resolves when nothing runs any more. */
  async drained(): Promise<void> {
    await this.#filling;
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map(({ settled }) => settled));
  }

  /** Claims no more, cancels what runs with {@link SHUTDOWN} and waits for it. */
  async stop(): Promise<void> {
    this.pause();
    await this.#filling;
    this.cancel(() => true, SHUTDOWN);
    await this.drained();
  }

  async #fill(): Promise<void> {
    const { places, claim } = this.#options;
    while (this.#woken && this.#open) {
      this.#woken = false;
      const free = places() - this.#running.size;
      if (free <= 0) return; // what ends wakes us again
      const claims = await claim(free);
      for (const claimed of claims) this.#start(claimed);
      this.#woken ||= claims.length === free;
    }
  }

  #start(claimed: Claim): void {
    const cancel = new AbortController();
    const settled = this.#guard('settle', this.#options.run(claimed, cancel)).finally(() => {
      this.#running.delete(claimed);
      this.wake();
    });
    this.#running.set(claimed, { cancel, settled });
  }

  async #guard(step: 'claim' | 'settle', action: Promise<void>): Promise<void> {
    try {
      await action;
    } catch (error) {
      this.#options.onError(step, error);
    }
  }
}
