/** Reads of inferences. */
import type { InferenceState } from '../generated/enums.ts';
import { equalsId, ofStudy, oneOf, type TimeRange, within } from './conditions.ts';
import { type Direction, type Page, type PageRequest, readPage } from './keyset.ts';
import { timeOrder } from './orders.ts';
import type { Reader } from './scope.ts';
import { INFERENCES, type InferenceRow } from './tables.ts';

/** Which inferences. */
export interface InferenceFilter {
  readonly states?: readonly InferenceState[] | null;
  readonly patientId?: string | null;
  readonly studyInstanceUid?: string | null;
  readonly modelVersionId?: string | null;
  readonly rereadJobId?: string | null;
  readonly createdAt?: TimeRange | null;
}

const CREATED_AT = timeOrder<InferenceRow>('CREATED_AT', INFERENCES.column('createdAt'), (row) => row.createdAt);

/** One page of the visible inferences. @throws GatewayError BAD_REQUEST, CURSOR_INVALID */
export async function listInferences(
  reader: Reader,
  filter: InferenceFilter,
  direction: Direction,
  page: PageRequest,
): Promise<Page<InferenceRow>> {
  const conditions = [
    ...oneOf(INFERENCES.column('state'), filter.states, '"InferenceState"'),
    ...equalsId(INFERENCES.column('patientId'), filter.patientId),
    ...ofStudy(INFERENCES.column('studyId'), filter.studyInstanceUid),
    ...equalsId(INFERENCES.column('modelVersionId'), filter.modelVersionId),
    ...equalsId(INFERENCES.column('rereadJobId'), filter.rereadJobId),
    ...within(INFERENCES.column('createdAt'), filter.createdAt),
  ];
  return readPage(reader, { name: 'inferences', table: INFERENCES, conditions, order: CREATED_AT, direction }, page);
}
