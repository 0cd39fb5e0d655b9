/**
 * Takes jobs of re-readings forward, beside the other processes that read films; what a step is, is in store/reread-jobs.ts.
 *
 * A step queues a few readings. More may be queued when some of them have ended, of which the change feed tells: while a job
 * runs, its notifications are taken for such an end, a few times a second at most.
 */
import { ClaimLoop } from './claim-loop.ts';
import type { Log } from './log.ts';
import { CHANNELS, type Listener } from './store/listener.ts';
import type { RereadJobStore, RereadStep } from './store/reread-jobs.ts';

/** What the runner needs. */
export interface RereadRunnerOptions {
  readonly jobs: RereadJobStore;
  readonly listener: Listener;
  readonly log: Log;
}

/** What a process that died has held becomes free without a notification. */
const POLL_MS = 1000;

/** Changes come hundreds a second; the readings that a step has queued last longer than this. */
const AFTER_CHANGE_MS = 100;

/** Runs in each process that reads films. */
export class RereadRunner implements AsyncDisposable {
  readonly #options: RereadRunnerOptions;
  readonly #loop: ClaimLoop<RereadStep>;
  readonly #stops: (() => void)[] = [];
  /** A job was running when one was last looked for. */
  #anyRunning = false;
  #soon: NodeJS.Timeout | undefined;

  constructor(options: RereadRunnerOptions) {
    this.#options = options;
    this.#loop = new ClaimLoop({
      places: () => 1,
      claim: () => this.#advance(),
      // The step was made with the claim; its end has the loop look for the next one.
      run: async (step) => this.#report(step),
      onError: (_, error) => options.log.error('reread.step-failed', {}, error),
    });
  }

  /** Begins to take jobs forward. */
  open(): void {
    const { listener } = this.#options;
    this.#stops.push(listener.on(CHANNELS.rereads, () => this.#loop.wake()));
    this.#stops.push(listener.on(CHANNELS.changes, () => this.#wakeSoon()));
    const poll = setInterval(() => this.#loop.wake(), POLL_MS);
    this.#stops.push(() => clearInterval(poll));
    this.#stops.push(() => clearTimeout(this.#soon));
    this.#loop.open();
  }

  /** Makes no more steps. */
  pause(): void {
    this.#loop.pause();
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** Makes no more steps, and waits for the one under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.pause();
    await this.#loop.stop();
  }

  #wakeSoon(): void {
    if (!this.#anyRunning || this.#soon !== undefined) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      this.#loop.wake();
    }, AFTER_CHANGE_MS);
  }

  async #advance(): Promise<readonly RereadStep[]> {
    const { jobs } = this.#options;
    this.#anyRunning = await jobs.anyRunning();
    const step = this.#anyRunning ? await jobs.advance() : undefined;
    return step === undefined ? [] : [step];
  }

  #report({ rereadJobId, state, enqueued }: RereadStep): void {
    const { log } = this.#options;
    if (state === 'RUNNING') log.debug('reread.queued', { rereadJobId, count: enqueued });
    else log.info('reread.ended', { rereadJobId, state });
  }
}
