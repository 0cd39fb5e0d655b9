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
  /** When a claimer first left the reading to others because it does not hold the model version. */
  readonly leftSince: Date | undefined;
}

/** What a job is about. */
export interface QueuedReading {
  readonly id: string;
  readonly modelVersionId: string;
  readonly priority: Priority;
}

/** Jobs of all processes. */
export interface QueueDepth {
  readonly waiting: number;
  readonly active: number;
}

interface JobData {
  readonly inferenceId: string;
  /** ISO 8601. */
  readonly leftSince?: string;
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
  async enqueue(tx: Transaction, reading: QueuedReading): Promise<void> {
    await this.#send(tx, reading, { inferenceId: reading.id });
  }

  /**
   * Puts a claimed job back to its place in the queue, its deliveries counted anew, within the caller's transaction.
   *
   * @param leftSince - kept with the job
   */
  async putBack(tx: Transaction, claim: Claim, reading: QueuedReading, leftSince?: Date): Promise<void> {
    await this.complete(tx, claim);
    const since = leftSince === undefined ? {} : { leftSince: leftSince.toISOString() };
    const jobId = await this.#send(tx, reading, { inferenceId: reading.id, ...since });
    await tx.$executeRaw`
      UPDATE pgboss.job SET created_on = before.created_on FROM pgboss.job AS before
      WHERE job.name = ${QUEUE} AND job.id = ${jobId}::uuid AND before.name = ${QUEUE} AND before.id = ${claim.jobId}::uuid`;
  }

  /** Gives a job that waits a higher priority, within the caller's transaction; one that runs is left alone. */
  async raise(tx: Transaction, inferenceId: string, priority: Priority): Promise<void> {
    await tx.$executeRaw`
      UPDATE pgboss.job SET priority = ${PRIORITY_OF[priority]}
      WHERE name = ${QUEUE} AND state < 'active' AND data->>'inferenceId' = ${inferenceId}`;
    await notify(tx, CHANNELS.jobs);
  }

  /**
   * Up to `count` live jobs, STAT before ROUTINE, then oldest first.
   *
   * @param except - model versions whose jobs are left to others
   */
  async claim(count: number, except: readonly string[] = []): Promise<Claim[]> {
    const jobs = await this.#fetch(count, except, { minPriority: PRIORITY_OF.ROUTINE });
    // The right jobs are fetched, but in no order.
    jobs.sort((a, b) => b.priority - a.priority || a.createdOn.getTime() - b.createdOn.getTime());
    return jobs.map(claimOf);
  }

  /** Up to `count` jobs of priority BACKGROUND, as {@link claim}; to be asked for when no live job waits. */
  async claimBackground(count: number, except: readonly string[] = []): Promise<Claim[]> {
    return (await this.#fetch(count, except, { maxPriority: PRIORITY_OF.BACKGROUND })).map(claimOf);
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

  /** Jobs waiting and jobs claimed, those of priority BACKGROUND apart. By an index over what waits and runs alone. */
  async depth(): Promise<{ readonly live: QueueDepth; readonly background: QueueDepth }> {
    const text = `
      SELECT state = 'active' AS active, priority <= $2 AS background, count(*)::int AS count
      FROM pgboss.job WHERE name = $1 AND state IN ('created', 'retry', 'active') GROUP BY 1, 2`;
    const { rows } = await this.#boss.getDb().executeSql(text, [QUEUE, PRIORITY_OF.BACKGROUND]);
    const counts = rows as readonly { active: boolean; background: boolean; count: number }[];
    const of = (background: boolean, active: boolean) =>
      counts.find((row) => row.background === background && row.active === active)?.count ?? 0;
    const depthOf = (background: boolean) => ({ waiting: of(background, false), active: of(background, true) });
    return { live: depthOf(false), background: depthOf(true) };
  }

  async #send(tx: Transaction, { modelVersionId, priority }: QueuedReading, data: JobData): Promise<string | null> {
    const options = { priority: PRIORITY_OF[priority], group: { id: modelVersionId } };
    const jobId = await this.#boss.send(QUEUE, data, { db: fromPrisma(tx), ...options });
    await notify(tx, CHANNELS.jobs);
    return jobId;
  }

  async #fetch(
    count: number,
    except: readonly string[],
    bounds: { readonly minPriority: number } | { readonly maxPriority: number },
  ): Promise<JobWithMetadata<JobData>[]> {
    const ignoreGroups = [...except];
    return this.#boss.fetch<JobData>(QUEUE, { batchSize: count, includeMetadata: true, ignoreGroups, ...bounds });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#boss.stop({ graceful: false, close: true });
  }
}

const attempt = (claim: Claim) => ({ id: claim.jobId, retryCount: claim.retryCount });

function claimOf({ id, retryCount, priority, data: { inferenceId, leftSince } }: JobWithMetadata<JobData>): Claim {
  return {
    jobId: id,
    retryCount,
    inferenceId,
    background: priority <= PRIORITY_OF.BACKGROUND,
    leftSince: leftSince === undefined ? undefined : new Date(leftSince),
  };
}
