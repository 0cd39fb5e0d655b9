/**
 * Storage commitments that other nodes have asked for. A row is owed a report until it is delivered or abandoned. Whoever wants
 * to deliver claims the row for a while first, so two processes do not report the same one at once, and the row of a process
 * that dies is due again when its claim runs out.
 */
import { appendAudit } from './audit/append.ts';
import type { AuditActor } from './audit/audit-entry.ts';
import type { PrismaClient } from './client.ts';

/** One film that somebody wants kept. */
export interface CommitmentReference {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

/** A request that is owed its report, claimed by this process. */
export interface ClaimedCommitment {
  readonly id: string;
  readonly transactionUid: string;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly references: readonly CommitmentReference[];
  /** Attempts to report with this one. */
  readonly attempts: number;
  readonly createdAt: Date;
}

/** What is stored under a SOP Instance UID. */
export interface StoredFile {
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
  readonly blobKey: string;
  readonly byteLength: bigint;
}

/** Parameters of one statement. */
const UIDS_A_QUERY = 1000;

/** Settled rows are never due: out of the way of the index that finds those that are. */
const NEVER = new Date('9999-12-31T00:00:00Z');

/** Reads and writes of storage commitments. */
export class StorageCommitmentStore {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /**
   * Records a request, durable when this resolves, and claims it for the first attempt. The same transaction of the same caller
   * is recorded once: asked again, it is owed a report again.
   */
  async record(
    request: Pick<ClaimedCommitment, 'transactionUid' | 'callingAeTitle' | 'calledAeTitle' | 'references'>,
    claimMs: number,
    by: AuditActor,
  ): Promise<ClaimedCommitment> {
    const { transactionUid, callingAeTitle, calledAeTitle } = request;
    const renewed = {
      calledAeTitle,
      references: request.references.map(({ sopClassUid, sopInstanceUid }) => ({ sopClassUid, sopInstanceUid })),
      attempts: 1,
      nextAttemptAt: new Date(Date.now() + claimMs),
      createdAt: new Date(),
      deliveredAt: null,
      abandonedAt: null,
      lastError: null,
    };
    return this.#prisma.$transaction(async (tx) => {
      const { id, attempts, createdAt } = await tx.storageCommitment.upsert({
        where: { callingAeTitle_transactionUid: { callingAeTitle, transactionUid } },
        create: { callingAeTitle, transactionUid, ...renewed },
        update: renewed,
      });
      const details = { storageCommitmentId: id, transactionUid, instances: request.references.length };
      await appendAudit(tx, by, [{ action: 'CREATE', details }]);
      return { ...request, id, attempts, createdAt };
    });
  }

  /** Claims up to `count` requests whose report is due, the longest due first. */
  async claimDue(count: number, claimMs: number): Promise<readonly ClaimedCommitment[]> {
    return this.#prisma.$queryRaw<ClaimedCommitment[]>`
      UPDATE "StorageCommitment"
      SET "attempts" = "attempts" + 1, "nextAttemptAt" = now() + make_interval(secs => ${claimMs / 1000}::float8)
      WHERE "id" IN (
        SELECT "id" FROM "StorageCommitment" WHERE "nextAttemptAt" <= now()
        ORDER BY "nextAttemptAt" LIMIT ${count} FOR UPDATE SKIP LOCKED
      )
      RETURNING "id", "transactionUid", "callingAeTitle", "calledAeTitle", "references", "attempts", "createdAt"`;
  }

  /** The requester has taken the report. */
  async delivered(commitment: ClaimedCommitment): Promise<void> {
    const data = { deliveredAt: new Date(), nextAttemptAt: NEVER, lastError: null };
    await this.#prisma.storageCommitment.updateMany({ where: sameClaim(commitment), data });
  }

  /** The attempt failed; the next one is due then. */
  async postpone(commitment: ClaimedCommitment, nextAttemptAt: Date, lastError: string): Promise<void> {
    await this.#prisma.storageCommitment.updateMany({
      where: sameClaim(commitment),
      data: { nextAttemptAt, lastError },
    });
  }

  /** The last attempt failed. */
  async abandon(commitment: ClaimedCommitment, lastError: string): Promise<void> {
    const data = { abandonedAt: new Date(), nextAttemptAt: NEVER, lastError };
    await this.#prisma.storageCommitment.updateMany({ where: sameClaim(commitment), data });
  }

  /** Forgets requests that were made before `before` and are settled; returns how many. */
  async forgetSettled(before: Date): Promise<number> {
    const { count } = await this.#prisma.storageCommitment.deleteMany({
      where: { createdAt: { lt: before }, nextAttemptAt: NEVER },
    });
    return count;
  }

  /** What is stored of the given SOP Instance UIDs. */
  async storedFiles(sopInstanceUids: readonly string[]): Promise<ReadonlyMap<string, StoredFile>> {
    const files = new Map<string, StoredFile>();
    for (let start = 0; start < sopInstanceUids.length; start += UIDS_A_QUERY) {
      const found = await this.#prisma.instance.findMany({
        where: { sopInstanceUid: { in: sopInstanceUids.slice(start, start + UIDS_A_QUERY) } },
        select: { sopInstanceUid: true, sopClassUid: true, blobKey: true, byteLength: true },
      });
      for (const file of found) files.set(file.sopInstanceUid, file);
    }
    return files;
  }
}

/** The row as long as nobody else has claimed it, and it has not been asked for again since, which begins its attempts anew. */
function sameClaim({ id, attempts, createdAt }: ClaimedCommitment) {
  return { id, attempts, createdAt };
}
