/**
 * The tables as the reads see them: which columns of a row leave the store. Blob keys never do, and heat maps are read
 * on their own (heat-maps.ts), because most callers list findings without drawing them.
 */
import type { Prisma } from '../client.ts';
import type {
  BreakGlass,
  DicomTransfer,
  Finding,
  FindingReview,
  Inference,
  Instance,
  ModelTransition,
  ModelTransitionRequest,
  ModelVersion,
  Patient,
  PatientDiscrepancy,
  RereadJob,
  Series,
  Study,
  ThresholdSet,
} from '../generated/client.ts';
import { defineTable } from './define-table.ts';
import {
  clinicalOnly,
  discrepancyVisible,
  openingVisible,
  patientVisible,
  rereadJobVisible,
  reviewVisible,
  studyVisible,
  transferVisible,
  visibleByPatient,
  visibleByStudy,
} from './visibility.ts';

export type PatientRow = Patient;
export type PatientDiscrepancyRow = PatientDiscrepancy;
export type StudyRow = Study;
export type SeriesRow = Series;
/** An instance with the study that its series belongs to. */
export type InstanceRow = Omit<Instance, 'blobKey'> & { readonly studyId: string };
export type InferenceRow = Inference;
export type FindingRow = Omit<Finding, 'heatMapValues'>;
/** A review, and whether its reviewer has said something else of the same label of the same reading since. */
export type FindingReviewRow = FindingReview & { readonly superseded: boolean };
export type ModelVersionRow = ModelVersion;
export type ModelTransitionRow = ModelTransition;
export type ModelTransitionRequestRow = ModelTransitionRequest;
export type ThresholdSetRow = ThresholdSet;
export type DicomTransferRow = DicomTransfer;
/** A job of re-readings without its cursor. */
export type RereadJobRow = Omit<RereadJob, 'cursorCreatedAt' | 'cursorId'>;
export type BreakGlassRow = BreakGlass;

/** Holds no patient's data: for everybody. */
const everyRow = (): Prisma.Sql[] => [];

export const PATIENTS = defineTable<PatientRow>('Patient', patientVisible, [
  'id',
  'mrn',
  'issuer',
  'name',
  'nameIdeographic',
  'namePhonetic',
  'birthDate',
  'sex',
  'createdAt',
]);

export const PATIENT_DISCREPANCIES = defineTable<PatientDiscrepancyRow>('PatientDiscrepancy', discrepancyVisible, [
  'id',
  'patientId',
  'instanceId',
  'attribute',
  'recorded',
  'stated',
  'createdAt',
]);

export const STUDIES = defineTable<StudyRow>('Study', studyVisible, [
  'id',
  'studyInstanceUid',
  'patientId',
  'accessionNumber',
  'studyDate',
  'description',
  'createdAt',
]);

export const SERIES = defineTable<SeriesRow>('Series', (scope) => visibleByStudy('"Series"."studyId"', scope), [
  'id',
  'seriesInstanceUid',
  'studyId',
  'modality',
  'bodyPart',
  'viewPosition',
  'description',
  'createdAt',
]);

export const INSTANCES = defineTable<InstanceRow>(
  'Instance',
  (scope) => visibleByStudy('"Series"."studyId"', scope),
  [
    'id',
    'sopInstanceUid',
    'seriesId',
    'sopClassUid',
    'transferSyntaxUid',
    'rows',
    'columns',
    'numberOfFrames',
    'photometricInterpretation',
    'sha256',
    'byteLength',
    'eligibility',
    'eligibilityReasons',
    'createdAt',
  ],
  {
    from: ' JOIN "Series" ON "Series"."id" = "Instance"."seriesId"',
    columns: { studyId: '"Series"."studyId"' },
  },
);

export const INFERENCES = defineTable<InferenceRow>(
  'Inference',
  (scope) => [...visibleByPatient('Inference', scope), ...clinicalOnly('Inference', scope)],
  [
    'id',
    'instanceId',
    'modelVersionId',
    'studyId',
    'patientId',
    'state',
    'priority',
    'attempts',
    'shadow',
    'errorCode',
    'errorMessage',
    'warnings',
    'queuedAt',
    'startedAt',
    'completedAt',
    'readMs',
    'decodeMs',
    'preprocessMs',
    'inferenceMs',
    'executedDigest',
    'executedPrecision',
    'thresholdSetVersion',
    'preprocessingVersion',
    'grayscaleSource',
    'gatewayVersion',
    'runtime',
    'processor',
    'inputMean',
    'inputDeviation',
    'rereadJobId',
    'createdAt',
  ],
);

export const FINDINGS = defineTable<FindingRow>(
  'Finding',
  (scope) => [...visibleByPatient('Finding', scope), ...clinicalOnly('Finding', scope)],
  [
    'id',
    'inferenceId',
    'studyId',
    'patientId',
    'modelVersionId',
    'label',
    'probability',
    'threshold',
    'positive',
    'shadow',
    'codeSystem',
    'codeValue',
    'codeDisplay',
    'heatMapRows',
    'heatMapColumns',
    'createdAt',
  ],
);

export const FINDING_REVIEWS = defineTable<FindingReviewRow>(
  'FindingReview',
  reviewVisible,
  [
    'id',
    'findingId',
    'inferenceId',
    'modelVersionId',
    'studyId',
    'patientId',
    'label',
    'verdict',
    'comment',
    'reviewer',
    'reviewerName',
    'createdAt',
  ],
  {
    from: '',
    columns: {
      superseded: `EXISTS (SELECT FROM "FindingReview" AS newer
        WHERE newer."inferenceId" = "FindingReview"."inferenceId" AND newer."label" = "FindingReview"."label"
          AND newer."reviewer" = "FindingReview"."reviewer" AND newer."createdAt" > "FindingReview"."createdAt")`,
    },
  },
);

export const MODEL_VERSIONS = defineTable<ModelVersionRow>('ModelVersion', everyRow, [
  'id',
  'name',
  'version',
  'digest',
  'precision',
  'manifest',
  'metrics',
  'state',
  'canaryShare',
  'canarySources',
  'createdAt',
]);

export const MODEL_TRANSITIONS = defineTable<ModelTransitionRow>('ModelTransition', everyRow, [
  'id',
  'modelVersionId',
  'fromState',
  'toState',
  'actor',
  'actorName',
  'approvedBy',
  'approvedByName',
  'reason',
  'createdAt',
]);

export const THRESHOLD_SETS = defineTable<ThresholdSetRow>('ThresholdSet', everyRow, [
  'id',
  'modelVersionId',
  'version',
  'thresholds',
  'method',
  'reason',
  'createdBy',
  'createdByName',
  'createdAt',
]);

export const MODEL_TRANSITION_REQUESTS = defineTable<ModelTransitionRequestRow>('ModelTransitionRequest', everyRow, [
  'id',
  'modelVersionId',
  'toState',
  'arguments',
  'reason',
  'requestedBy',
  'requestedByName',
  'createdAt',
  'expiresAt',
  'decidedBy',
  'decidedByName',
  'decidedAt',
  'approved',
  'decisionReason',
]);

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

export const BREAK_GLASSES = defineTable<BreakGlassRow>('BreakGlass', openingVisible, [
  'id',
  'subject',
  'displayName',
  'patientId',
  'reason',
  'createdAt',
  'expiresAt',
  'endedAt',
  'endedBy',
]);

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
