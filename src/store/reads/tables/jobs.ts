/** Work that goes on for a while. */
import type { DicomTransfer, RereadJob } from '../../generated/client.ts';
import { defineTable } from '../define-table.ts';
import { rereadJobVisible, transferVisible } from '../visibility.ts';

export type DicomTransferRow = DicomTransfer;

export const DICOM_TRANSFERS = defineTable<DicomTransferRow>('DicomTransfer', transferVisible, [
  'id',
  'kind',
  'node',
  'studyInstanceUid',
  'state',
  'attempts',
  'completed',
  'failed',
  'errorCode',
  'errorMessage',
  'heartbeatAt',
  'nextAttemptAt',
  'createdAt',
  'startedAt',
  'completedAt',
]);

/** A job of re-readings without its cursor. */
export type RereadJobRow = Omit<RereadJob, 'cursorCreatedAt' | 'cursorId'>;

export const REREAD_JOBS = defineTable<RereadJobRow>('RereadJob', rereadJobVisible, [
  'id',
  'modelVersionId',
  'state',
  'selection',
  'reason',
  'createdBy',
  'createdByName',
  'createdAt',
  'total',
  'enqueued',
  'skipped',
  'completedAt',
]);
