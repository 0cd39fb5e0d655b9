/**
 * Claims transfers of studies and performs them, a few at once; the states are in store/dicom-transfers.ts. A transfer whose
 * process dies falls silent and is claimed again, here or elsewhere.
 */
import { GatewayError, toGatewayError } from '../errors.ts';
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
}

/** Retries become due, and claims fall silent, without a notification. */
const POLL_MS = 1000;

const LONGEST_RETRY_DELAY_SECONDS = 3600;

const SHUTDOWN = 'the process shuts down';
const TAKEN_OVER = 'another process has taken the transfer over';

/** Runs transfers in this process. */
export class TransferRunner implements AsyncDisposable {
  readonly #options: TransferRunnerOptions;
  readonly #running = new Map<Promise<void>, AbortController>();
  readonly #stops: (() => void)[] = [];
  #paused = true;
  #woken = false;
  #filling: Promise<void> | undefined;

  constructor(options: TransferRunnerOptions) {
    this.#options = options;
  }

  /** Begins to claim. */
  open(): void {
    this.#paused = false;
    this.#stops.push(this.#options.listener.on(CHANNELS.transfers, () => this.#wake()));
    const poll = setInterval(() => this.#wake(), POLL_MS);
    this.#stops.push(() => clearInterval(poll));
    this.#wake();
  }

  /** Claims no more; what runs goes on. */
  pause(): void {
    this.#paused = true;
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** Resolves when nothing runs any more. */
  async drained(): Promise<void> {
    await this.#filling;
    while (this.#running.size > 0) await Promise.allSettled(this.#running.keys());
  }

  /** Stops claiming and gives back what still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.pause();
    await this.#filling;
    for (const cancel of this.#running.values()) cancel.abort(SHUTDOWN);
    await this.drained();
  }

  #wake(): void {
    this.#woken = true;
    if (this.#paused) return;
    this.#filling ??= this.#guard('transfer.claim-failed', this.#fill()).finally(() => {
      this.#filling = undefined;
    });
  }

  async #fill(): Promise<void> {
    const { transfers, concurrency, nodes } = this.#options;
    while (this.#woken && !this.#paused) {
      this.#woken = false;
      const slots = concurrency - this.#running.size;
      if (slots <= 0) return; // one that ends wakes us again
      const claims = await transfers.claim(slots, nodes);
      for (const claimed of claims) this.#start(claimed);
      this.#woken ||= claims.length === slots;
    }
  }

  #start(claimed: ClaimedTransfer): void {
    const cancel = new AbortController();
    const settled = this.#guard('transfer.settle-failed', this.#run(claimed, cancel)).finally(() => {
      this.#running.delete(settled);
      this.#wake();
    });
    this.#running.set(settled, cancel);
  }

  async #run(claimed: ClaimedTransfer, cancel: AbortController): Promise<void> {
    const { transfers, log, perform, maxAttempts } = this.#options;
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
    await transfers.finish(claimed, tally, problem);
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
    const { transfers, log, retryDelaySeconds } = this.#options;
    const { id: transferId, node, attempt } = claimed;
    log.warn('transfer.attempt-failed', { transferId, node, attempt, code: error.code });
    const delay = Math.min(retryDelaySeconds * 2 ** (attempt - 1), LONGEST_RETRY_DELAY_SECONDS);
    await transfers.retryLater(claimed, tally, error, delay);
  }

  async #fail(claimed: ClaimedTransfer, tally: TransferTally, error: GatewayError): Promise<void> {
    const { transfers, log } = this.#options;
    const { id: transferId, node, attempt } = claimed;
    log.warn('transfer.failed', { transferId, node, attempt, code: error.code });
    await transfers.fail(claimed, tally, error.code, error.message);
  }

  #exhausted(claimed: ClaimedTransfer, tally: TransferTally): Promise<void> {
    const problem = 'Every attempt ended without an answer, most likely with its process.';
    return this.#fail(claimed, tally, new GatewayError('ATTEMPTS_EXHAUSTED', problem));
  }

  async #renew(claimed: ClaimedTransfer, tally: TransferTally, cancel: AbortController): Promise<void> {
    const renewal = this.#options.transfers.renew(claimed, tally).then((held) => {
      if (!held) cancel.abort(TAKEN_OVER);
    });
    await this.#guard('transfer.heartbeat-failed', renewal);
  }

  async #guard(event: string, action: Promise<void>): Promise<void> {
    try {
      await action;
    } catch (error) {
      this.#options.log.error(event, {}, error);
    }
  }
}
