/**
 * Claims transfers of studies and performs them, a few at once; the states are in store/dicom-transfers.ts. A transfer whose
 * process dies falls silent and is claimed again, here or elsewhere.
 */
import { ClaimLoop, SHUTDOWN } from '../claim-loop.ts';
import { type ErrorCode, GatewayError, toGatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type ClaimedTransfer, type DicomTransferStore, TRANSFER_HEARTBEAT_MS } from '../store/dicom-transfers.ts';
import { CHANNELS, type Listener } from '../store/listener.ts';
import { TransferTally } from './transfer-tally.ts';

/** What the runner needs. */
export interface TransferRunnerOptions {
  readonly transfers: DicomTransferStore;
  readonly listener: Listener;
  /** Names of the nodes that this process can speak to. */
  readonly nodes: readonly string[];
  readonly perform: (claimed: ClaimedTransfer, tally: TransferTally, signal: AbortSignal) => Promise<void>;
  /** Transfers at once. */
  readonly concurrency: number;
  readonly maxAttempts: number;
  readonly retryDelaySeconds: number;
  readonly log: Log;
  /** Called once for each attempt that came to an end here; for metrics. */
  readonly onAttempt?: (attempt: TransferAttempt) => void;
}

/** How an attempt ended. */
export interface TransferAttempt {
  readonly claimed: ClaimedTransfer;
  readonly tally: TransferTally;
  /** RETRIED: it waits for its next attempt. */
  readonly outcome: 'DONE' | 'RETRIED' | 'FAILED';
  /** Why, also of DONE with films that failed for good. */
  readonly code: ErrorCode | undefined;
}

/** Retries become due, and claims fall silent, without a notification. */
const POLL_MS = 1000;

const LONGEST_RETRY_DELAY_SECONDS = 3600;

const TAKEN_OVER = 'another process has taken the transfer over';

/** Runs transfers in this process. */
export class TransferRunner implements AsyncDisposable {
  readonly #options: TransferRunnerOptions;
  readonly #loop: ClaimLoop<ClaimedTransfer>;
  readonly #stops: (() => void)[] = [];

  constructor(options: TransferRunnerOptions) {
    const { transfers, nodes, concurrency, log } = options;
    this.#options = options;
    this.#loop = new ClaimLoop({
      places: () => concurrency,
      claim: (count) => transfers.claim(count, nodes),
      run: (claimed, cancel) => this.#run(claimed, cancel),
      onError: (step, error) => log.error(`transfer.${step}-failed`, {}, error),
    });
  }

  /** Begins to claim. */
  open(): void {
    this.#stops.push(this.#options.listener.on(CHANNELS.transfers, () => this.#loop.wake()));
    const poll = setInterval(() => this.#loop.wake(), POLL_MS);
    this.#stops.push(() => clearInterval(poll));
    this.#loop.open();
  }

  /** Claims no more; what runs goes on. */
  pause(): void {
    this.#loop.pause();
    for (const stop of this.#stops.splice(0)) stop();
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

  async #run(claimed: ClaimedTransfer, cancel: AbortController): Promise<void> {
    const { transfers, log, perform, maxAttempts, onAttempt } = this.#options;
    const { id: transferId, node, attempt } = claimed;
    const tally = new TransferTally();
    if (attempt > maxAttempts) return this.#exhausted(claimed, tally);
    const began = performance.now();
    const heartbeat = setInterval(() => void this.#renew(claimed, tally, cancel), TRANSFER_HEARTBEAT_MS);
    try {
      await perform(claimed, tally, cancel.signal);
      cancel.signal.throwIfAborted();
    } catch (error) {
      return await this.#settleFailure(claimed, tally, cancel.signal, toGatewayError(error));
    } finally {
      clearInterval(heartbeat);
    }
    const { problem, mayPass, completed } = tally;
    if (mayPass !== undefined && attempt < maxAttempts) return this.#retry(claimed, tally, mayPass);
    // A study of which nothing came is no success, whatever the reason.
    if (problem !== undefined && completed === 0) return this.#fail(claimed, tally, problem);
    if (!(await transfers.finish(claimed, tally, problem))) return;
    onAttempt?.({ claimed, tally, outcome: 'DONE', code: problem?.code });
    log.info('transfer.done', { transferId, node, attempt, count: completed, milliseconds: performance.now() - began });
  }

  async #settleFailure(
    claimed: ClaimedTransfer,
    tally: TransferTally,
    signal: AbortSignal,
    error: GatewayError,
  ): Promise<void> {
    const { transfers, log, maxAttempts } = this.#options;
    if (signal.aborted) return signal.reason === SHUTDOWN ? transfers.release(claimed) : undefined;
    if (error.code === 'INTERNAL') log.error('transfer.unexpected', { transferId: claimed.id }, error.cause);
    if (error.retryable && claimed.attempt < maxAttempts) return this.#retry(claimed, tally, error);
    return this.#fail(claimed, tally, error);
  }

  async #retry(claimed: ClaimedTransfer, tally: TransferTally, error: GatewayError): Promise<void> {
    const { transfers, log, retryDelaySeconds, onAttempt } = this.#options;
    const { id: transferId, node, attempt } = claimed;
    log.warn('transfer.attempt-failed', { transferId, node, attempt, code: error.code });
    const delay = Math.min(retryDelaySeconds * 2 ** (attempt - 1), LONGEST_RETRY_DELAY_SECONDS);
    const isMine = await transfers.retryLater(claimed, tally, error, delay);
    if (isMine) onAttempt?.({ claimed, tally, outcome: 'RETRIED', code: error.code });
  }

  async #fail(claimed: ClaimedTransfer, tally: TransferTally, error: GatewayError): Promise<void> {
    const { transfers, log, onAttempt } = this.#options;
    const { id: transferId, node, attempt } = claimed;
    log.warn('transfer.failed', { transferId, node, attempt, code: error.code });
    const isMine = await transfers.fail(claimed, tally, error.code, error.message);
    if (isMine) onAttempt?.({ claimed, tally, outcome: 'FAILED', code: error.code });
  }

  #exhausted(claimed: ClaimedTransfer, tally: TransferTally): Promise<void> {
    const problem = 'Every attempt ended without an answer, most likely with its process.';
    return this.#fail(claimed, tally, new GatewayError('ATTEMPTS_EXHAUSTED', problem));
  }

  async #renew(claimed: ClaimedTransfer, tally: TransferTally, cancel: AbortController): Promise<void> {
    try {
      if (!(await this.#options.transfers.renew(claimed, tally))) cancel.abort(TAKEN_OVER);
    } catch (error) {
      this.#options.log.error('transfer.heartbeat-failed', {}, error);
    }
  }
}
