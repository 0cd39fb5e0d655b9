/** Steps in the life of an inference that more than one of its writers takes, and what the audit says of them. */
import type { AuditActor, AuditEntry } from './audit/audit-entry.ts';
import type { Transaction } from './client.ts';
import type { InferenceState } from './generated/enums.ts';
import { type InferenceColumns, type InferenceKeys, type StepRecord, transition } from './inference-state.ts';
import type { InferenceQueue } from './queue.ts';

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
  if (again) await queue.enqueue(tx, { ...known, priority: wanted.priority });
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

/**
 * A version has one reading of a film. One that was made before the version came into clinical use is shown to clinical roles
 * only once it is asked for again, by then as a reading in clinical use.
 */
export async function takeIntoClinicalUse(tx: Transaction, inferenceId: string): Promise<void> {
  await tx.inference.update({ where: { id: inferenceId }, data: { shadow: false } });
  await tx.finding.updateMany({ where: { inferenceId }, data: { shadow: false } });
}
