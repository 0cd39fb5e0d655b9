/**
 * Transfers of studies from and to other DICOM nodes, as rows that any process may work on.
 *
 *     QUEUED --claim--> RUNNING --> DONE
 *       ^   (attempt+1)   |
 *       +---retryable-----+-------> FAILED
 *
 * A claim lasts as long as its heartbeat is renewed: a RUNNING row that fell silent, because its process died, is claimed
 * again. Attempts count at the claim, so a transfer that kills its process runs out of them. Every write names the attempt,
 * so a claim that was taken over cannot write.
 */
import type { ErrorCode, GatewayError } from '../errors.ts';
import { appendAudit } from './audit/append.ts';
import { type AuditActor, type AuditEntry, systemActor } from './audit/audit-entry.ts';
import { notify } from './change-log.ts';
import type { Prisma, PrismaClient, Transaction } from './client.ts';
import type { DicomTransferKind, DicomTransferState } from './generated/enums.ts';
import { CHANNELS } from './listener.ts';

/** Between heartbeats of a claim. */
export const TRANSFER_HEARTBEAT_MS = 3000;

/** Silence after which a claim is taken over; a process that is alive has missed three heartbeats by then. */
const TAKE_OVER_SECONDS = 10;

/** A transfer whose node no process knows is claimed after this long, to fail with a code instead of waiting for ever. */
const STRANDED_SECONDS = 24 * 3600;

/** Due whatever the clocks of the processes and of the database say. */
const AT_ONCE = new Date(0);

/** A wanted transfer. */
export interface TransferRequest {
  readonly kind: DicomTransferKind;
  readonly node: string;
  readonly studyInstanceUid: string;
}

/** A transfer that this process works on. */
export interface ClaimedTransfer extends TransferRequest {
  readonly id: string;
  /** 1 for the first. */
  readonly attempt: number;
}

/** How far an attempt has come. */
export interface TransferProgress {
  readonly completed: number;
  readonly failed: number;
}

/** A stored film that can be sent. */
export interface StoredFilm {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly blobKey: string;
  readonly byteLength: bigint;
}

/** Transfers of all processes that are not at their end. */
export interface TransferDepth {
  readonly waiting: number;
  readonly active: number;
}

/** Transfers go on by themselves, whoever asked for them. */
const RUNNER = systemActor('transfer');

interface TransferEnd extends TransferProgress {
  readonly state: 'DONE' | 'FAILED';
  readonly completedAt: Date;
  readonly errorCode: ErrorCode | null;
  readonly errorMessage: string | null;
}

/** Writes of transfers. */
export class DicomTransferStore {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /**
   * Queues a transfer. Idempotent: one of the same kind, node and study that waits or runs is given as it is.
   *
   * @returns `created` false when there was one
   */
  async request(
    request: TransferRequest,
    by: AuditActor,
  ): Promise<{ readonly transferId: string; readonly created: boolean }> {
    const { kind, node, studyInstanceUid } = request;
    return this.#prisma.$transaction(async (tx) => {
      // Two requests at once must not both find none.
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`${kind} ${node} ${studyInstanceUid}`}, 0))`;
      const known = await tx.dicomTransfer.findFirst({
        where: { kind, node, studyInstanceUid, state: { in: ['QUEUED', 'RUNNING'] } },
        select: { id: true },
      });
      if (known !== null) return { transferId: known.id, created: false };
      const data = { kind, node, studyInstanceUid, nextAttemptAt: AT_ONCE, requestedBy: by.subject };
      const { id } = await tx.dicomTransfer.create({ data, select: { id: true } });
      await appendAudit(tx, by, [await entryOf(tx, { ...request, id }, { details: { state: 'QUEUED' } })]);
      await notify(tx, CHANNELS.transfers);
      return { transferId: id, created: true };
    });
  }

  /**
   * Claims what is due and what fell silent, the longest waiting first.
   *
   * @param nodes - names of the nodes that this process can speak to
   */
  async claim(limit: number, nodes: readonly string[]): Promise<ClaimedTransfer[]> {
    return this.#prisma.$queryRaw<ClaimedTransfer[]>`
      UPDATE "DicomTransfer" SET "state" = 'RUNNING', "attempts" = "attempts" + 1, "completed" = 0, "failed" = 0,
        "errorCode" = NULL, "errorMessage" = NULL, "heartbeatAt" = now(), "startedAt" = COALESCE("startedAt", now())
      WHERE "id" IN (
        SELECT "id" FROM "DicomTransfer"
        WHERE (("state" = 'QUEUED' AND "nextAttemptAt" <= now())
            OR ("state" = 'RUNNING' AND "heartbeatAt" < now() - make_interval(secs => ${TAKE_OVER_SECONDS})))
          AND ("node" = ANY(${[...nodes]}::text[]) OR "createdAt" < now() - make_interval(secs => ${STRANDED_SECONDS}))
        ORDER BY "nextAttemptAt", "id" LIMIT ${limit} FOR UPDATE SKIP LOCKED
      )
      RETURNING "id", "kind", "node", "studyInstanceUid", "attempts" AS "attempt"`;
  }

  /**
   * Renews a claim and writes how far it has come.
   *
   * @returns false when the claim was taken over; the work must stop then
   */
  async renew({ id, attempt }: ClaimedTransfer, { completed, failed }: TransferProgress): Promise<boolean> {
    // By the clock of the database, like the claim: those of the processes differ.
    const count = await this.#prisma.$executeRaw`
      UPDATE "DicomTransfer" SET "heartbeatAt" = now(), "completed" = ${completed}, "failed" = ${failed}
      WHERE "id" = ${id}::uuid AND "state" = 'RUNNING' AND "attempts" = ${attempt}`;
    return count === 1;
  }

  /** It is done; `problem` is why films that failed for good did. Returns false when the claim was taken over. */
  async finish(
    claimed: ClaimedTransfer,
    { completed, failed }: TransferProgress,
    problem: GatewayError | undefined,
  ): Promise<boolean> {
    const error = { errorCode: problem?.code ?? null, errorMessage: problem?.message ?? null };
    return this.#end(claimed, { state: 'DONE', completed, failed, completedAt: new Date(), ...error });
  }

  /** It failed for good. Returns false when the claim was taken over. */
  async fail(
    claimed: ClaimedTransfer,
    { completed, failed }: TransferProgress,
    code: ErrorCode,
    message: string,
  ): Promise<boolean> {
    const error = { errorCode: code, errorMessage: message };
    return this.#end(claimed, { state: 'FAILED', completed, failed, completedAt: new Date(), ...error });
  }

  /** It failed this time and waits for its next attempt. Returns false when the claim was taken over. */
  async retryLater(
    { id, attempt }: ClaimedTransfer,
    { completed, failed }: TransferProgress,
    error: GatewayError,
    delaySeconds: number,
  ): Promise<boolean> {
    const count = await this.#prisma.$executeRaw`
      UPDATE "DicomTransfer" SET "state" = 'QUEUED', "completed" = ${completed}, "failed" = ${failed},
        "nextAttemptAt" = now() + make_interval(secs => ${delaySeconds}),
        "errorCode" = ${error.code}, "errorMessage" = ${error.message}
      WHERE "id" = ${id}::uuid AND "state" = 'RUNNING' AND "attempts" = ${attempt}`;
    return count === 1;
  }

  /** A process that shuts down gives it back; the attempt does not count. */
  async release(claimed: ClaimedTransfer): Promise<void> {
    await this.#write(claimed, { state: 'QUEUED', attempts: claimed.attempt - 1 });
    await notify(this.#prisma, CHANNELS.transfers);
  }

  /** The stored films of a study in the order of their arrival. */
  async filmsOfStudy(studyInstanceUid: string, limit: number): Promise<StoredFilm[]> {
    return this.#prisma.instance.findMany({
      where: { series: { study: { studyInstanceUid } } },
      select: { sopClassUid: true, sopInstanceUid: true, transferSyntaxUid: true, blobKey: true, byteLength: true },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      take: limit,
    });
  }

  /** How many wait, for their first attempt or the next, and how many are under way. */
  async depth(): Promise<TransferDepth> {
    const counts = await this.#prisma.dicomTransfer.groupBy({
      by: ['state'],
      where: { state: { in: ['QUEUED', 'RUNNING'] } },
      _count: true,
    });
    const of = (state: DicomTransferState) => counts.find((count) => count.state === state)?._count ?? 0;
    return { waiting: of('QUEUED'), active: of('RUNNING') };
  }

  /** Writes the end of a transfer, and records it. */
  async #end(claimed: ClaimedTransfer, data: TransferEnd): Promise<boolean> {
    return this.#prisma.$transaction(async (tx) => {
      const { count } = await tx.dicomTransfer.updateMany({ where: sameClaim(claimed), data });
      if (count === 0) return false;
      const { state, completed, failed, errorCode } = data;
      const failure = errorCode === null ? {} : ({ outcome: 'FAILED', errorCode } as const);
      const entry = await entryOf(tx, claimed, { ...failure, details: { state, completed, failed } });
      await appendAudit(tx, RUNNER, [entry]);
      return true;
    });
  }

  async #write(claimed: ClaimedTransfer, data: Prisma.DicomTransferUpdateManyMutationInput): Promise<boolean> {
    const { count } = await this.#prisma.dicomTransfer.updateMany({
      where: sameClaim(claimed),
      data,
    });
    return count === 1;
  }
}

function sameClaim({ id, attempt }: ClaimedTransfer) {
  return { id, state: 'RUNNING', attempts: attempt } as const;
}

/** What the audit says of a transfer; whose study it is where the gateway has it, as it does whenever it sends one. */
async function entryOf(
  tx: Transaction,
  { id, kind, node, studyInstanceUid }: TransferRequest & { readonly id: string },
  { details, ...more }: Partial<AuditEntry>,
): Promise<AuditEntry> {
  const study = await tx.study.findUnique({ where: { studyInstanceUid }, select: { id: true, patientId: true } });
  return {
    action: 'EXECUTE',
    ...(study === null ? {} : { patientId: study.patientId, studyIds: [study.id] }),
    details: { transferId: id, kind, node, studyInstanceUid, ...details },
    ...more,
  };
}
