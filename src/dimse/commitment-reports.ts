/**
 * N-EVENT-REPORT of the Storage Commitment Push Model (PS3.4 section J.3.3): tells the requester which films are safe.
 *
 * A report goes out on the association of its request if that is still open shortly after, else on a new one to the node of
 * that AE title. Until the requester has confirmed it, it is tried again, each time after a longer wait, by any process; what
 * nobody took for a day is abandoned and may be asked for again. Which films are safe is looked up at each attempt.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BackgroundTasks } from '../background-tasks.ts';
import type { AcceptedContext } from '../dicom/network/association.ts';
import type { DicomNode } from '../dicom/network/node.ts';
import { toGatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { DimseIdentity } from '../nodes/dimse/node-association.ts';
import type { BlobStore } from '../store/blobs.ts';
import type { ClaimedCommitment, StorageCommitmentStore } from '../store/storage-commitments.ts';
import { callBack } from './commitment-callback.ts';
import type { CommitmentReporting } from './commitment-request.ts';
import { eventReport } from './commitment-result.ts';
import { STATUS } from './conformance.ts';
import type { Session } from './session.ts';

/** What reports need. */
export interface CommitmentReportsOptions {
  readonly commitments: StorageCommitmentStore;
  readonly blobs: BlobStore;
  readonly nodes: readonly DicomNode[];
  readonly identity: DimseIdentity;
  readonly log: Log;
  readonly times?: Partial<CommitmentTimes>;
}

/** Times in ms; tests have shorter ones. */
export interface CommitmentTimes {
  /** From the answer to N-ACTION to the report on the same association: most requesters release within it. */
  readonly grace: number;
  /** Between looks for reports that are due. */
  readonly look: number;
  /** Longest time of one attempt. */
  readonly attempt: number;
  /** Before the second attempt; doubles each time. */
  readonly firstDelay: number;
  readonly longestDelay: number;
  /** From the request to its abandonment. */
  readonly abandonAfter: number;
}

const TIMES: CommitmentTimes = {
  grace: 1000,
  look: 5000,
  attempt: 20_000,
  firstDelay: 5000,
  longestDelay: 15 * 60_000,
  abandonAfter: 24 * 3600_000,
};

/** Settled requests are kept for whoever asks what became of them. */
const KEEP_SETTLED_MS = 90 * 24 * 3600_000;
const FORGET_INTERVAL_MS = 24 * 3600_000;

/** Reports on requests. */
export class CommitmentReports implements CommitmentReporting, AsyncDisposable {
  readonly claimMs: number;
  readonly #options: CommitmentReportsOptions;
  readonly #times: CommitmentTimes;
  readonly #closing = new AbortController();
  readonly #running = new BackgroundTasks();
  #forgotAt = 0;

  constructor(options: CommitmentReportsOptions) {
    this.#options = options;
    this.#times = { ...TIMES, ...options.times };
    // A claim outlasts its attempt, so that no other process makes one meanwhile.
    this.claimMs = this.#times.grace + 2 * this.#times.attempt;
  }

  /** Begins to look for reports that are due, also those of other processes and earlier starts. */
  open(): void {
    this.#run(this.#lookOn());
  }

  report(commitment: ClaimedCommitment, session: Session, context: AcceptedContext): void {
    this.#run(this.#reportHere(commitment, session, context));
  }

  /** Ends attempts under way; their reports are due again later. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running.ended();
  }

  #run(work: Promise<void>): void {
    this.#running.add(work, (error) => {
      if (!this.#closing.signal.aborted) this.#options.log.error('dimse.commitment-failed', {}, error);
    });
  }

  async #lookOn(): Promise<void> {
    const { commitments, log } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#forget();
        // One at a time: those behind it would outlive their claims while it waits for a node that does not answer.
        const [due] = await commitments.claimDue(1, this.claimMs);
        if (due !== undefined) {
          await this.#reportThere(due);
          continue;
        }
      } catch (error) {
        log.warn('dimse.commitment-look-failed', { code: toGatewayError(error).code });
      }
      await delay(this.#times.look, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** Within the loop, which a database that is away must not end. */
  async #forget(): Promise<void> {
    const now = Date.now();
    if (now - this.#forgotAt < FORGET_INTERVAL_MS) return;
    await this.#options.commitments.forgetSettled(new Date(now - KEEP_SETTLED_MS));
    this.#forgotAt = now;
  }

  async #reportHere(commitment: ClaimedCommitment, session: Session, context: AcceptedContext): Promise<void> {
    const { signal } = this.#closing;
    const { association } = session;
    await Promise.race([
      delay(this.#times.grace, undefined, { signal, ref: false }).catch(() => {}),
      association.ended,
    ]);
    if (!(await this.#tryOn(commitment, session, context))) await this.#reportThere(commitment);
  }

  /** On the association of the request; false when it did not work out there. */
  async #tryOn(commitment: ClaimedCommitment, session: Session, context: AcceptedContext): Promise<boolean> {
    try {
      const { command, dataSet } = await eventReport(commitment, context, this.#options);
      const answer = await session.ask(context, command, dataSet);
      if (answer.status !== STATUS.SUCCESS) return false;
    } catch {
      return false;
    }
    await this.#delivered(commitment);
    return true;
  }

  async #reportThere(commitment: ClaimedCommitment): Promise<void> {
    const { commitments, log } = this.#options;
    const { callingAeTitle, attempts, createdAt } = commitment;
    try {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#times.attempt)]);
      await callBack(commitment, this.#options, () => this.#delivered(commitment), signal);
    } catch (error) {
      const { code, message } = toGatewayError(error);
      log.warn('dimse.commitment-undelivered', { callingAeTitle, code, attempt: attempts });
      const { firstDelay, longestDelay, abandonAfter } = this.#times;
      const next = Date.now() + Math.min(longestDelay, firstDelay * 2 ** (attempts - 1));
      if (next > createdAt.getTime() + abandonAfter) await commitments.abandon(commitment, `${code}: ${message}`);
      else await commitments.postpone(commitment, new Date(next), `${code}: ${message}`);
    }
  }

  async #delivered(commitment: ClaimedCommitment): Promise<void> {
    await this.#options.commitments.delivered(commitment);
    const { callingAeTitle, references, attempts } = commitment;
    this.#options.log.info('dimse.commitment-reported', {
      callingAeTitle,
      count: references.length,
      attempt: attempts,
    });
  }
}
