/**
 * The life of an inference, and its one setter.
 *
 * QUEUED -> RUNNING at the claim of its job, which counts the attempt. A claim whose process died leaves RUNNING behind;
 * the next claim takes it from there. RUNNING -> DONE with its findings, -> INELIGIBLE with the gate's reason, -> FAILED
 * with a coded error, or -> QUEUED when a retryable error leaves attempts over. QUEUED or RUNNING -> CANCELLED by request.
 * RUNNING -> QUEUED also with the attempt not counted, when the process ends or does not hold the model version.
 * FAILED or CANCELLED -> QUEUED with no attempts counted when it is requested again. Nothing leaves DONE or INELIGIBLE.
 *
 * A job may run twice (a process that was thought dead comes back): every step out of RUNNING names the attempt it
 * belongs to, so only the newest claim can write, and it writes once.
 */
import { appendAuditedChanges } from './audit/append.ts';
import type { AuditActor, AuditEntry } from './audit/audit-entry.ts';
import type { NewChange } from './change-log.ts';
import type { Transaction } from './client.ts';
import type { ChangeType, InferenceState, Precision, Priority } from './generated/enums.ts';

/** What a step may write beside the state. */
export interface InferenceColumns {
  attempts: number;
  priority: Priority;
  errorCode: string | null;
  errorMessage: string | null;
  /** All of them anew, or some more. */
  warnings: string[] | { push: string[] };
  queuedAt: Date;
  completedAt: Date | null;
  readMs: number;
  decodeMs: number;
  preprocessMs: number;
  inferenceMs: number;
  executedDigest: string;
  executedPrecision: Precision;
  thresholdSetVersion: number | null;
  preprocessingVersion: string;
  grayscaleSource: string;
  gatewayVersion: string;
  runtime: string;
  processor: string;
  inputMean: number | null;
  inputDeviation: number | null;
  rereadJobId: string;
}

/** What a step is about. */
export interface InferenceKeys {
  readonly id: string;
  readonly instanceId: string;
  readonly studyId: string;
  readonly patientId: string;
  readonly modelVersionId: string;
  readonly priority: Priority;
}

/** What the audit says of a step. */
export interface StepRecord {
  readonly by: AuditActor;
  readonly entry: AuditEntry;
}

/** The one setter of `state` outside the claim and its return: moves only from the states named, and tells the feed and the audit. */
export async function transition(
  tx: Transaction,
  inference: InferenceKeys,
  from: InferenceState[],
  to: InferenceState,
  type: ChangeType,
  data: Partial<InferenceColumns>,
  { by, entry }: StepRecord,
  attempt?: number,
): Promise<boolean> {
  const { count } = await tx.inference.updateMany({
    where: { id: inference.id, state: { in: from }, ...(attempt === undefined ? {} : { attempts: attempt }) },
    data: { ...data, state: to },
  });
  if (count === 0) return false;
  await appendAuditedChanges(tx, [changeOf(type, inference)], by, [entry]);
  return true;
}

/** The change that tells of a step. */
export function changeOf(type: ChangeType, inference: InferenceKeys): NewChange {
  const { id, instanceId, studyId, patientId, modelVersionId, priority } = inference;
  return { type, inferenceId: id, instanceId, studyId, patientId, modelVersionId, priority };
}
