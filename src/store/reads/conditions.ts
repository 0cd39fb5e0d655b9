/** The conditions that filters are made of. A filter's absent parts add none, so every text of a statement uses its index. */
import { GatewayError } from '../../errors.ts';
import { Prisma } from '../client.ts';

/** From inclusive, until exclusive. */
export interface TimeRange {
  readonly from?: Date | null;
  readonly until?: Date | null;
}

/** Most alternatives of one filter. */
const MAXIMUM_ALTERNATIVES = 100;

/**
 * The column equals the value; nothing when the value is absent.
 *
 * @throws GatewayError BAD_REQUEST for a value that no text of PostgreSQL can have
 */
export function equals(column: Prisma.Sql, value: string | null | undefined): Prisma.Sql[] {
  return isAbsent(value) ? [] : [Prisma.sql`${column} = ${requireText(value)}`];
}

/** The UUID column equals the id; nothing when the id is absent. */
export function equalsId(column: Prisma.Sql, id: string | null | undefined): Prisma.Sql[] {
  return isAbsent(id) ? [] : [Prisma.sql`${column} = ${id}::uuid`];
}

/** The study column is the study with this Study Instance UID, looked up once a statement. */
export function ofStudy(column: Prisma.Sql, studyInstanceUid: string | null | undefined): Prisma.Sql[] {
  if (isAbsent(studyInstanceUid)) return [];
  return [Prisma.sql`${column} = (SELECT "id" FROM "Study" WHERE "studyInstanceUid" = ${studyInstanceUid})`];
}

/**
 * The column is one of the values. A single one is compared by `=`, because then the index of (column, time, id) also gives
 * the order.
 *
 * @param type - SQL type of the column, when it is an enum
 * @throws GatewayError BAD_REQUEST for too many or no alternatives
 */
export function oneOf(
  column: Prisma.Sql,
  values: readonly string[] | null | undefined,
  type:
    | 'text'
    | '"InferenceState"'
    | '"ModelState"'
    | '"DicomTransferState"'
    | '"RereadJobState"'
    | '"AuditAction"'
    | '"AuditOutcome"' = 'text',
): Prisma.Sql[] {
  if (isAbsent(values)) return [];
  if (values.length === 0 || values.length > MAXIMUM_ALTERNATIVES) {
    throw new GatewayError('BAD_REQUEST', `A filter takes 1 to ${MAXIMUM_ALTERNATIVES} alternatives.`);
  }
  const [single] = values.map(requireText);
  if (values.length === 1) return [Prisma.sql`${column} = ${single}::${Prisma.raw(type)}`];
  return [Prisma.sql`${column} = ANY(${[...values]}::${Prisma.raw(type)}[])`];
}

/**
 * The time column lies in the range.
 *
 * @throws GatewayError BAD_REQUEST for a time outside the years 1 to 9999
 */
export function within(column: Prisma.Sql, range: TimeRange | null | undefined): Prisma.Sql[] {
  const { from, until } = range ?? {};
  return [
    ...(isAbsent(from) ? [] : [Prisma.sql`${column} >= ${toIso(from)}::timestamptz`]),
    ...(isAbsent(until) ? [] : [Prisma.sql`${column} < ${toIso(until)}::timestamptz`]),
  ];
}

/** PostgreSQL knows no character U+0000 and would refuse the whole statement. */
export function requireText(value: string): string {
  if (value.includes('\0')) throw new GatewayError('BAD_REQUEST', 'A text with the character U+0000 is nowhere.');
  return value;
}

/** Years outside 1 to 9999 are written in a form that PostgreSQL does not read. */
function toIso(time: Date): string {
  const year = time.getUTCFullYear();
  if (year < 1 || year > 9999) throw new GatewayError('BAD_REQUEST', 'A time lies in the years 1 to 9999.');
  return time.toISOString();
}

function isAbsent<T>(value: T | null | undefined): value is null | undefined {
  return value === null || value === undefined;
}
