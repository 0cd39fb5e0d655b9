/** Reads of moves and changes that wait, or waited, for a second person. */
import { Prisma } from '../client.ts';
import { type Direction, type Page, type PageRequest, readPage } from './keyset.ts';
import { timeOrder } from './orders.ts';
import type { Reader } from './scope.ts';
import { MODEL_TRANSITION_REQUESTS, type ModelTransitionRequestRow } from './tables.ts';

/** Which requests. */
export interface ModelTransitionRequestFilter {
  /** Neither decided nor expired. */
  readonly openOnly?: boolean | null;
}

const CREATED_AT = timeOrder<ModelTransitionRequestRow>(
  'CREATED_AT',
  MODEL_TRANSITION_REQUESTS.column('createdAt'),
  (row) => row.createdAt,
);

/** One page of the visible requests. @throws GatewayError BAD_REQUEST, CURSOR_INVALID */
export async function listModelTransitionRequests(
  reader: Reader,
  { openOnly }: ModelTransitionRequestFilter,
  direction: Direction,
  page: PageRequest,
): Promise<Page<ModelTransitionRequestRow>> {
  const table = MODEL_TRANSITION_REQUESTS;
  const open = Prisma.sql`${table.column('decidedAt')} IS NULL AND ${table.column('expiresAt')} > now()`;
  const conditions = openOnly === true ? [open] : [];
  return readPage(reader, { name: 'modelTransitionRequests', table, conditions, order: CREATED_AT, direction }, page);
}
