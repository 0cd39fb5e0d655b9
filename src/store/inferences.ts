/** Claims, settles, requests and cancels inferences; the states and their rules are in inference-state.ts. */
import { randomUUID } from 'node:crypto';
import { type ErrorCode, GatewayError } from '../errors.ts';
import { appendAudit, appendAuditedChanges } from './audit/append.ts';
import { type AuditActor, type AuditEntry, systemActor } from './audit/audit-entry.ts';
import type { PrismaClient, Transaction } from './client.ts';
import type { ChangeType, InferenceState, Priority } from './generated/enums.ts';
import type { ClaimedInference, InferenceRequest, NewResult } from './inference-records.ts';
import { changeOf, type InferenceColumns, type InferenceKeys, type StepRecord, transition } from './inference-state.ts';
import { CHANNELS } from './listener.ts';
import type { Claim, InferenceQueue } from './queue.ts';

/** Readings go on by themselves, whoever asked for them. */
const PIPELINE = systemActor('pipeline');

/** Lowest first. */
const PRIORITIES: Priority[] = ['BACKGROUND', 'ROUTINE', 'STAT'];

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
    await this.#prisma.$transaction(async (tx) => {
      const { count } = await tx.inference.updateMany({
        where: { id: claimed.inferenceId, state: 'RUNNING', attempts: claimed.attempt },
        data: { state: 'QUEUED', attempts: claimed.attempt - 1 },
      });
      await this.#queue.complete(tx, claimed.claim);
      if (count === 1) await this.#queue.enqueue(tx, claimed.inferenceId, claimed.priority);
    });
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
   * Asks for a reading. Idempotent: one that waits, runs or is done is answered as it is; one that failed or was cancelled
   * is queued again. One that waits with a lower priority gets that of the request: somebody waits for it now.
   *
   * @throws GatewayError NOT_FOUND, MODEL_NOT_ACTIVE
   */
  async request(request: InferenceRequest): Promise<{ readonly inferenceId: string; readonly created: boolean }> {
    return this.#prisma.$transaction(async (tx) => {
      const { id: modelVersionId, shadow } = await requestedModel(tx, request.modelVersionId);
      const instance = await tx.instance.findUnique({
        where: { id: request.instanceId },
        include: { series: { include: { study: true } } },
      });
      if (instance === null) throw new GatewayError('NOT_FOUND', 'There is no such instance.');
      const { priority } = request;
      const [created] = await tx.inference.createManyAndReturn({
        data: [
          {
            instanceId: instance.id,
            modelVersionId,
            studyId: instance.series.studyId,
            patientId: instance.series.study.patientId,
            priority,
            shadow,
            warnings: instance.eligibility === 'READ_WITH_WARNING' ? instance.eligibilityReasons : [],
          },
        ],
        skipDuplicates: true,
      });
      if (created !== undefined) {
        const entry = entryOf(created, 'QUEUED', { action: 'CREATE' });
        await appendAuditedChanges(tx, [changeOf('INFERENCE_QUEUED', created)], request.by, [entry]);
        await this.#queue.enqueue(tx, created.id, priority);
        return { inferenceId: created.id, created: true };
      }
      const key = { instanceId_modelVersionId: { instanceId: instance.id, modelVersionId } };
      const known = await tx.inference.findUniqueOrThrow({ where: key });
      const isPublished = known.shadow && !shadow;
      if (isPublished) await takeIntoClinicalUse(tx, known.id);
      const recordOf = (state: InferenceState, more: AuditEntry['details'] = {}) =>
        entryOf(known, state, { details: { state, ...(isPublished ? { shadow: false } : {}), ...more } });
      const record = { by: request.by, entry: recordOf('QUEUED') };
      const again = await queueAgain(tx, this.#queue, known, { priority }, record);
      const isRaised = !again && (await this.#raise(tx, known.id, priority));
      if (isRaised) await appendAudit(tx, request.by, [recordOf('QUEUED', { priority })]);
      else if (isPublished && !again) await appendAudit(tx, request.by, [recordOf(known.state)]);
      return { inferenceId: known.id, created: again };
    });
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
      const orphans = await tx.$queryRaw<{ id: string; priority: Priority }[]>`
        SELECT "id", "priority" FROM "Inference"
        WHERE "state" IN ('QUEUED', 'RUNNING') AND "queuedAt" < now() - interval '60 seconds' AND NOT EXISTS (
          SELECT 1 FROM pgboss.job WHERE job.state < 'completed' AND job.data->>'inferenceId' = "Inference"."id"::text
        )
        LIMIT 500 FOR UPDATE SKIP LOCKED`;
      for (const { id, priority } of orphans) await this.#queue.enqueue(tx, id, priority);
      return orphans.length;
    });
  }

  /** Has a reading that waits go before others of its old priority; false when it does not wait, or has that priority. */
  async #raise(tx: Transaction, id: string, priority: Priority): Promise<boolean> {
    const lower = PRIORITIES.slice(0, PRIORITIES.indexOf(priority));
    const { count } = await tx.inference.updateMany({
      where: { id, state: 'QUEUED', priority: { in: lower } },
      data: { priority },
    });
    if (count === 1) await this.#queue.raise(tx, id, priority);
    return count === 1;
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

/**
 * Queues a reading again that failed or was cancelled, with no attempts counted.
 *
 * @returns false when it is in another state
 */
export async function queueAgain(
  tx: Transaction,
  queue: InferenceQueue,
  known: InferenceKeys,
  wanted: Pick<InferenceColumns, 'priority'> & Partial<InferenceColumns>,
  record: StepRecord,
): Promise<boolean> {
  const reset = { attempts: 0, queuedAt: new Date(), completedAt: null, errorCode: null, errorMessage: null };
  const columns = { ...reset, ...wanted };
  const again = await transition(tx, known, ['FAILED', 'CANCELLED'], 'QUEUED', 'INFERENCE_QUEUED', columns, record);
  if (again) await queue.enqueue(tx, known.id, wanted.priority);
  return again;
}

/**
 * Cancels a reading; whoever runs it stops when the change reaches it.
 *
 * @returns false when it neither waits nor runs
 */
export async function cancelReading(tx: Transaction, inference: InferenceKeys, by: AuditActor): Promise<boolean> {
  const record = { by, entry: entryOf(inference, 'CANCELLED') };
  const columns = { completedAt: new Date() };
  return transition(tx, inference, ['QUEUED', 'RUNNING'], 'CANCELLED', 'INFERENCE_CANCELLED', columns, record);
}

/** What the audit says of a step. */
export function entryOf(
  { id, instanceId, studyId, patientId, modelVersionId }: InferenceKeys,
  state: InferenceState,
  more: Partial<AuditEntry> = {},
): AuditEntry {
  return {
    action: 'UPDATE',
    patientId,
    studyIds: [studyId],
    instanceIds: [instanceId],
    inferenceIds: [id],
    modelVersionIds: [modelVersionId],
    details: { state },
    ...more,
  };
}

/** One statement: through the client's own insert, 14 rows with their grids took 5 ms of processor time. */
async function insertFindings(
  tx: Transaction,
  claimed: ClaimedInference,
  result: NewResult,
  ids: readonly string[],
): Promise<void> {
  const { inferenceId, studyId, patientId, modelVersionId } = claimed;
  const rows = result.findings.map(({ code, heatMap, ...finding }, index) => ({
    id: ids[index],
    ...finding,
    codeSystem: code?.system,
    codeValue: code?.value,
    codeDisplay: code?.display,
    heatMapValues: heatMap,
  }));
  await tx.$executeRaw`
    INSERT INTO "Finding" ("id", "inferenceId", "studyId", "patientId", "modelVersionId", "label", "probability", "threshold",
      "positive", "shadow", "codeSystem", "codeValue", "codeDisplay", "heatMapRows", "heatMapColumns", "heatMapValues")
    SELECT "id", ${inferenceId}::uuid, ${studyId}::uuid, ${patientId}::uuid, ${modelVersionId}::uuid,
      "label", "probability", "threshold", "positive",
      (SELECT "shadow" FROM "Inference" WHERE "id" = ${inferenceId}::uuid), "codeSystem", "codeValue", "codeDisplay",
      ${result.heatMapRows}::int, ${result.heatMapColumns}::int, "heatMapValues"
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS finding (
      "id" uuid, "label" text, "probability" float8, "threshold" float8, "positive" boolean, "codeSystem" text, "codeValue" text,
      "codeDisplay" text, "heatMapValues" float8[])`;
}

/** The version that is to read, and whether it is out of clinical use. */
async function requestedModel(
  tx: Transaction,
  id: string | undefined,
): Promise<{ readonly id: string; readonly shadow: boolean }> {
  if (id === undefined) {
    const active = await tx.modelVersion.findFirst({ where: { state: 'ACTIVE' }, select: { id: true } });
    if (active === null) throw new GatewayError('MODEL_NOT_ACTIVE', 'No model version is active.');
    return { id: active.id, shadow: false };
  }
  const named = await tx.modelVersion.findUnique({ where: { id }, select: { state: true } });
  if (named === null) throw new GatewayError('NOT_FOUND', 'There is no such model version.');
  return { id, shadow: named.state === 'REGISTERED' || named.state === 'SHADOW' };
}

/**
 * A version has one reading of a film. One that was made before the version came into clinical use is shown to clinical roles
 * only once it is asked for again, by then as a reading in clinical use.
 */
export async function takeIntoClinicalUse(tx: Transaction, inferenceId: string): Promise<void> {
  await tx.inference.update({ where: { id: inferenceId }, data: { shadow: false } });
  await tx.finding.updateMany({ where: { inferenceId }, data: { shadow: false } });
}
