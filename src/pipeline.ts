/**
 * Claims jobs as worker threads free up, refuses what the gate refused, hands the others to the inference pool and writes
 * what came out. Back-pressure is the claim: no more jobs are taken than threads can run, plus one that waits so that no
 * thread idles while the next claim is on its way; all others stay in the queue for any process.
 *
 * Readings of priority BACKGROUND are claimed when no live one waits anywhere, and only while all that runs here leaves one
 * thread of several idle for the next live film: what runs cannot be put aside. With two threads they so run one at a time
 * and beside no live film, unless one comes meanwhile; with one thread it then waits for the end of the one that runs.
 */

import type { ChangeFeed } from './changes.ts';
import { ClaimLoop, SHUTDOWN } from './claim-loop.ts';
import type { FilmLimits } from './config.ts';
import type { GateEffects } from './dicom/gate-rules.ts';
import { type ErrorCode, type GatewayError, toGatewayError } from './errors.ts';
import type { InferencePool, ModelReference, Reading } from './inference/pool.ts';
import type { Log } from './log.ts';
import { LackingVersions } from './pipeline/lacking-versions.ts';
import { newResult, type ResultSources } from './pipeline/new-result.ts';
import { Upkeep } from './pipeline/upkeep.ts';
import type { InferenceState } from './store/generated/enums.ts';
import type { ClaimedInference } from './store/inference-records.ts';
import type { InferenceStore } from './store/inferences.ts';
import { CHANNELS, type Listener } from './store/listener.ts';
import { type Claim, HEARTBEAT_INTERVAL_MS, type InferenceQueue } from './store/queue.ts';

/** What the pipeline needs. */
export interface PipelineOptions extends ResultSources {
  readonly queue: InferenceQueue;
  readonly inferences: InferenceStore;
  readonly listener: Listener;
  readonly changes: ChangeFeed;
  readonly pool: InferencePool;
  readonly limits: FilmLimits;
  /** Of rules of the gate that do other than usual. */
  readonly gate: GateEffects;
  readonly maxAttempts: number;
  /** Absolute path of a blob. */
  readonly blobPath: (key: string) => string;
  /**
   * What a worker thread runs for the model version with this digest; rejects where this machine cannot run it, with
   * MODEL_UNAVAILABLE where another may.
   */
  readonly modelReference: (digest: string) => Promise<ModelReference>;
  readonly log: Log;
  /** Called once a settled attempt; for metrics. */
  readonly onOutcome?: (state: InferenceState, timings: Reading['timings'] | undefined) => void;
}

/** Retries and released jobs become ready without a notification. */
const POLL_MS = 1000;

/** Between two looks for the folders of versions that are lacking. */
const LOOK_MS = 3000;

const DEAD_LETTER_INTERVAL_MS = 2000;
const DEAD_LETTER_BATCH = 20;
const RECONCILE_INTERVAL_MS = 60_000;

/** Runs inferences in this process. */
export class Pipeline implements AsyncDisposable {
  readonly #options: PipelineOptions;
  readonly #loop: ClaimLoop<Claim>;
  readonly #lacking = new LackingVersions();
  readonly #upkeep: Upkeep;
  readonly #paused = new AbortController();

  constructor(options: PipelineOptions) {
    const { pool, log } = options;
    this.#options = options;
    this.#upkeep = new Upkeep((error) => log.error('pipeline.upkeep-failed', {}, error));
    this.#loop = new ClaimLoop({
      places: () => pool.threads + 1,
      claim: (count) => this.#claim(count),
      run: (claim, { signal }) => this.#run(claim, signal),
      onError: (step, error) => log.error(`pipeline.${step}-failed`, {}, error),
    });
  }

  /** Inferences that this process runs now. */
  get running(): number {
    return this.#loop.running.length;
  }

  /** Begins to claim. */
  open(): void {
    const { listener, log } = this.#options;
    this.#upkeep.defer(listener.on(CHANNELS.jobs, () => this.#loop.wake()));
    this.#upkeep.every(POLL_MS, () => this.#loop.wake());
    this.#upkeep.every(LOOK_MS, () => this.#lookForLacking());
    this.#upkeep.every(HEARTBEAT_INTERVAL_MS, () => this.#heartbeat());
    this.#upkeep.every(DEAD_LETTER_INTERVAL_MS, () => this.#buryDeadLetters());
    this.#upkeep.every(RECONCILE_INTERVAL_MS, () => this.#reconcile());
    void this.#followCancellations();
    void this.#reconcile().catch((error: unknown) => log.error('pipeline.reconcile-failed', {}, error));
    this.#loop.open();
  }

  /** Claims no more; what runs goes on. */
  pause(): void {
    this.#loop.pause();
    this.#paused.abort();
    this.#upkeep.stop();
  }

  /** Resolves when nothing runs any more. */
  drained(): Promise<void> {
    return this.#loop.drained();
  }

  /** Stops claiming and gives back what still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.pause();
    await this.#loop.stop();
  }

  async #claim(count: number): Promise<readonly Claim[]> {
    const { queue, pool } = this.#options;
    const except = this.#lacking.ids();
    const live = await queue.claim(count, except);
    if (live.length === count) return live;
    const places = backgroundPlaces(pool.threads) - this.#loop.running.length - live.length;
    return places <= 0 ? live : [...live, ...(await queue.claimBackground(places, except))];
  }

  async #run(claim: Claim, signal: AbortSignal): Promise<void> {
    const { inferences, queue, log, onOutcome } = this.#options;
    const claimed = await inferences.begin(claim);
    if (claimed === undefined) return queue.discard(claim);
    if (claimed.eligibility === 'INELIGIBLE') {
      await inferences.refuse(claimed, claimed.eligibilityReasons);
      onOutcome?.('INELIGIBLE', undefined);
      return;
    }
    let reading: Reading;
    try {
      reading = await this.#read(claimed, signal);
    } catch (error) {
      return this.#settleFailure(claimed, signal, toGatewayError(error));
    }
    if (reading.evidence.verdict === 'INELIGIBLE') {
      await inferences.refuse(claimed, reading.evidence.reasons);
      onOutcome?.('INELIGIBLE', undefined);
      return;
    }
    const written = await inferences.finish(claimed, newResult(reading, claimed.thresholds, this.#options));
    if (written) onOutcome?.('DONE', reading.timings);
    log.info('inference.done', {
      inferenceId: claimed.inferenceId,
      attempt: claimed.attempt,
      milliseconds: Date.now() - claimed.queuedAt.getTime(),
      state: written ? 'DONE' : 'UNWANTED',
    });
  }

  async #read(claimed: ClaimedInference, signal: AbortSignal): Promise<Reading> {
    const { pool, blobPath, limits, gate, modelReference } = this.#options;
    const model = await modelReference(claimed.modelDigest);
    return pool.read({ path: blobPath(claimed.blobKey), model, limits, gateRules: gate }, signal);
  }

  async #settleFailure(claimed: ClaimedInference, signal: AbortSignal, error: GatewayError): Promise<void> {
    const { inferences, queue, log, maxAttempts, onOutcome } = this.#options;
    const { inferenceId, attempt, modelVersionId, modelDigest } = claimed;
    if (signal.aborted) {
      return signal.reason === SHUTDOWN ? inferences.release(claimed) : queue.discard(claimed.claim);
    }
    const code: ErrorCode = error.code;
    log.warn('inference.attempt-failed', { inferenceId, attempt, code });
    if (code === 'INTERNAL') log.error('inference.unexpected', { inferenceId }, error.cause);
    if (code === 'MODEL_UNAVAILABLE') {
      const left = this.#lacking.leave(modelVersionId, modelDigest, claimed.claim.leftSince);
      if (left) return inferences.leaveToOthers(claimed, code, error.message);
    } else if (error.retryable && attempt < maxAttempts) {
      return inferences.retryLater(claimed, code, error.message);
    }
    if (await inferences.fail(claimed, code, error.message)) onOutcome?.('FAILED', undefined);
  }

  async #heartbeat(): Promise<void> {
    await this.#options.queue.heartbeat(this.#loop.running);
  }

  async #lookForLacking(): Promise<void> {
    if (await this.#lacking.look(this.#options.modelReference)) this.#loop.wake();
  }

  async #buryDeadLetters(): Promise<void> {
    const { queue, inferences } = this.#options;
    for (const letter of await queue.claimDeadLetters(DEAD_LETTER_BATCH)) await inferences.failDeadLetter(letter);
  }

  async #reconcile(): Promise<void> {
    const count = await this.#options.inferences.requeueOrphans();
    if (count > 0) this.#options.log.warn('inference.orphans-requeued', { count });
  }

  /** Stops what runs here when its cancellation, made on any process, comes by in the change feed. */
  async #followCancellations(): Promise<void> {
    const { changes, log } = this.#options;
    const { signal } = this.#paused;
    while (!signal.aborted) {
      try {
        for await (const change of changes.subscribe({ types: ['INFERENCE_CANCELLED'], signal })) {
          this.#loop.cancel(({ inferenceId }) => inferenceId === change.inferenceId, CANCELLED);
        }
        return;
      } catch (error) {
        log.error('pipeline.cancellations-lost', {}, error);
      }
    }
  }
}

/** Readings of any kind below which a background reading may begin. */
function backgroundPlaces(threads: number): number {
  return Math.max(1, threads - 1);
}

const CANCELLED = 'the inference was cancelled';
