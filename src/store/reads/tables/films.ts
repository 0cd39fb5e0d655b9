/** Films and what they are of. */
import type { Instance, Patient, PatientDiscrepancy, Series, Study } from '../../generated/client.ts';
import { defineTable } from '../define-table.ts';
import { discrepancyVisible, patientVisible, studyVisible, visibleByStudy } from '../visibility.ts';

export type PatientRow = Patient;

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

export type PatientDiscrepancyRow = PatientDiscrepancy;

export const PATIENT_DISCREPANCIES = defineTable<PatientDiscrepancyRow>('PatientDiscrepancy', discrepancyVisible, [
  'id',
  'patientId',
  'instanceId',
  'attribute',
  'recorded',
  'stated',
  'createdAt',
]);

export type StudyRow = Study;

export const STUDIES = defineTable<StudyRow>('Study', studyVisible, [
  'id',
  'studyInstanceUid',
  'patientId',
  'accessionNumber',
  'studyDate',
  'description',
  'createdAt',
]);

export type SeriesRow = Series;

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

/** An instance with the study that its series belongs to. */
export type InstanceRow = Omit<Instance, 'blobKey'> & { readonly studyId: string };

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
