/** The loaders of one operation: what its fields ask for, gathered into one statement a kind. */
import DataLoader from 'dataloader';
import {
  DISCREPANCIES_OF_PATIENT,
  FINDINGS_OF_INFERENCE,
  FINDINGS_OF_STUDY,
  findingsOfStudyBySign,
  INFERENCES_OF_INSTANCE,
  INFERENCES_OF_STUDY,
  INSTANCES_OF_SERIES,
  INSTANCES_OF_STUDY,
  MISSED_FINDINGS_OF_INFERENCE,
  REVIEWS_OF_FINDING,
  type Relation,
  SERIES_OF_STUDY,
  STUDIES_OF_PATIENT,
  THRESHOLD_SETS_OF_MODEL_VERSION,
  TRANSITIONS_OF_MODEL_VERSION,
} from '../store/reads/children.ts';
import type { Table } from '../store/reads/define-table.ts';
import { heatMapValues } from '../store/reads/heat-maps.ts';
import { type RereadProgress, rereadProgress } from '../store/reads/reread-jobs.ts';
import type { Reader } from '../store/reads/scope.ts';
import { studiesByUids } from '../store/reads/studies.ts';
import {
  BREAK_GLASSES,
  DICOM_TRANSFERS,
  FINDING_REVIEWS,
  FINDINGS,
  INFERENCES,
  INSTANCES,
  MODEL_TRANSITION_REQUESTS,
  MODEL_TRANSITIONS,
  MODEL_VERSIONS,
  PATIENT_DISCREPANCIES,
  PATIENTS,
  REREAD_JOBS,
  SERIES,
  STUDIES,
  type StudyRow,
  THRESHOLD_SETS,
} from '../store/reads/tables.ts';
import { ChildrenLoader, RowLoader, StatementsUnderWay } from './row-loader.ts';

/** Most findings whose grids one statement reads: 49 numbers each. */
const MAXIMUM_GRIDS = 1000;

/** Most studies that one statement looks up by their UIDs. */
const MAXIMUM_UIDS = 1000;

/** Most jobs whose readings one statement counts. */
const MAXIMUM_JOBS = 200;

/** The loaders of one operation, or of one event. */
export type Loaders = ReturnType<typeof createLoaders>;

/** Fresh loaders, which remember what they loaded. */
export function createLoaders(reader: Reader) {
  const underWay = new StatementsUnderWay();
  const byId = <Row extends { readonly id: string }>(table: Table<Row>) => new RowLoader(reader, table, underWay);
  const below = <Row extends { readonly id: string }>(relation: Relation<Row>, rows: RowLoader<Row>, limit?: number) =>
    new ChildrenLoader(reader, relation, rows, underWay, limit);

  const patients = byId(PATIENTS);
  const studies = byId(STUDIES);
  const series = byId(SERIES);
  const instances = byId(INSTANCES);
  const inferences = byId(INFERENCES);
  const findings = byId(FINDINGS);
  const modelVersions = byId(MODEL_VERSIONS);
  const modelTransitions = byId(MODEL_TRANSITIONS);
  const findingReviews = byId(FINDING_REVIEWS);
  const thresholdSets = byId(THRESHOLD_SETS);
  const dicomTransfers = byId(DICOM_TRANSFERS);
  const studiesOfPatient = new Map<number, ChildrenLoader<StudyRow>>();

  return {
    patients,
    studies,
    series,
    instances,
    inferences,
    findings,
    modelVersions,
    modelTransitions,
    modelTransitionRequests: byId(MODEL_TRANSITION_REQUESTS),
    dicomTransfers,
    breakGlasses: byId(BREAK_GLASSES),
    rereadJobs: byId(REREAD_JOBS),
    /** Of jobs that are visible. */
    rereadProgress: new DataLoader<string, RereadProgress | null>((ids) => rereadProgress(reader.prisma, ids), {
      maxBatchSize: MAXIMUM_JOBS,
    }),
    findingReviews,
    studiesByUid: new DataLoader<string, StudyRow | null>((uids) => studiesByUids(reader, uids), {
      maxBatchSize: MAXIMUM_UIDS,
    }),
    /** @param limit - most studies a patient */
    studiesOfPatient: (limit: number): ChildrenLoader<StudyRow> => {
      const loader = studiesOfPatient.get(limit) ?? below(STUDIES_OF_PATIENT, studies, limit);
      studiesOfPatient.set(limit, loader);
      return loader;
    },
    discrepanciesOfPatient: below(DISCREPANCIES_OF_PATIENT, byId(PATIENT_DISCREPANCIES)),
    seriesOfStudy: below(SERIES_OF_STUDY, series),
    instancesOfStudy: below(INSTANCES_OF_STUDY, instances),
    instancesOfSeries: below(INSTANCES_OF_SERIES, instances),
    inferencesOfStudy: below(INFERENCES_OF_STUDY, inferences),
    inferencesOfInstance: below(INFERENCES_OF_INSTANCE, inferences),
    findingsOfStudy: below(FINDINGS_OF_STUDY, findings),
    positiveFindingsOfStudy: below(findingsOfStudyBySign(true), findings),
    negativeFindingsOfStudy: below(findingsOfStudyBySign(false), findings),
    findingsOfInference: below(FINDINGS_OF_INFERENCE, findings),
    reviewsOfFinding: below(REVIEWS_OF_FINDING, findingReviews),
    missedFindingsOfInference: below(MISSED_FINDINGS_OF_INFERENCE, findingReviews),
    transitionsOfModelVersion: below(TRANSITIONS_OF_MODEL_VERSION, modelTransitions),
    thresholdSetsOfModelVersion: below(THRESHOLD_SETS_OF_MODEL_VERSION, thresholdSets),
    newestThresholdSetOfModelVersion: below(THRESHOLD_SETS_OF_MODEL_VERSION, thresholdSets, 1),
    heatMapValues: new DataLoader<string, number[]>((ids) => heatMapValues(reader, ids), {
      maxBatchSize: MAXIMUM_GRIDS,
      batchScheduleFn: underWay.afterThem,
    }),
  };
}
