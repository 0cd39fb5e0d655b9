/** What a mutation selects, as it is kept with the job. */
import { GatewayError } from '../errors.ts';
import { fromGlobalId } from '../schema/global-id.ts';
import type { RereadFilterInput, RereadSelectionInput } from '../schema/reread-job.input.ts';
import type { TimeRangeInput } from '../schema/time-range.input.ts';
import type { KeptRange, RereadFilter, RereadSelection } from '../store/reread-selection.ts';
import type { GatewayContext } from './context.ts';
import { requireModelVersion } from './require-model-version.ts';

/**
 * Checks that exactly one way to select is given, and that the caller may see what it names.
 *
 * @throws GatewayError BAD_REQUEST, NOT_FOUND; FORBIDDEN for more than a study to who is not granted every issuer
 */
export async function keptSelection(input: RereadSelectionInput, context: GatewayContext): Promise<RereadSelection> {
  const { studyId, studyInstanceUid, filter } = input;
  const all = input.all === true ? true : null;
  if ([studyId, studyInstanceUid, filter, all].filter((way) => (way ?? null) !== null).length !== 1) {
    throw new GatewayError(
      'BAD_REQUEST',
      'A selection has exactly one of studyId, studyInstanceUid, filter and all: true.',
    );
  }
  if (!filter && all === null) return { study: await visibleStudy(input, context) };
  if (context.caller.identity.issuers !== 'ALL') {
    throw new GatewayError(
      'FORBIDDEN',
      'More than a study is read again for those alone who are granted every issuer.',
    );
  }
  return filter ? { filter: await keptFilter(filter, context) } : { all: true };
}

async function visibleStudy(
  { studyId, studyInstanceUid }: RereadSelectionInput,
  { loaders }: GatewayContext,
): Promise<NonNullable<RereadSelection['study']>> {
  const study = studyId
    ? await loaders.studies.load(fromGlobalId('Study', studyId))
    : await loaders.studiesByUid.load(studyInstanceUid ?? '');
  if (study === null) throw new GatewayError('NOT_FOUND', 'There is no such study.');
  return { id: study.id, studyInstanceUid: study.studyInstanceUid, patientId: study.patientId };
}

async function keptFilter(
  { patientId, studyDate, createdAt, callingAeTitle, finding }: RereadFilterInput,
  { loaders }: GatewayContext,
): Promise<RereadFilter> {
  // What is given counts, an empty text too: left out, it would select more films than were meant.
  const patient = isGiven(patientId) ? await loaders.patients.load(fromGlobalId('Patient', patientId)) : undefined;
  if (patient === null) throw new GatewayError('NOT_FOUND', 'There is no such patient.');
  const found = finding ? await requireModelVersion(finding.modelVersionId, { loaders }) : undefined;
  const [ofStudy, ofStoring] = [keptRange(studyDate), keptRange(createdAt)];
  const filter: RereadFilter = {
    ...(patient === undefined ? {} : { patientId: patient.id }),
    ...(ofStudy === undefined ? {} : { studyDate: ofStudy }),
    ...(ofStoring === undefined ? {} : { createdAt: ofStoring }),
    ...(isGiven(callingAeTitle) ? { callingAeTitle } : {}),
    ...(finding && found
      ? { finding: { modelVersionId: found.id, label: finding.label, positive: finding.positive } }
      : {}),
  };
  if (Object.keys(filter).length === 0) {
    throw new GatewayError('BAD_REQUEST', 'The filter has no condition; for all films say all: true.');
  }
  return filter;
}

function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}

/** Undefined where it has no bound. */
function keptRange(range: TimeRangeInput | null | undefined): KeptRange | undefined {
  const { from, until } = range ?? {};
  if (!from && !until) return undefined;
  return { ...(from ? { from: from.toISOString() } : {}), ...(until ? { until: until.toISOString() } : {}) };
}
