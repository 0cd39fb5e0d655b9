/** Model versions, and what was decided about them. */
import type { Prisma } from '../../client.ts';
import type { ModelTransition, ModelTransitionRequest, ModelVersion, ThresholdSet } from '../../generated/client.ts';
import { defineTable } from '../define-table.ts';

/** Holds no patient's data: for everybody. */
const everyRow = (): Prisma.Sql[] => [];

export type ModelVersionRow = ModelVersion;

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

export type ModelTransitionRow = ModelTransition;

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

export type ModelTransitionRequestRow = ModelTransitionRequest;

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

export type ThresholdSetRow = ThresholdSet;

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
