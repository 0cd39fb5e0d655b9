/** The schema of the API, built from the resolvers. */
import 'reflect-metadata';
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchema, type PubSub } from 'type-graphql';
import { Series } from '../schema/series.type.ts';
import { ApiKeyResolver } from './api-key.resolver.ts';
import { AuditResolver } from './audit.resolver.ts';
import { AuditReportDocumentResolver, AuditReportResolver } from './audit-report.resolver.ts';
import { checkRoles, requireDeclaredPermissions } from './authorization.ts';
import { BreakGlassResolver } from './break-glass.resolver.ts';
import { BreakGlassMutationsResolver } from './break-glass-mutations.resolver.ts';
import { BreakGlassOpenedResolver } from './break-glass-opened.resolver.ts';
import { ChangeResolver } from './change.resolver.ts';
import {
  DeidentifiedFindingResolver,
  DeidentifiedSeriesResolver,
  DeidentifiedViewResolver,
} from './deidentified-parts.resolver.ts';
import { DeidentifiedStudyResolver } from './deidentified-study.resolver.ts';
import { DicomNodeResolver } from './dicom-node.resolver.ts';
import { DicomTransferResolver } from './dicom-transfer.resolver.ts';
import { DicomTransferMutationsResolver } from './dicom-transfer-mutations.resolver.ts';
import { FindingResolver } from './finding.resolver.ts';
import { FindingReviewResolver, MissedFindingsResolver, ReviewsOfFindingResolver } from './finding-review.resolver.ts';
import { FindingsCompletedResolver } from './findings-completed.resolver.ts';
import { HeatMapResolver } from './heat-map.resolver.ts';
import { InferenceResolver } from './inference.resolver.ts';
import { InferenceMutationsResolver } from './inference-mutations.resolver.ts';
import { InferenceProgressResolver } from './inference-progress.resolver.ts';
import { IngestResolver } from './ingest.resolver.ts';
import { InstanceResolver } from './instance.resolver.ts';
import { ModelAssessmentResolver } from './model-assessment.resolver.ts';
import { ModelCardResolver } from './model-card.resolver.ts';
import { ModelDriftResolver } from './model-drift.resolver.ts';
import { ModelManifestResolver } from './model-manifest.resolver.ts';
import { ModelRegistrationResolver } from './model-registration.resolver.ts';
import { ModelTransitionRequestResolver } from './model-transition-request.resolver.ts';
import { ModelTransitionResolver, ModelVersionResolver } from './model-version.resolver.ts';
import { ModelVersionChangedResolver } from './model-version-changed.resolver.ts';
import { ModelVersionMutationsResolver } from './model-version-mutations.resolver.ts';
import { NodeResolver } from './node.resolver.ts';
import { noteDisclosures } from './note-disclosures.ts';
import { PatientResolver } from './patient.resolver.ts';
import { PatientDiscrepancyResolver } from './patient-discrepancy.resolver.ts';
import { FindingProvenanceResolver, InferenceProvenanceResolver } from './provenance.resolver.ts';
import { RereadJobResolver } from './reread-job.resolver.ts';
import { RereadJobChangedResolver } from './reread-job-changed.resolver.ts';
import { RereadJobMutationsResolver } from './reread-job-mutations.resolver.ts';
import { SeriesResolver } from './series.resolver.ts';
import { StudyResolver } from './study.resolver.ts';
import { ModelThresholdsResolver, ThresholdSetResolver } from './threshold-set.resolver.ts';

/** type-graphql demands one even where every subscription brings its own source, as all of ours do. */
const noPubSub: PubSub = {
  publish: () => {
    throw new Error('Events come from the change feed, never from a PubSub.');
  },
  subscribe: () => {
    throw new Error('Events come from the change feed, never from a PubSub.');
  },
};

/**
 * Builds the schema; the same each time.
 *
 * @throws Error when something could be reached without a declared permission
 */
export async function buildGatewaySchema(): Promise<GraphQLSchema> {
  const schema = await buildSchema({
    resolvers: [
      NodeResolver,
      PatientResolver,
      PatientDiscrepancyResolver,
      StudyResolver,
      SeriesResolver,
      InstanceResolver,
      InferenceResolver,
      InferenceMutationsResolver,
      FindingResolver,
      FindingReviewResolver,
      ReviewsOfFindingResolver,
      MissedFindingsResolver,
      HeatMapResolver,
      ModelVersionResolver,
      ModelVersionMutationsResolver,
      ModelRegistrationResolver,
      ModelTransitionResolver,
      ModelTransitionRequestResolver,
      ModelManifestResolver,
      ModelCardResolver,
      ModelThresholdsResolver,
      ThresholdSetResolver,
      FindingProvenanceResolver,
      InferenceProvenanceResolver,
      ModelAssessmentResolver,
      ModelDriftResolver,
      RereadJobResolver,
      RereadJobMutationsResolver,
      RereadJobChangedResolver,
      AuditReportResolver,
      AuditReportDocumentResolver,
      ChangeResolver,
      IngestResolver,
      DicomNodeResolver,
      DicomTransferResolver,
      DicomTransferMutationsResolver,
      FindingsCompletedResolver,
      InferenceProgressResolver,
      ModelVersionChangedResolver,
      ApiKeyResolver,
      DeidentifiedStudyResolver,
      DeidentifiedSeriesResolver,
      DeidentifiedFindingResolver,
      DeidentifiedViewResolver,
      BreakGlassResolver,
      BreakGlassMutationsResolver,
      BreakGlassOpenedResolver,
      AuditResolver,
    ],
    orphanedTypes: [Series],
    pubSub: noPubSub,
    authChecker: checkRoles,
    authMode: 'error',
    // Input is checked by scalars and by the store; class-validator is not used.
    validate: false,
  });
  requireDeclaredPermissions(schema);
  describeRoots(schema);
  noteDisclosures(schema);
  return schema;
}

/** type-graphql makes the root types itself and leaves them without a description. */
function describeRoots(schema: GraphQLSchema): void {
  const descriptions = [
    [schema.getQueryType(), 'What is stored. Lists are pages by cursor; objects have global ids.'],
    [schema.getMutationType(), 'What can be changed. Success is answered once it is durable.'],
    [
      schema.getSubscriptionType(),
      'What happens, pushed as it happens. Every event carries a cursor; subscribing again after it misses nothing.',
    ],
  ] as const;
  for (const [type, description] of descriptions) if (type) type.description = description;
}

/** The schema as text, sorted, as it is committed in schema.graphql. */
export function printGatewaySchema(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
