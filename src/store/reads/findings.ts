/** Reads of findings. */
import { GatewayError } from '../../errors.ts';
import { Prisma } from '../client.ts';
import { equalsId, ofStudy, oneOf, type TimeRange, within } from './conditions.ts';
import { type Direction, type Page, type PageRequest, readPage } from './keyset.ts';
import { numberOrder, timeOrder } from './orders.ts';
import type { Reader } from './scope.ts';
import { FINDINGS, type FindingRow } from './tables.ts';

/** Which findings. */
export interface FindingFilter {
  readonly labels?: readonly string[] | null;
  readonly positive?: boolean | null;
  /** 0 to 1, inclusive. */
  readonly minimumProbability?: number | null;
  readonly createdAt?: TimeRange | null;
  readonly patientId?: string | null;
  readonly studyInstanceUid?: string | null;
  readonly modelVersionId?: string | null;
}

const ORDERS = {
  CREATED_AT: timeOrder<FindingRow>('CREATED_AT', FINDINGS.column('createdAt'), (row) => row.createdAt),
  PROBABILITY: numberOrder<FindingRow>('PROBABILITY', FINDINGS.column('probability'), (row) => row.probability),
};

export type FindingOrderField = keyof typeof ORDERS;

/** One page of the visible findings. @throws GatewayError BAD_REQUEST, CURSOR_INVALID */
export async function listFindings(
  reader: Reader,
  filter: FindingFilter,
  order: { readonly field: FindingOrderField; readonly direction: Direction },
  page: PageRequest,
): Promise<Page<FindingRow>> {
  const conditions = [
    ...findingConditions(filter),
    ...within(FINDINGS.column('createdAt'), filter.createdAt),
    ...equalsId(FINDINGS.column('patientId'), filter.patientId),
    ...ofStudy(FINDINGS.column('studyId'), filter.studyInstanceUid),
    ...equalsId(FINDINGS.column('modelVersionId'), filter.modelVersionId),
  ];
  const { field, direction } = order;
  return readPage(reader, { name: 'findings', table: FINDINGS, conditions, order: ORDERS[field], direction }, page);
}

/**
 * What a finding says; nothing for what the filter leaves open.
 *
 * @throws GatewayError BAD_REQUEST
 */
export function findingConditions(
  filter: Pick<FindingFilter, 'labels' | 'positive' | 'minimumProbability'>,
): Prisma.Sql[] {
  return [
    ...oneOf(FINDINGS.column('label'), filter.labels),
    ...isPositive(filter.positive),
    ...atLeast(filter.minimumProbability),
  ];
}

/** Written as a condition without a parameter, so that the partial indexes of positive findings can serve it. */
function isPositive(positive: boolean | null | undefined): Prisma.Sql[] {
  if (positive === null || positive === undefined) return [];
  return [positive ? FINDINGS.column('positive') : Prisma.sql`NOT ${FINDINGS.column('positive')}`];
}

/** @throws GatewayError BAD_REQUEST outside 0 to 1 */
function atLeast(probability: number | null | undefined): Prisma.Sql[] {
  if (probability === null || probability === undefined) return [];
  if (!(probability >= 0 && probability <= 1)) {
    throw new GatewayError('BAD_REQUEST', 'minimumProbability must lie within 0 and 1.');
  }
  return [Prisma.sql`${FINDINGS.column('probability')} >= ${probability}::double precision`];
}
