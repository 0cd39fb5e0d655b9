/** Somebody asks for a reading of a stored film. */
import { GatewayError } from '../errors.ts';
import { appendAudit, appendAuditedChanges } from './audit/append.ts';
import type { AuditEntry } from './audit/audit-entry.ts';
import type { Transaction } from './client.ts';
import type { InferenceState, ModelState, Priority } from './generated/enums.ts';
import type { InferenceRequest } from './inference-records.ts';
import { changeOf } from './inference-state.ts';
import { entryOf, queueAgain, takeIntoClinicalUse } from './inference-steps.ts';
import { lockedState, requireAdmitted } from './model-state.ts';
import type { InferenceQueue } from './queue.ts';

/** Lowest first. */
const PRIORITIES: Priority[] = ['BACKGROUND', 'ROUTINE', 'STAT'];

/**
 * Asks for a reading. Idempotent: one that waits, runs or is done is answered as it is; one that failed or was cancelled
 * is queued again. One that waits with a lower priority gets that of the request: somebody waits for it now.
 *
 * @throws GatewayError NOT_FOUND, MODEL_NOT_ACTIVE, INVALID_STATE for a version that is REGISTERED, FORBIDDEN for one out of
 *   clinical use where `clinicalOnly`
 */
export async function requestReading(
  tx: Transaction,
  queue: InferenceQueue,
  request: InferenceRequest,
): Promise<{ readonly inferenceId: string; readonly created: boolean }> {
  const { id: modelVersionId, shadow } = await requestedModel(tx, request);
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
    await queue.enqueue(tx, created);
    return { inferenceId: created.id, created: true };
  }
  const key = { instanceId_modelVersionId: { instanceId: instance.id, modelVersionId } };
  const known = await tx.inference.findUniqueOrThrow({ where: key });
  const isPublished = known.shadow && !shadow;
  if (isPublished) await takeIntoClinicalUse(tx, known.id);
  const recordOf = (state: InferenceState, more: AuditEntry['details'] = {}) =>
    entryOf(known, state, { details: { state, ...(isPublished ? { shadow: false } : {}), ...more } });
  const record = { by: request.by, entry: recordOf('QUEUED') };
  const again = await queueAgain(tx, queue, known, { priority }, record);
  const isRaised = !again && (await raise(tx, queue, known.id, priority));
  if (isRaised) await appendAudit(tx, request.by, [recordOf('QUEUED', { priority })]);
  else if (isPublished && !again) await appendAudit(tx, request.by, [recordOf(known.state)]);
  return { inferenceId: known.id, created: again };
}

/** The version that is to read, and whether it is out of clinical use. */
async function requestedModel(
  tx: Transaction,
  { modelVersionId: id, clinicalOnly = false }: InferenceRequest,
): Promise<{ readonly id: string; readonly shadow: boolean }> {
  if (id === undefined) {
    const active = await tx.modelVersion.findFirst({ where: { state: 'ACTIVE' }, select: { id: true } });
    if (active === null) throw new GatewayError('MODEL_NOT_ACTIVE', 'No model version is active.');
    return { id: active.id, shadow: false };
  }
  const state = await lockedState(tx, id);
  const shadow = !(await wasInClinicalUse(tx, id, state));
  if (shadow && clinicalOnly) {
    throw new GatewayError('FORBIDDEN', 'Readings by a version that is not in clinical use are for administrators.');
  }
  requireAdmitted(state);
  return { id, shadow };
}

/** A retired version counts as what it was: one that never left the shadow has nothing to say to clinicians. */
async function wasInClinicalUse(tx: Transaction, modelVersionId: string, state: ModelState): Promise<boolean> {
  if (state !== 'RETIRED') return state === 'ACTIVE' || state === 'CANARY';
  const uses = await tx.modelTransition.count({ where: { modelVersionId, fromState: { in: ['ACTIVE', 'CANARY'] } } });
  return uses > 0;
}

/** Has a reading that waits go before others of its old priority; false when it does not wait, or has that priority. */
async function raise(tx: Transaction, queue: InferenceQueue, id: string, priority: Priority): Promise<boolean> {
  const lower = PRIORITIES.slice(0, PRIORITIES.indexOf(priority));
  const { count } = await tx.inference.updateMany({
    where: { id, state: 'QUEUED', priority: { in: lower } },
    data: { priority },
  });
  if (count === 1) await queue.raise(tx, id, priority);
  return count === 1;
}
