/**
 * The inference queue: pg-boss on the gateway's own database, so a job is enqueued in the transaction that writes its
 * records and completed in the one that writes its result.
 *
 * A claim is a lease: whoever holds it sends heartbeats; when they stop for HEARTBEAT_SECONDS (the process is dead),
 * the supervisor of any process hands the job to the next claimer. Jobs are fetched as slots free up rather than by
 * pg-boss's own workers, which at batch size 1 do not drain a backlog when woken by NOTIFY (1 to 2 of 20 jobs in 20 s).
 */
import { fromPrisma, type JobWithMetadata, PgBoss } from 'pg-boss';
import type { Log } from '../log.ts';
import { notify } from './change-log.ts';
import type { Transaction } from './client.ts';
import type { Priority } from './generated/enums.ts';
import { CHANNELS } from './listener.ts';

const QUEUE = 'inference';
const DEAD_LETTERS = 'inference-dead';

/** pg-boss's least value; with a supervisor that looks every second a lost job is redelivered after about 11 s. */
const HEARTBEAT_SECONDS = 10;

/** Holders of claims refresh them this often. */
export const HEARTBEAT_INTERVAL_MS = 3000;

const PRIORITY_OF: Record<Priority, number> = { BACKGROUND: -10, ROUTINE: 0, STAT: 10 };

/** How the queue behaves. */
export interface QueueOptions {
  readonly url: string;
  /** Claims of one job before it goes to the dead letters. */
  readonly maxAttempts: number;
  /** Seconds before the first retry; doubles each time. */
  readonly retryDelaySeconds: number;
  readonly log: Log;
}

/** The lease of one job. */
export interface Claim {
  readonly jobId: string;
  /** Deliveries before this one; with jobId it names this delivery, so a lapsed claim changes nothing. */
  readonly retryCount: number;
  readonly inferenceId: string;
  /** Of priority BACKGROUND. */
  readonly background: boolean;
}

interface JobData {
  readonly inferenceId: string;
}

/** Enqueues, claims and settles inference jobs. */
export class InferenceQueue implements AsyncDisposable {
  readonly #boss: PgBoss;

  private constructor(boss: PgBoss) {
    this.#boss = boss;
  }

  /** Makes the queue's tables when absent (in schema pgboss) and starts its supervision. */
  static async open(options: QueueOptions): Promise<InferenceQueue> {
    const boss = new PgBoss({
      connectionString: options.url,
      application_name: 'cxr-gateway queue',
      max: 3,
      // What these connections write may be lost with the database server, not with a process: a claim or its end that
      // is forgotten is delivered again. Jobs are enqueued and completed in the transactions of the records, which wait.
      options: '-c synchronous_commit=off',
      schedule: false,
      // Lost heartbeats are looked for every 60 s unless these say otherwise.
      superviseIntervalSeconds: 1,
      monitorIntervalSeconds: 1,
      queueCacheIntervalSeconds: 1,
      // The queue's tables are small and supervised closely; a rebuild of their indexes is the operator's choice.
      reindex: false,
    });
    boss.on('error', (error) => options.log.error('queue.error', {}, error));
    boss.on('warning', (warning) => options.log.debug('queue.warning', { reason: warning.message }));
    await boss.start();
    await boss.createQueue(DEAD_LETTERS, { retryLimit: 1_000, retryDelay: 1, notify: false });
    const settings = {
      deadLetter: DEAD_LETTERS,
      heartbeatSeconds: HEARTBEAT_SECONDS,
      retryLimit: options.maxAttempts - 1,
      retryDelay: options.retryDelaySeconds,
      retryBackoff: true,
      retryDelayMax: 60,
      expireInSeconds: 3600,
      deleteAfterSeconds: 3600,
      retentionSeconds: 365 * 86_400,
    };
    await boss.createQueue(QUEUE, settings);
    await boss.updateQueue(QUEUE, settings); // a queue of an earlier start has the limits of that start
    return new InferenceQueue(boss);
  }

  /** Enqueues within the caller's transaction; claimers are woken when it commits. */
  async enqueue(tx: Transaction, inferenceId: string, priority: Priority): Promise<void> {
    const data: JobData = { inferenceId };
    await this.#boss.send(QUEUE, data, { db: fromPrisma(tx), priority: PRIORITY_OF[priority] });
    await notify(tx, CHANNELS.jobs);
  }

  /** Gives a job that waits a higher priority, within the caller's transaction; one that runs is left alone. */
  async raise(tx: Transaction, inferenceId: string, priority: Priority): Promise<void> {
    await tx.$executeRaw`
      UPDATE pgboss.job SET priority = ${PRIORITY_OF[priority]}
      WHERE name = ${QUEUE} AND state < 'active' AND data->>'inferenceId' = ${inferenceId}`;
    await notify(tx, CHANNELS.jobs);
  }

  /** Up to `count` live jobs, STAT before ROUTINE, then oldest first. */
  async claim(count: number): Promise<Claim[]> {
    const options = { batchSize: count, includeMetadata: true as const, minPriority: PRIORITY_OF.ROUTINE };
    const jobs = await this.#boss.fetch<JobData>(QUEUE, options);
    // The right jobs are fetched, but in no order.
    jobs.sort((a, b) => b.priority - a.priority || a.createdOn.getTime() - b.createdOn.getTime());
    return jobs.map(claimOf);
  }

  /** Up to `count` jobs of priority BACKGROUND; to be asked for when no live job waits. */
  async claimBackground(count: number): Promise<Claim[]> {
    const options = { batchSize: count, includeMetadata: true as const, maxPriority: PRIORITY_OF.BACKGROUND };
    return (await this.#boss.fetch<JobData>(QUEUE, options)).map(claimOf);
  }

  /** Keeps claims alive. */
  async heartbeat(claims: readonly Claim[]): Promise<void> {
    if (claims.length === 0) return;
    await this.#boss.touch(QUEUE, claims.map(attempt));
  }

  /** The job is done, within the transaction that writes why. */
  async complete(tx: Transaction, claim: Claim): Promise<void> {
    await this.#boss.complete(QUEUE, [attempt(claim)], null, { db: fromPrisma(tx) });
  }

  /** Completes a job whose inference no longer wants it. */
  async discard(claim: Claim): Promise<void> {
    await this.#boss.complete(QUEUE, [attempt(claim)]);
  }

  /** Gives the job back: delivered again after the retry delay, or dead-lettered when its attempts are used up. */
  async giveBack(claim: Claim, code: string): Promise<void> {
    await this.#boss.fail(QUEUE, [attempt(claim)], { code });
  }

  /** Jobs that ran out of attempts, most of them because their process died each time. */
  async claimDeadLetters(count: number): Promise<Claim[]> {
    return (await this.#boss.fetch<JobData>(DEAD_LETTERS, { batchSize: count, includeMetadata: true })).map(claimOf);
  }

  /** A dead letter has been dealt with. */
  async completeDeadLetter(claim: Claim): Promise<void> {
    await this.#boss.complete(DEAD_LETTERS, [attempt(claim)]);
  }

  /** Jobs waiting and jobs claimed, as of the last second. */
  async depth(): Promise<{ readonly waiting: number; readonly active: number }> {
    const queue = await this.#boss.getQueue(QUEUE);
    return { waiting: queue?.queuedCount ?? 0, active: queue?.activeCount ?? 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#boss.stop({ graceful: false, close: true });
  }
}

const attempt = (claim: Claim) => ({ id: claim.jobId, retryCount: claim.retryCount });

function claimOf({ id, retryCount, priority, data: { inferenceId } }: JobWithMetadata<JobData>): Claim {
  return { jobId: id, retryCount, inferenceId, background: priority <= PRIORITY_OF.BACKGROUND };
}
