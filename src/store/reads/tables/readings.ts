/** Readings, what they found, and what was said of it. */
import type { Finding, FindingReview, Inference } from '../../generated/client.ts';
import { defineTable } from '../define-table.ts';
import { clinicalOnly, reviewVisible, visibleByPatient } from '../visibility.ts';

export type InferenceRow = Inference;

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

export type FindingRow = Omit<Finding, 'heatMapValues'>;

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

/** A review, and whether its reviewer has said something else of the same label of the same reading since. */
export type FindingReviewRow = FindingReview & { readonly superseded: boolean };

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
