/**
 * What fields cost: the one table from which the cost of an operation is reckoned before it runs.
 *
 * The unit is one record that is read and written into the answer. Scalars of a record come with it and cost nothing, unless
 * they are named here. An object costs 1. A list costs as much as its entries: as many as the page that is asked for, or,
 * where the field takes no page size, as many as a usual chest study has ({@link FieldCost.entries}). What lies below an
 * entry counts once for each entry.
 */

/** How a field's cost differs from the usual. */
export interface FieldCost {
  /** Cost of the field itself, once for each object that it is asked of. */
  readonly own?: number;
  /** Entries of the list, where the field has no argument that says so. 1: its page was counted by the field above. */
  readonly entries?: number;
  /** Cost of one entry without what lies below it. */
  readonly entry?: number;
  /** Argument that gives the number of entries: a number or a list, by a path such as `input.first`. */
  readonly countedBy?: string;
}

/** Entries of a list that the table does not name. */
export const USUAL_ENTRIES = 10;
/** Entries of a page whose size is not asked for. */
export const USUAL_PAGE = 50;
/** A page is one statement, whatever it holds. */
export const PAGE_COST = 5;
/** A mutation writes and commits. */
export const MUTATION_COST = 20;
/** A subscription is looked after as long as it lasts; the fields below it are counted for one event. */
export const SUBSCRIPTION_COST = 20;

/** A count looks at up to 10,000 rows; it is the field of a page, so it grows with the page. */
const COUNT_COST = 20;
/** Asking another system of the hospital, and waiting for it. */
const NODE_COST = 200;

/** Hashes every model file of the machine. */
const HASHING_COST = 200;

/** Reads up to 20,000 films with all their scores, or all reviews of a version. */
const ASSESSMENT_COST = 300;

/** Drift, five performances and up to five comparisons, and their document. */
const REPORT_COST = 10 * ASSESSMENT_COST;

/** By `Type.field`; `*Connection` stands for the pages of all lists. */
export const FIELD_COSTS: Readonly<Record<string, FieldCost>> = {
  // Pages
  '*Connection.edges': { entries: 1, entry: 0 },
  '*Connection.nodes': { entries: 1 },
  '*Connection.pageInfo': { own: 0 },
  '*Connection.totalCount': { own: COUNT_COST },
  // Records of a usual chest study: two series of two films, each read once and perhaps by a second model version
  'Patient.discrepancies': { entries: 2 },
  'Study.series': { entries: 2 },
  'Study.instances': { entries: 4 },
  'Study.inferences': { entries: 8 },
  'Study.findings': { entries: 56 },
  'Series.instances': { entries: 2 },
  'Instance.inferences': { entries: 2 },
  'Inference.findings': { entries: 14 },
  'DeidentifiedStudy.series': { entries: 2 },
  'DeidentifiedStudy.instances': { entries: 4 },
  'DeidentifiedStudy.findings': { entries: 56 },
  'DeidentifiedSeries.instances': { entries: 2 },
  'FindingsCompleted.findings': { entries: 14 },
  'Finding.codes': { entries: 1 },
  'Finding.provenance': { own: 2 },
  'Inference.provenance': { own: 2 },
  'Finding.reviews': { entries: 1 },
  'Inference.missedFindings': { entries: 1 },
  // A grid of numbers for each finding, which is read for this field alone
  'HeatMap.values': { own: 10 },
  // Model versions
  'ModelVersion.labels': { entries: 14 },
  'ModelVersion.manifest': { own: 10 },
  'ModelCard.headings': { entries: 9 },
  'ModelCardHeading.attributes': { entries: 4 },
  'ModelVersion.transitions': { entries: 4 },
  'ModelTransitionRequest.thresholds': { entries: 2 },
  'ModelVersion.thresholds': { entries: 14 },
  'ModelVersion.thresholdSets': { entries: 3 },
  'ThresholdSet.thresholds': { entries: 14 },
  'Mutation.registerModelVersions': { own: HASHING_COST },
  'RegisterModelVersionsPayload.registered': { entries: 2 },
  'RegisterModelVersionsPayload.updated': { entries: 2 },
  'RegisterModelVersionsPayload.known': { entries: 5 },
  'RegisterModelVersionsPayload.refused': { entries: 2 },
  'Query.modelPerformance': { own: ASSESSMENT_COST },
  'ModelPerformance.groups': { entries: 6 },
  'PerformanceGroup.labels': { entries: 14 },
  'Query.modelDrift': { own: ASSESSMENT_COST },
  'ModelDrift.days': { entries: 30 },
  'DriftDay.measures': { entries: 16 },
  'ModelDrift.alerts': { entries: 16 },
  'ModelDriftAlert.alerts': { entries: 4 },
  'Query.modelComparison': { own: ASSESSMENT_COST },
  'AuditReport.html': { own: REPORT_COST },
  'ModelComparison.labels': { entries: 14 },
  'RereadJob.progress': { own: COUNT_COST },
  'Mutation.requestReread': { own: ASSESSMENT_COST },
  // What a gateway has a handful of
  'Query.apiKeys': { entries: 20 },
  // Other DICOM nodes
  'Query.dicomNodes': { entries: 10 },
  'Query.remoteStudies': { own: NODE_COST },
  'RemoteStudies.studies': { entries: 1 },
  'Mutation.echoDicomNode': { own: NODE_COST },
  'EchoDicomNodePayload.echoes': { entries: 2 },
  'Mutation.retrieveStudy': { own: NODE_COST },
  'Mutation.sendStudy': { own: NODE_COST },
  'Mutation.retrievePriorStudies': { own: NODE_COST, countedBy: 'input.first' },
  'RetrievePriorStudiesPayload.transfers': { entries: 1 },
  // Films in
  'Mutation.ingestInstances': { countedBy: 'files' },
  'IngestInstancesPayload.results': { entries: 1 },
  // Introspection: kept in memory; the fields of a type of ours are some eight, the types some hundred
  'Query.__schema': { own: 50 },
  'Query.__type': { own: 1 },
  '__Schema.types': { entries: 100, entry: 0.1 },
  '__Schema.directives': { entries: 5, entry: 0.1 },
  '__Directive.args': { entries: 1, entry: 0.1 },
  '__Type.fields': { entries: 8, entry: 0.1 },
  '__Type.inputFields': { entries: 4, entry: 0.1 },
  '__Type.enumValues': { entries: 4, entry: 0.1 },
  '__Type.interfaces': { entries: 1, entry: 0.1 },
  '__Type.possibleTypes': { entries: 2, entry: 0.1 },
  '__Field.args': { entries: 2, entry: 0.1 },
};
