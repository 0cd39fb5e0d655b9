/**
 * Notes what answers show, where graphql-js completes them: it asks `isTypeOf` once for each object value of a type that has it,
 * wherever the object lies in the answer. No resolver can forget it so, and none is asked to remember.
 */
import type { GraphQLSchema } from 'graphql';
import type { Disclosed } from '../access/disclosures.ts';
import type { Change } from '../schema/change.type.ts';
import { fromOptionalGlobalId } from '../schema/global-id.ts';
import type {
  BreakGlassRow,
  FindingReviewRow,
  FindingRow,
  InferenceRow,
  InstanceRow,
  PatientDiscrepancyRow,
  PatientRow,
  RereadJobRow,
  SeriesRow,
  StudyRow,
} from '../store/reads/tables.ts';
import { selectionOf } from '../store/reread-state.ts';
import { noteLists } from './note-lists.ts';
import { noteOf } from './note-of.ts';

/** What an object of each type that speaks of a patient shows; rows are what the store's reads give. */
const SHOWS: Readonly<Record<string, (value: never) => Disclosed>> = {
  Patient: ({ id }: PatientRow) => ({ patientId: id }),
  PatientDiscrepancy: ({ patientId, instanceId }: PatientDiscrepancyRow) => ({ patientId, instanceId }),
  Study: ({ id, patientId }: StudyRow) => ({ studyId: id, patientId }),
  Series: ({ studyId }: SeriesRow) => ({ studyId }),
  Instance: ({ id, studyId }: InstanceRow) => ({ instanceId: id, studyId }),
  Inference: inference,
  Finding: finding,
  FindingReview: review,
  FindingsCompleted: (event: { readonly inference: InferenceRow }) => inference(event.inference),
  InferenceProgress: (event: { readonly inference: InferenceRow }) => inference(event.inference),
  BreakGlassOpening: ({ patientId }: BreakGlassRow) => ({ patientId }),
  // Whose data it is, is known here, if not to those who see it.
  DeidentifiedStudy: ({ row }: { readonly row: StudyRow }) => ({ studyId: row.id, patientId: row.patientId }),
  DeidentifiedSeries: ({ row }: { readonly row: SeriesRow }) => ({ studyId: row.studyId }),
  DeidentifiedInstance: ({ row }: { readonly row: InstanceRow }) => ({ instanceId: row.id, studyId: row.studyId }),
  DeidentifiedFinding: ({ row }: { readonly row: FindingRow }) => finding(row),
  Change: ({ patientId, studyId, instanceId, inferenceId, modelVersionId }: Change) => ({
    patientId: fromOptionalGlobalId('Patient', patientId),
    studyId: fromOptionalGlobalId('Study', studyId),
    instanceId: fromOptionalGlobalId('Instance', instanceId),
    inferenceId: fromOptionalGlobalId('Inference', inferenceId),
    modelVersionId: fromOptionalGlobalId('ModelVersion', modelVersionId),
  }),
};

/** Speaks of patients whom the gateway does not know. */
const REMOTE_STUDY = 'RemoteStudy';

/** Names a study or a patient where it is about one; its lists tell nothing besides. */
const REREAD_JOB = 'RereadJob';

/** The types whose objects are noted. */
export const NOTED_TYPES: readonly string[] = [...Object.keys(SHOWS), REMOTE_STUDY, REREAD_JOB];

/** Has every object of these types noted in its operation's context. */
export function noteDisclosures(schema: GraphQLSchema): void {
  for (const [name, shows] of Object.entries(SHOWS)) {
    noteOf(schema, name, (value, { disclosures }) => disclosures?.note(shows(value as never)));
  }
  noteOf(schema, REMOTE_STUDY, (value, { disclosures }) =>
    disclosures?.noteRemote((value as { readonly studyInstanceUid: string }).studyInstanceUid),
  );
  noteOf(schema, REREAD_JOB, (value, { disclosures }) => disclosures?.note(rereadJob(value as RereadJobRow)));
  noteLists(schema, SHOWS);
}

function inference({ id: inferenceId, instanceId, studyId, patientId, modelVersionId }: InferenceRow): Disclosed {
  return { inferenceId, instanceId, studyId, patientId, modelVersionId };
}

function rereadJob(job: RereadJobRow): Disclosed {
  const { study, filter } = selectionOf(job);
  return { studyId: study?.id, patientId: study?.patientId ?? filter?.patientId };
}

function review({ findingId, inferenceId, studyId, patientId, modelVersionId }: FindingReviewRow): Disclosed {
  return { findingId, inferenceId, studyId, patientId, modelVersionId };
}

function finding({ id: findingId, inferenceId, studyId, patientId, modelVersionId }: FindingRow): Disclosed {
  return { findingId, inferenceId, studyId, patientId, modelVersionId };
}
