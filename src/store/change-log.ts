/**
 * The change feed's table. Appending is part of the writer's transaction and takes no lock that another writer waits
 * for. Positions are given afterwards, by whoever reads next: assign_change_positions() (see the first migration)
 * numbers all committed rows under one row lock. A transaction that commits late therefore gets a late position, and
 * a reader that has passed position n has seen everything up to n: there is no gap to fall into.
 */

import { Prisma, type PrismaClient, type Transaction } from './client.ts';
import type { ChangeType, Priority } from './generated/enums.ts';
import { CHANNELS } from './listener.ts';
import type { AccessScope } from './reads/scope.ts';
import { changeVisible } from './reads/visibility.ts';

/** What a writer appends: a type and the ids that it concerns. */
export interface NewChange {
  readonly type: ChangeType;
  readonly patientId?: string;
  readonly studyId?: string;
  readonly instanceId?: string;
  readonly inferenceId?: string;
  readonly modelVersionId?: string;
  readonly breakGlassId?: string;
  readonly rereadJobId?: string;
  readonly priority?: Priority;
}

/** A change with its place in the total order. */
export interface PositionedChange {
  readonly position: bigint;
  readonly type: ChangeType;
  readonly patientId: string | null;
  readonly studyId: string | null;
  readonly instanceId: string | null;
  readonly inferenceId: string | null;
  readonly modelVersionId: string | null;
  readonly breakGlassId: string | null;
  readonly rereadJobId: string | null;
  readonly priority: Priority | null;
  readonly createdAt: Date;
}

/** Where the feed stands. */
export interface FeedState {
  /** Identity of this feed; differs in every database. */
  readonly feed: string;
  /** Last position given. */
  readonly position: bigint;
  /** Everything up to here has been removed by retention. */
  readonly trimmedThrough: bigint;
}

const MILLISECONDS_A_DAY = 86_400_000;

/**
 * Appends within the caller's transaction, and wakes readers when it commits. One statement: every step of a film's way
 * pays for it.
 */
export async function appendChanges(tx: Transaction, changes: readonly NewChange[]): Promise<void> {
  await tx.$queryRaw`
    WITH appended AS (${insertChanges(changes)})
    SELECT 1 AS woken FROM pg_notify(${CHANNELS.changes}, '')`;
}

/** The statement that appends, to be part of another one. */
export function insertChanges(changes: readonly NewChange[]): Prisma.Sql {
  return Prisma.sql`
      INSERT INTO "Change" (
        "type", "patientId", "studyId", "instanceId", "inferenceId", "modelVersionId", "breakGlassId", "rereadJobId",
        "priority")
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(changes)}::jsonb) AS change (
        "type" "ChangeType", "patientId" uuid, "studyId" uuid, "instanceId" uuid, "inferenceId" uuid,
        "modelVersionId" uuid, "breakGlassId" uuid, "rereadJobId" uuid, "priority" "Priority")`;
}

/** Wakes the listeners of a channel when the transaction commits. */
export async function notify(tx: Transaction, channel: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_notify(${channel}, '')`;
}

/** Reads of the change table. */
export class ChangeLog {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** Gives positions to all committed changes and returns the last one given. */
  async advance(): Promise<bigint> {
    const [row] = await this.#prisma.$queryRaw<{ head: bigint }[]>`SELECT assign_change_positions() AS head`;
    return row?.head ?? 0n;
  }

  /** Changes after a position that the scope lets through, in order. */
  async read(after: bigint, limit: number, scope: AccessScope): Promise<PositionedChange[]> {
    const conditions = [Prisma.sql`"position" > ${after}`, ...changeVisible(scope)];
    return this.#prisma.$queryRaw<PositionedChange[]>`
      SELECT "position", "type", "patientId", "studyId", "instanceId", "inferenceId", "modelVersionId", "breakGlassId",
        "rereadJobId", "priority", "createdAt"
      FROM "Change" WHERE ${Prisma.join(conditions, ' AND ')} ORDER BY "position" LIMIT ${limit}`;
  }

  async state(): Promise<FeedState> {
    return this.#prisma.changeHead.findUniqueOrThrow({ where: { id: 1 }, omit: { id: true } });
  }

  /**
   * Removes what is older than the retention, always a whole prefix of the order.
   *
   * @returns rows removed
   */
  async trim(retentionDays: number, now: Date = new Date()): Promise<number> {
    const cutoff = new Date(now.getTime() - retentionDays * MILLISECONDS_A_DAY);
    return this.#prisma.$transaction(async (tx) => {
      const oldestKept = await tx.change.findFirst({
        where: { position: { not: null }, createdAt: { gte: cutoff } },
        orderBy: { position: 'asc' },
        select: { position: true },
      });
      const [head] = await tx.$queryRaw<
        { position: bigint }[]
      >`SELECT "position" FROM "ChangeHead" WHERE id = 1 FOR UPDATE`;
      const through = (oldestKept?.position ?? (head?.position ?? 0n) + 1n) - 1n;
      const { count } = await tx.change.deleteMany({ where: { position: { lte: through } } });
      if (count > 0) await tx.changeHead.update({ where: { id: 1 }, data: { trimmedThrough: through } });
      return count;
    });
  }
}
