/**
 * The life of a job of re-readings, and its one setter.
 *
 *     RUNNING <-> PAUSED            by request; PAUSED also when the version is taken back to REGISTERED
 *     RUNNING, PAUSED -> CANCELLED  by request, with the readings of the job that wait or run
 *     RUNNING -> DONE               when every film has been looked at and no reading of the job waits or runs
 */
import { GatewayError } from '../errors.ts';
import { appendAuditedChanges } from './audit/append.ts';
import type { AuditActor, AuditEntry } from './audit/audit-entry.ts';
import { notify } from './change-log.ts';
import type { Transaction } from './client.ts';
import type { RereadJob } from './generated/client.ts';
import type { RereadJobState } from './generated/enums.ts';
import { CHANNELS } from './listener.ts';
import type { RereadSelection } from './reread-selection.ts';

const FROM_STATES: Readonly<Record<RereadJobState, RereadJobState[]>> = {
  RUNNING: ['PAUSED'],
  PAUSED: ['RUNNING'],
  CANCELLED: ['RUNNING', 'PAUSED'],
  DONE: ['RUNNING'],
};

/** @throws GatewayError NOT_FOUND */
export async function lockedJob(tx: Transaction, id: string): Promise<RereadJob> {
  const [job] = await tx.$queryRaw<RereadJob[]>`SELECT * FROM "RereadJob" WHERE "id" = ${id}::uuid FOR UPDATE`;
  if (job === undefined) throw new GatewayError('NOT_FOUND', 'There is no such job.');
  return job;
}

/**
 * The one setter of `state`.
 *
 * @throws GatewayError INVALID_STATE
 */
export async function setState(
  tx: Transaction,
  job: Pick<RereadJob, 'id' | 'state' | 'modelVersionId' | 'selection'>,
  to: RereadJobState,
  by: AuditActor,
  more: AuditEntry['details'] = {},
): Promise<void> {
  if (!FROM_STATES[to].includes(job.state)) {
    throw new GatewayError('INVALID_STATE', `A job that is ${job.state} cannot become ${to}.`);
  }
  const completedAt = to === 'DONE' || to === 'CANCELLED' ? new Date() : null;
  await tx.rereadJob.update({ where: { id: job.id }, data: { state: to, completedAt } });
  await tell(tx, job, by, { action: 'UPDATE', details: { rereadJobId: job.id, state: to, ...more } });
}

/** Tells the feed and the audit of a change of a job, and wakes the runners. */
export async function tell(
  tx: Transaction,
  job: Pick<RereadJob, 'id' | 'modelVersionId' | 'selection'>,
  by: AuditActor,
  entry: AuditEntry,
): Promise<void> {
  const { id, modelVersionId } = job;
  const { study, filter } = selectionOf(job);
  const patientId = study?.patientId ?? filter?.patientId ?? null;
  const concerned = {
    modelVersionIds: [modelVersionId],
    ...(patientId === null ? {} : { patientId }),
    ...(study === undefined ? {} : { studyIds: [study.id] }),
  };
  await appendAuditedChanges(tx, [{ type: 'REREAD_JOB_CHANGED', rereadJobId: id, modelVersionId }], by, [
    { ...concerned, ...entry },
  ]);
  await notify(tx, CHANNELS.rereads);
}

/** Which films, as it was kept with the job. */
export function selectionOf({ selection }: Pick<RereadJob, 'selection'>): RereadSelection {
  return selection as RereadSelection;
}
