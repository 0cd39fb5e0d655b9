/**
 * N-EVENT-REPORT of the Storage Commitment Push Model (PS3.4 section J.3.3): tells the requester which films are safe.
 *
 * A report goes out on the association of its request if that is still open shortly after, else on a new one to the node of
 * that AE title. Until the requester has confirmed it, it is tried again, each time after a longer wait, by any process; what
 * nobody took for a day is abandoned and may be asked for again. Which films are safe is looked up at each attempt.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AcceptedContext, Association } from '../dicom/network/association.ts';
import { COMMAND, type CommandSet } from '../dicom/network/command-set.ts';
import type { DicomNode } from '../dicom/network/node.ts';
import {
  COMMITMENT_EVENTS,
  type CommitmentReport,
  encodeCommitmentReport,
} from '../dicom/network/storage-commitment.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, PLAIN_TRANSFER_SYNTAXES } from '../dicom/transfer-syntaxes.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import {
  associate,
  contextOf,
  type DimseIdentity,
  nextMessage,
  requireAnswer,
  withAssociation,
} from '../nodes/dimse/node-association.ts';
import type { BlobStore } from '../store/blobs.ts';
import type { ClaimedCommitment, StorageCommitmentStore } from '../store/storage-commitments.ts';
import type { CommitmentReporting } from './commitment-request.ts';
import { COMMITMENT_FAILURES, STATUS, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE } from './conformance.ts';
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
  readonly #running = new Set<Promise<void>>();
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
    await Promise.all(this.#running);
  }

  #run(work: Promise<void>): void {
    const guarded = work
      .catch((error: unknown) => {
        if (!this.#closing.signal.aborted) this.#options.log.error('dimse.commitment-failed', {}, error);
      })
      .finally(() => this.#running.delete(guarded));
    this.#running.add(guarded);
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
      const { command, dataSet } = await this.#message(commitment, context);
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
      await this.#callBack(commitment);
    } catch (error) {
      const { code, message } = toGatewayError(error);
      log.warn('dimse.commitment-undelivered', { callingAeTitle, code, attempt: attempts });
      const { firstDelay, longestDelay, abandonAfter } = this.#times;
      const next = Date.now() + Math.min(longestDelay, firstDelay * 2 ** (attempts - 1));
      if (next > createdAt.getTime() + abandonAfter) await commitments.abandon(commitment, `${code}: ${message}`);
      else await commitments.postpone(commitment, new Date(next), `${code}: ${message}`);
    }
  }

  async #callBack(commitment: ClaimedCommitment): Promise<void> {
    const address = this.#options.nodes.find(({ dimse }) => dimse?.aeTitle === commitment.callingAeTitle)?.dimse;
    if (address?.host === undefined) {
      throw new GatewayError('DICOM_NODE_UNKNOWN', 'The requester of a storage commitment has no host.');
    }
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#times.attempt)]);
    // The requester of the association is the provider of the service here, which has to be agreed on (PS3.4 section J.3.3).
    const proposed = {
      abstractSyntax: STORAGE_COMMITMENT,
      transferSyntaxes: PLAIN_TRANSFER_SYNTAXES,
      role: { scu: false, scp: true },
    };
    const opening = associate({ ...address, host: address.host }, this.#options.identity, [proposed], signal);
    await withAssociation(opening, (association) => this.#deliver(commitment, association));
  }

  async #deliver(commitment: ClaimedCommitment, association: Association): Promise<void> {
    const context = contextOf(association, STORAGE_COMMITMENT, 'storage commitment');
    const { command, dataSet } = await this.#message(commitment, context);
    await association.send(context.id, { ...command, messageId: 1 }, dataSet);
    const { command: answer } = await nextMessage(association);
    const status = requireAnswer(answer, COMMAND.N_EVENT_REPORT_RSP, 1);
    if (status !== STATUS.SUCCESS) {
      throw new GatewayError('DICOM_NODE_FAILED', `The report was answered with status ${status.toString(16)}.`);
    }
    // Before the release, for which a node may take its time.
    await this.#delivered(commitment);
  }

  async #message(
    commitment: ClaimedCommitment,
    context: AcceptedContext,
  ): Promise<{ readonly command: CommandSet; readonly dataSet: Uint8Array }> {
    const report = await this.#look(commitment);
    const event = report.failed.length === 0 ? COMMITMENT_EVENTS.ALL_COMMITTED : COMMITMENT_EVENTS.SOME_FAILED;
    const command = {
      commandField: COMMAND.N_EVENT_REPORT_RQ,
      affectedSopClassUid: STORAGE_COMMITMENT,
      affectedSopInstanceUid: STORAGE_COMMITMENT_INSTANCE,
      eventTypeId: event,
    };
    return { command, dataSet: encodeCommitmentReport(report, context.transferSyntax === EXPLICIT_VR_LITTLE_ENDIAN) };
  }

  /** A film is safe when its record has that SOP class and its file is there. */
  async #look({ transactionUid, references }: ClaimedCommitment): Promise<CommitmentReport> {
    const { commitments, blobs } = this.#options;
    const stored = await commitments.storedFiles(references.map(({ sopInstanceUid }) => sopInstanceUid));
    const committed: CommitmentReport['committed'][number][] = [];
    const failed: CommitmentReport['failed'][number][] = [];
    for (const reference of references) {
      const file = stored.get(reference.sopInstanceUid);
      if (file !== undefined && file.sopClassUid !== reference.sopClassUid) {
        failed.push({ ...reference, reason: COMMITMENT_FAILURES.CLASS_INSTANCE_CONFLICT });
      } else if (file === undefined || !(await blobs.holds(file.blobKey, file.byteLength))) {
        failed.push({ ...reference, reason: COMMITMENT_FAILURES.NO_SUCH_OBJECT_INSTANCE });
      } else {
        committed.push(reference);
      }
    }
    return { transactionUid, committed, failed };
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
