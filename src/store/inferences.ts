/** Claims and settles inferences, and has them requested and cancelled; the states and their rules are in inference-state.ts. */
import { randomUUID } from 'node:crypto';
import { type ErrorCode, GatewayError } from '../errors.ts';
import { type AuditActor, type AuditEntry, systemActor } from './audit/audit-entry.ts';
import type { PrismaClient, Transaction } from './client.ts';
import { insertFindings } from './finding-rows.ts';
import type { ChangeType, InferenceState } from './generated/enums.ts';
import type { ClaimedInference, InferenceRequest, NewResult } from './inference-records.ts';
import { requestReading } from './inference-request.ts';
import { type InferenceColumns, transition } from './inference-state.ts';
import { cancelReading, entryOf } from './inference-steps.ts';
import { CHANNELS } from './listener.ts';
import type { Claim, InferenceQueue, QueuedReading } from './queue.ts';

/** Readings go on by themselves, whoever asked for them. */
const PIPELINE = systemActor('pipeline');

/** Writes of inferences. */
export class InferenceStore {
  readonly #prisma: PrismaClient;
  readonly #queue: InferenceQueue;

  constructor(prisma: PrismaClient, queue: InferenceQueue) {
    this.#prisma = prisma;
    this.#queue = queue;
  }

  /**
   * Counts the attempt and sets RUNNING: one statement, since it is on the path between a film and its findings. It does not
   * wait for the disk: if the database server loses it, the job is claimed again.
   *
   * @returns undefined when the inference no longer wants to run
   */
  async begin(claim: Claim): Promise<ClaimedInference | undefined> {
    const rows = await this.#prisma.$queryRaw<Omit<ClaimedInference, 'claim'>[]>`
      WITH begun AS (
        UPDATE "Inference" SET "state" = 'RUNNING', "attempts" = "attempts" + 1, "startedAt" = now(),
          "errorCode" = NULL, "errorMessage" = NULL
        WHERE "id" = ${claim.inferenceId}::uuid AND "state" IN ('QUEUED', 'RUNNING')
        RETURNING *
      ), change AS (
        INSERT INTO "Change" ("type", "patientId", "studyId", "instanceId", "inferenceId", "modelVersionId", "priority")
        SELECT 'INFERENCE_STARTED', "patientId", "studyId", "instanceId", "id", "modelVersionId", "priority" FROM begun
        RETURNING pg_notify(${CHANNELS.changes}, '')
      )
      SELECT begun."id" AS "inferenceId", begun."attempts" AS "attempt", begun."instanceId", begun."studyId",
        begun."patientId", begun."modelVersionId", "ModelVersion"."digest" AS "modelDigest", begun."priority",
        newest."version" AS "thresholdSetVersion", newest."thresholds",
        "Instance"."blobKey", "Instance"."eligibility", "Instance"."eligibilityReasons", begun."queuedAt"
      FROM begun
      JOIN "Instance" ON "Instance"."id" = begun."instanceId"
      JOIN "ModelVersion" ON "ModelVersion"."id" = begun."modelVersionId"
      LEFT JOIN LATERAL (
        SELECT "version", "thresholds" FROM "ThresholdSet" WHERE "modelVersionId" = begun."modelVersionId"
        ORDER BY "version" DESC LIMIT 1
      ) AS newest ON TRUE
      CROSS JOIN change
      CROSS JOIN set_config('synchronous_commit', 'off', true)`;
    const [row] = rows;
    return row === undefined ? undefined : { claim, ...row };
  }

  /**
   * Findings, DONE, the change and the job's completion in one transaction.
   *
   * @returns false when a newer claim or a cancellation made the result unwanted; nothing is written then
   */
  async finish(claimed: ClaimedInference, result: NewResult): Promise<boolean> {
    const { digest: executedDigest, precision: executedPrecision } = result.executed;
    const warnings = result.warnings.length === 0 ? {} : { warnings: { push: [...result.warnings] } };
    const { thresholdSetVersion } = claimed;
    const executed = { executedDigest, executedPrecision, thresholdSetVersion };
    const columns = { ...result.timings, ...result.provenance, ...executed, ...warnings };
    const findingIds = result.findings.map(() => randomUUID());
    const entry: Partial<AuditEntry> = { action: 'CREATE', findingIds };
    return this.#settle(claimed, 'DONE', 'INFERENCE_DONE', columns, entry, async (tx) => {
      await insertFindings(tx, claimed, result, findingIds);
    });
  }

  /** The gate refused the film: INELIGIBLE with its reasons, no findings. */
  async refuse(claimed: ClaimedInference, reasons: readonly string[]): Promise<boolean> {
    return this.#settle(claimed, 'INELIGIBLE', 'INFERENCE_INELIGIBLE', { warnings: [...reasons] }, {});
  }

  /** It failed for good. */
  async fail(claimed: ClaimedInference, code: ErrorCode, message: string): Promise<boolean> {
    const error = { errorCode: code, errorMessage: message };
    return this.#settle(claimed, 'FAILED', 'INFERENCE_FAILED', error, { outcome: 'FAILED', errorCode: code });
  }

  /** It failed this time: back to QUEUED, and the job to the queue for its next delivery. */
  async retryLater(claimed: ClaimedInference, code: ErrorCode, message: string): Promise<void> {
    await this.#prisma.inference.updateMany({
      where: { id: claimed.inferenceId, state: 'RUNNING', attempts: claimed.attempt },
      data: { state: 'QUEUED', errorCode: code, errorMessage: message },
    });
    await this.#queue.giveBack(claimed.claim, code);
  }

  /** A shutting-down process returns what it claimed but did not run; the attempt does not count. */
  async release(claimed: ClaimedInference): Promise<void> {
    await this.#putBack(claimed, {});
  }

  /** A process that does not hold the model version leaves the reading to others; the attempt does not count. */
  async leaveToOthers(claimed: ClaimedInference, code: ErrorCode, message: string): Promise<void> {
    const error = { errorCode: code, errorMessage: message };
    await this.#putBack(claimed, error, claimed.claim.leftSince ?? new Date());
  }

  /** A job that ran out of deliveries, because its process died each time, fails its inference. */
  async failDeadLetter(letter: Claim): Promise<void> {
    const inference = await this.#prisma.inference.findUnique({ where: { id: letter.inferenceId } });
    if (inference !== null) {
      const error = new GatewayError(
        'ATTEMPTS_EXHAUSTED',
        'Every attempt ended without an answer, most likely with its process.',
      );
      await this.#prisma.$transaction(async (tx) => {
        const data = { errorCode: error.code, errorMessage: error.message };
        const entry = entryOf(inference, 'FAILED', { outcome: 'FAILED', errorCode: error.code });
        const record = { by: PIPELINE, entry };
        await transition(tx, inference, ['QUEUED', 'RUNNING'], 'FAILED', 'INFERENCE_FAILED', data, record);
      });
    }
    await this.#queue.completeDeadLetter(letter);
  }

  /**
   * Asks for a reading; idempotent.
   *
   * @throws GatewayError as {@link requestReading}
   */
  async request(request: InferenceRequest): Promise<{ readonly inferenceId: string; readonly created: boolean }> {
    return this.#prisma.$transaction((tx) => requestReading(tx, this.#queue, request));
  }

  /**
   * Cancels a reading that waits or runs. A running one is stopped by whoever runs it when the change reaches it.
   *
   * @throws GatewayError NOT_FOUND, INVALID_STATE
   */
  async cancel(inferenceId: string, by: AuditActor): Promise<void> {
    await this.#prisma.$transaction(async (tx) => {
      const inference = await tx.inference.findUnique({ where: { id: inferenceId } });
      if (inference === null) throw new GatewayError('NOT_FOUND', 'There is no such inference.');
      if (!(await cancelReading(tx, inference, by))) {
        throw new GatewayError('INVALID_STATE', `An inference in state ${inference.state} cannot be cancelled.`);
      }
    });
  }

  /**
   * Queues again what waits or runs without a job: the trace of a queue that was emptied or restored from another time.
   *
   * @returns how many there were
   */
  async requeueOrphans(): Promise<number> {
    return this.#prisma.$transaction(async (tx) => {
      const orphans = await tx.$queryRaw<QueuedReading[]>`
        SELECT "id", "modelVersionId", "priority" FROM "Inference"
        WHERE "state" IN ('QUEUED', 'RUNNING') AND "queuedAt" < now() - interval '60 seconds' AND NOT EXISTS (
          SELECT 1 FROM pgboss.job WHERE job.state < 'completed' AND job.data->>'inferenceId' = "Inference"."id"::text
        )
        LIMIT 500 FOR UPDATE SKIP LOCKED`;
      for (const orphan of orphans) await this.#queue.enqueue(tx, orphan);
      return orphans.length;
    });
  }

  async #putBack(claimed: ClaimedInference, columns: Partial<InferenceColumns>, leftSince?: Date): Promise<void> {
    const { claim, inferenceId, attempt } = claimed;
    await this.#prisma.$transaction(async (tx) => {
      const returned = await tx.inference.updateManyAndReturn({
        where: { id: inferenceId, state: 'RUNNING', attempts: attempt },
        data: { ...columns, state: 'QUEUED', attempts: attempt - 1 },
        select: { id: true, modelVersionId: true, priority: true },
      });
      const [reading] = returned;
      if (reading === undefined) await this.#queue.complete(tx, claim);
      else await this.#queue.putBack(tx, claim, reading, leftSince);
    });
  }

  async #settle(
    claimed: ClaimedInference,
    to: InferenceState,
    type: ChangeType,
    data: Partial<InferenceColumns>,
    entry: Partial<AuditEntry>,
    write?: (tx: Transaction) => Promise<void>,
  ): Promise<boolean> {
    return this.#prisma.$transaction(async (tx) => {
      const keys = { ...claimed, id: claimed.inferenceId };
      const columns = { ...data, completedAt: new Date() };
      const record = { by: PIPELINE, entry: entryOf(keys, to, entry) };
      const wanted = await transition(tx, keys, ['RUNNING'], to, type, columns, record, claimed.attempt);
      if (wanted) await write?.(tx);
      await this.#queue.complete(tx, claimed.claim);
      return wanted;
    });
  }
}
