/** Reads of jobs of re-readings, and of how far they are. */
import type { PrismaClient } from '../client.ts';
import type { RereadJobState } from '../generated/enums.ts';
import { oneOf } from './conditions.ts';
import { type Direction, type Page, type PageRequest, readPage } from './keyset.ts';
import { timeOrder } from './orders.ts';
import type { Reader } from './scope.ts';
import { REREAD_JOBS, type RereadJobRow } from './tables.ts';

/** Which jobs. */
export interface RereadJobFilter {
  readonly states?: readonly RereadJobState[] | null;
}

/** How far a job is, in films. */
export interface RereadProgress {
  /** Matched when the job was made. */
  readonly total: number;
  readonly enqueued: number;
  /** Passed over, because the version had read them or was about to. */
  readonly skipped: number;
  readonly waiting: number;
  readonly running: number;
  readonly done: number;
  /** Ended as INELIGIBLE. */
  readonly refused: number;
  readonly failed: number;
  readonly cancelled: number;
  /** 0 to 1. */
  readonly fraction: number;
}

type Counts = Omit<RereadProgress, 'fraction'>;

const CREATED_AT = timeOrder<RereadJobRow>('CREATED_AT', REREAD_JOBS.column('createdAt'), (row) => row.createdAt);

/** One page of the visible jobs. @throws GatewayError BAD_REQUEST, CURSOR_INVALID */
export async function listRereadJobs(
  reader: Reader,
  { states }: RereadJobFilter,
  direction: Direction,
  page: PageRequest,
): Promise<Page<RereadJobRow>> {
  const conditions = oneOf(REREAD_JOBS.column('state'), states, '"RereadJobState"');
  return readPage(reader, { name: 'rereadJobs', table: REREAD_JOBS, conditions, order: CREATED_AT, direction }, page);
}

/**
 * How far jobs are, from the states of their readings; one statement.
 *
 * @param ids - UUIDs of jobs that are visible
 * @returns one entry an id, in the same order
 */
export async function rereadProgress(prisma: PrismaClient, ids: readonly string[]): Promise<(RereadProgress | null)[]> {
  const rows = await prisma.$queryRaw<(Counts & { readonly id: string })[]>`
    SELECT job."id", job."total", job."enqueued", job."skipped",
      count(*) FILTER (WHERE reading."state" = 'QUEUED')::integer AS "waiting",
      count(*) FILTER (WHERE reading."state" = 'RUNNING')::integer AS "running",
      count(*) FILTER (WHERE reading."state" = 'DONE')::integer AS "done",
      count(*) FILTER (WHERE reading."state" = 'INELIGIBLE')::integer AS "refused",
      count(*) FILTER (WHERE reading."state" = 'FAILED')::integer AS "failed",
      count(*) FILTER (WHERE reading."state" = 'CANCELLED')::integer AS "cancelled"
    FROM "RereadJob" AS job LEFT JOIN "Inference" AS reading ON reading."rereadJobId" = job."id"
    WHERE job."id" = ANY(${[...ids]}::uuid[]) GROUP BY job."id"`;
  const byId = new Map(rows.map(({ id, ...counts }) => [id, { ...counts, fraction: fractionOf(counts) }]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** Films that were in the making of the job may come to its total; readings that a later job has taken over are past. */
function fractionOf({ total, enqueued, skipped, waiting, running }: Counts): number {
  const all = Math.max(total, enqueued + skipped);
  return all === 0 ? 1 : Math.max(0, enqueued + skipped - waiting - running) / all;
}
