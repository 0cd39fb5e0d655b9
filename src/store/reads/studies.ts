/** Reads of studies and instances. */
import { GatewayError } from '../../errors.ts';
import { Prisma } from '../client.ts';
import { rowsWhere, rowWhere } from './by-ids.ts';
import { equals, equalsId, type TimeRange, within } from './conditions.ts';
import { type Direction, type Page, type PageRequest, readPage } from './keyset.ts';
import { optionalTimeOrder, timeOrder } from './orders.ts';
import type { Reader } from './scope.ts';
import { INSTANCES, type InstanceRow, STUDIES, type StudyRow } from './tables.ts';

/** Which studies. */
export interface StudyFilter {
  readonly patientId?: string | null;
  readonly accessionNumber?: string | null;
  readonly studyDate?: TimeRange | null;
  readonly createdAt?: TimeRange | null;
}

const ORDERS = {
  CREATED_AT: timeOrder<StudyRow>('CREATED_AT', STUDIES.column('createdAt'), (row) => row.createdAt),
  STUDY_DATE: optionalTimeOrder<StudyRow>('STUDY_DATE', STUDIES.column('studyDate'), (row) => row.studyDate),
};

export type StudyOrderField = keyof typeof ORDERS;

/** One page of the visible studies. @throws GatewayError BAD_REQUEST, CURSOR_INVALID */
export async function listStudies(
  reader: Reader,
  filter: StudyFilter,
  order: { readonly field: StudyOrderField; readonly direction: Direction },
  page: PageRequest,
): Promise<Page<StudyRow>> {
  const conditions = [
    ...equalsId(STUDIES.column('patientId'), filter.patientId),
    ...equals(STUDIES.column('accessionNumber'), filter.accessionNumber),
    ...dated(filter.studyDate),
    ...within(STUDIES.column('createdAt'), filter.createdAt),
  ];
  const { field, direction } = order;
  return readPage(reader, { name: 'studies', table: STUDIES, conditions, order: ORDERS[field], direction }, page);
}

/** Through the expression that the index has; studies without a date are in no range. */
function dated(range: TimeRange | null | undefined): Prisma.Sql[] {
  const bounds = within(ORDERS.STUDY_DATE.expression, range);
  return bounds.length === 0 ? [] : [...bounds, Prisma.sql`${STUDIES.column('studyDate')} IS NOT NULL`];
}

/** The study with a Study Instance UID. */
export async function findStudy(reader: Reader, studyInstanceUid: string): Promise<StudyRow | null> {
  return rowWhere(reader, STUDIES, equals(STUDIES.column('studyInstanceUid'), studyInstanceUid));
}

/**
 * Studies by their UIDs; one statement.
 *
 * @param uids - Study Instance UIDs
 * @returns one entry a UID, in the same order; null where no visible study has it
 */
export async function studiesByUids(reader: Reader, uids: readonly string[]): Promise<(StudyRow | null)[]> {
  const ofUids = Prisma.sql`${STUDIES.column('studyInstanceUid')} = ANY(${[...uids]}::text[])`;
  const rows = await reader.prisma.$queryRaw<StudyRow[]>`
    SELECT ${STUDIES.columns} FROM ${STUDIES.from}
    WHERE ${Prisma.join([ofUids, ...STUDIES.visible(reader.scope)], ' AND ')}`;
  const byUid = new Map(rows.map((row) => [row.studyInstanceUid, row]));
  return uids.map((uid) => byUid.get(uid) ?? null);
}

/**
 * The only study with an accession number.
 *
 * @throws GatewayError AMBIGUOUS when several visible ones have it: another patient's study must never be shown by a guess
 */
export async function findStudyByAccessionNumber(reader: Reader, accessionNumber: string): Promise<StudyRow | null> {
  const found = await rowsWhere(reader, STUDIES, equals(STUDIES.column('accessionNumber'), accessionNumber), 2);
  if (found.length > 1) throw new GatewayError('AMBIGUOUS', 'Several studies have this accession number.');
  return found[0] ?? null;
}

/** The instance with a SOP Instance UID. */
export async function findInstance(reader: Reader, sopInstanceUid: string): Promise<InstanceRow | null> {
  return rowWhere(reader, INSTANCES, equals(INSTANCES.column('sopInstanceUid'), sopInstanceUid));
}
