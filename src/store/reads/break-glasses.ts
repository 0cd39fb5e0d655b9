/** Reads of break-glass openings. */
import { Prisma } from '../client.ts';
import { equals, equalsId } from './conditions.ts';
import { type Direction, type Page, type PageRequest, readPage } from './keyset.ts';
import { timeOrder } from './orders.ts';
import type { Reader } from './scope.ts';
import { BREAK_GLASSES, type BreakGlassRow } from './tables.ts';

/** Which openings. */
export interface BreakGlassFilter {
  /** Whether they still let their subject read. */
  readonly live?: boolean | null;
  readonly subject?: string | null;
  readonly patientId?: string | null;
}

const CREATED_AT = timeOrder<BreakGlassRow>('CREATED_AT', BREAK_GLASSES.column('createdAt'), (row) => row.createdAt);

/** One page of the visible break-glass openings. @throws GatewayError BAD_REQUEST, CURSOR_INVALID */
export async function listBreakGlasses(
  reader: Reader,
  filter: BreakGlassFilter,
  direction: Direction,
  page: PageRequest,
): Promise<Page<BreakGlassRow>> {
  const conditions = [
    ...isLive(filter.live),
    ...equals(BREAK_GLASSES.column('subject'), filter.subject),
    ...equalsId(BREAK_GLASSES.column('patientId'), filter.patientId),
  ];
  const listing = { name: 'breakGlasses', table: BREAK_GLASSES, conditions, order: CREATED_AT, direction };
  return readPage(reader, listing, page);
}

function isLive(wanted: boolean | null | undefined): Prisma.Sql[] {
  if (wanted === null || wanted === undefined) return [];
  const live = Prisma.sql`(${BREAK_GLASSES.column('expiresAt')} > now() AND ${BREAK_GLASSES.column('endedAt')} IS NULL)`;
  return [wanted ? live : Prisma.sql`NOT ${live}`];
}
