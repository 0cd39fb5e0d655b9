/**
 * Jobs of re-readings, and the steps that take them forward; their states are in reread-state.ts.
 *
 * A running job is taken forward in steps, by whichever process comes first: it locks the job's row, passes over those that others
 * hold, and in one transaction queues the next readings and moves the cursor past their films. So a process may be killed
 * anywhere, and no two of them queue for one job at once. At most {@link MOST_OUTSTANDING} readings of a job wait or run, all of
 * priority BACKGROUND: they are claimed when no live film waits.
 * Which of them are queued, is in reread-step.ts.
 */
import { GatewayError } from '../errors.ts';
import type { AuditActor } from './audit/audit-entry.ts';
import type { Prisma, PrismaClient, Transaction } from './client.ts';
import type { RereadJob } from './generated/client.ts';
import type { RereadJobState } from './generated/enums.ts';
import type { InferenceKeys } from './inference-state.ts';
import { cancelReading } from './inference-steps.ts';
import { checkedReason, lockedState, requireAdmitted } from './model-state.ts';
import type { InferenceQueue } from './queue.ts';
import { countFilms, endOf, type FilmPlace, type RereadSelection } from './reread-selection.ts';
import { lockedJob, setState, tell } from './reread-state.ts';
import { queueNext, RUNNER } from './reread-step.ts';

/** Most readings of one job that wait or run. */
export const MOST_OUTSTANDING = 20;

/** Most jobs that are RUNNING or PAUSED. */
export const MOST_UNFINISHED = 20;

/** A wanted job. */
export interface NewRereadJob {
  readonly modelVersionId: string;
  readonly selection: RereadSelection;
  /** 1 to 2,000 characters. */
  readonly reason: string;
  readonly by: AuditActor;
}

/** What one step did. */
export interface RereadStep {
  readonly rereadJobId: string;
  readonly state: RereadJobState;
  readonly enqueued: number;
  readonly skipped: number;
}

/** Writes of jobs of re-readings. */
export class RereadJobStore {
  readonly #prisma: PrismaClient;
  readonly #queue: InferenceQueue;

  constructor(prisma: PrismaClient, queue: InferenceQueue) {
    this.#prisma = prisma;
    this.#queue = queue;
  }

  /**
   * Makes a job; it runs at once.
   *
   * @returns its id
   * @throws GatewayError NOT_FOUND, BAD_REQUEST, INVALID_STATE for a version that is REGISTERED, and when too many jobs are
   *   unfinished
   */
  async request({ modelVersionId, selection, reason, by }: NewRereadJob): Promise<string> {
    const createdAt = new Date();
    const kept = {
      reason: checkedReason(reason),
      selection: selection as Prisma.InputJsonObject,
      createdBy: by.subject,
      createdByName: by.displayName,
    };
    const total = await countFilms(this.#prisma, { selection, before: createdAt });
    return this.#prisma.$transaction(async (tx) => {
      requireAdmitted(await lockedState(tx, modelVersionId));
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('cxr-gateway reread jobs'))`;
      const unfinished = await tx.rereadJob.count({ where: { state: { in: ['RUNNING', 'PAUSED'] } } });
      if (unfinished >= MOST_UNFINISHED) {
        throw new GatewayError('INVALID_STATE', `${unfinished} jobs are not finished: cancel one or wait for its end.`);
      }
      const job = await tx.rereadJob.create({ data: { modelVersionId, total, createdAt, ...kept } });
      const details = { rereadJobId: job.id, state: 'RUNNING', total, selection: JSON.stringify(selection) };
      await tell(tx, job, by, { action: 'CREATE', details });
      return job.id;
    });
  }

  /**
   * Pauses, resumes or cancels a job; one that is in that state already is left as it is. Of a paused job the readings that
   * are queued are made; those of a cancelled one are cancelled.
   *
   * @throws GatewayError NOT_FOUND, INVALID_STATE for one that has ended, or whose version is REGISTERED when it is resumed
   */
  async move(id: string, to: 'RUNNING' | 'PAUSED' | 'CANCELLED', by: AuditActor): Promise<void> {
    await this.#prisma.$transaction(async (tx) => {
      const job = await lockedJob(tx, id);
      if (job.state === to) return;
      if (to === 'RUNNING' && job.state === 'PAUSED') requireAdmitted(await lockedState(tx, job.modelVersionId));
      await setState(tx, job, to, by);
      if (to !== 'CANCELLED') return;
      // One that somebody has asked for besides, by requestInference, is no background reading any more, and stays. Locked, so
      // that a request which commits meanwhile counts.
      const open = await tx.$queryRaw<InferenceKeys[]>`
        SELECT "id", "instanceId", "studyId", "patientId", "modelVersionId", "priority" FROM "Inference"
        WHERE "rereadJobId" = ${id}::uuid AND "state" IN ('QUEUED', 'RUNNING') AND "priority" = 'BACKGROUND'
        ORDER BY "id" FOR NO KEY UPDATE`;
      for (const inference of open) await cancelReading(tx, inference, by);
    });
  }

  /** Whether a job runs at all. */
  async anyRunning(): Promise<boolean> {
    return (await this.#prisma.rereadJob.findFirst({ where: { state: 'RUNNING' }, select: { id: true } })) !== null;
  }

  /**
   * Takes the oldest job forward that can be: queues the next readings, or ends it.
   *
   * @returns undefined when there was nothing to do
   */
  async advance(): Promise<RereadStep | undefined> {
    return this.#prisma.$transaction(async (tx) => {
      const job = await claimJob(tx);
      return job === undefined ? undefined : this.#step(tx, job);
    });
  }

  async #step(tx: Transaction, job: RereadJob): Promise<RereadStep | undefined> {
    const step = { rereadJobId: job.id, enqueued: 0, skipped: 0 };
    const version = await lockedState(tx, job.modelVersionId);
    if (version === 'REGISTERED') {
      await setState(tx, job, 'PAUSED', RUNNER, { because: 'the model version is REGISTERED' });
      return { ...step, state: 'PAUSED' };
    }
    // Counted anew: what was seen before the row was locked may be older than the last step of another process.
    const open = { rereadJobId: job.id, state: { in: ['QUEUED', 'RUNNING'] } } satisfies Prisma.InferenceWhereInput;
    const outstanding = await tx.inference.count({ where: open });
    const end = endOf(job.createdAt);
    if (isAt(job, end)) {
      if (outstanding > 0) return undefined;
      await setState(tx, job, 'DONE', RUNNER);
      return { ...step, state: 'DONE' };
    }
    if (outstanding >= MOST_OUTSTANDING) return undefined;
    const clinical = version === 'ACTIVE' || version === 'CANARY';
    const { enqueued, skipped, reached } = await queueNext(
      tx,
      this.#queue,
      job,
      clinical,
      MOST_OUTSTANDING - outstanding,
    );
    await tx.rereadJob.update({
      where: { id: job.id },
      data: {
        cursorCreatedAt: reached.createdAt,
        cursorId: reached.id,
        enqueued: { increment: enqueued },
        skipped: { increment: skipped },
      },
    });
    return { ...step, enqueued, skipped, state: 'RUNNING' };
  }
}

/** The oldest job with something to do that no other process has in hand. */
async function claimJob(tx: Transaction): Promise<RereadJob | undefined> {
  const rows = await tx.$queryRaw<RereadJob[]>`
    SELECT job.* FROM "RereadJob" AS job
    CROSS JOIN LATERAL (
      SELECT count(*) AS "count" FROM "Inference"
      WHERE "Inference"."rereadJobId" = job."id" AND "Inference"."state" IN ('QUEUED', 'RUNNING')
    ) AS outstanding
    WHERE job."state" = 'RUNNING' AND (outstanding."count" = 0 OR (
      outstanding."count" < ${MOST_OUTSTANDING} AND job."cursorCreatedAt" IS DISTINCT FROM job."createdAt"))
    ORDER BY job."createdAt", job."id" LIMIT 1 FOR UPDATE OF job SKIP LOCKED`;
  return rows[0];
}

function isAt(job: RereadJob, { createdAt, id }: FilmPlace): boolean {
  return job.cursorId === id && job.cursorCreatedAt?.getTime() === createdAt.getTime();
}
