/**
 * Pages of the audit. Positions of the chain have no gaps and never move, so a position is the whole key of a page. Records that
 * are not sealed yet have none and come with the next page.
 */
import { GatewayError } from '../../errors.ts';
import { Prisma } from '../client.ts';
import type { AccessRole, AuditAction, AuditOutcome, IdentityKind } from '../generated/enums.ts';
import { equals, equalsId, oneOf, requireText, type TimeRange, within } from './conditions.ts';
import { COUNT_LIMIT, type Direction, type Page, type PageRequest, pageSize } from './keyset.ts';
import type { AccessScope, Reader } from './scope.ts';

/** A sealed record, with what is worth knowing of the break-glass opening that made it possible. */
export interface AuditRecordRow {
  readonly position: bigint;
  readonly hash: string;
  readonly occurredAt: Date;
  readonly subject: string;
  readonly identityKind: IdentityKind;
  readonly displayName: string | null;
  readonly roles: readonly AccessRole[];
  readonly sourceAddress: string | null;
  readonly requestId: string | null;
  readonly operation: string;
  readonly action: AuditAction;
  readonly purpose: string;
  readonly outcome: AuditOutcome;
  readonly errorCode: string | null;
  readonly breakGlassId: string | null;
  readonly breakGlassReason: string | null;
  readonly patientId: string | null;
  readonly studyIds: readonly string[];
  readonly instanceIds: readonly string[];
  readonly inferenceIds: readonly string[];
  readonly findingIds: readonly string[];
  readonly modelVersionIds: readonly string[];
  /** JSON text. */
  readonly details: string | null;
}

/** Which records; all conditions must hold. */
export interface AuditRecordFilter {
  readonly patientId?: string | null;
  readonly subject?: string | null;
  readonly actions?: readonly AuditAction[] | null;
  readonly outcomes?: readonly AuditOutcome[] | null;
  /** Beginning of the operation. */
  readonly operationPrefix?: string | null;
  readonly occurredAt?: TimeRange | null;
  /** True: only what a break-glass opening made possible. */
  readonly breakGlass?: boolean | null;
}

/** Where the chain stands. */
export interface AuditChainHead {
  /** UUID of this database's chain. */
  readonly chain: string;
  readonly position: bigint;
  readonly hash: string;
}

const LIST = 'auditTrail';

const ARRAYS = ['studyIds', 'instanceIds', 'inferenceIds', 'findingIds', 'modelVersionIds'];
const SCALARS = [
  'position',
  'hash',
  'occurredAt',
  'subject',
  'identityKind',
  'displayName',
  'sourceAddress',
  'requestId',
  'operation',
  'action',
  'purpose',
  'outcome',
  'errorCode',
  'breakGlassId',
  'patientId',
  'details',
];

/** The driver does not know arrays of the enumeration, and an empty array may be stored as null. */
const COLUMNS = Prisma.raw(
  [
    ...SCALARS.map((name) => `"AuditRecord"."${name}"`),
    `COALESCE("AuditRecord"."roles"::text[], '{}') AS "roles"`,
    ...ARRAYS.map((name) => `COALESCE("AuditRecord"."${name}"::text[], '{}') AS "${name}"`),
    '"BreakGlass"."reason" AS "breakGlassReason"',
  ].join(', '),
);

const FROM = Prisma.sql`"AuditRecord" LEFT JOIN "BreakGlass" ON "BreakGlass"."id" = "AuditRecord"."breakGlassId"`;

const column = (name: string) => Prisma.raw(`"AuditRecord"."${name}"`);

/**
 * One page of the audit, in the order of the chain or against it.
 *
 * @throws GatewayError BAD_REQUEST, CURSOR_INVALID
 */
export async function listAuditRecords(
  { prisma, scope }: Reader,
  filter: AuditRecordFilter,
  direction: Direction,
  request: PageRequest,
): Promise<Page<AuditRecordRow>> {
  const { size, backward } = pageSize(request);
  const ascending = direction === 'ASC';
  const reading = Prisma.raw(ascending === backward ? 'DESC' : 'ASC');
  const listed = [...conditionsOf(filter), ...recordVisible(scope)];
  const conditions = [
    ...listed,
    ...beyond(request.after, ascending ? '>' : '<'),
    ...beyond(request.before, ascending ? '<' : '>'),
  ];
  const found = await prisma.$queryRaw<AuditRecordRow[]>`
    SELECT ${COLUMNS} FROM ${FROM} WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY ${column('position')} ${reading} LIMIT ${size + 1}`;
  const more = found.length > size;
  const rows = backward ? found.slice(0, size).reverse() : found.slice(0, size);
  return {
    rows,
    cursors: rows.map(({ position }) => encodePosition(position)),
    hasNextPage: backward ? isGiven(request.before) : more,
    hasPreviousPage: backward ? more : isGiven(request.after),
    count: async () => {
      const [row] = await prisma.$queryRaw<{ readonly count: number }[]>`
        SELECT count(*)::integer AS "count" FROM (
          SELECT 1 FROM "AuditRecord" WHERE ${Prisma.join(listed, ' AND ')} LIMIT ${COUNT_LIMIT}
        ) AS counted`;
      return row?.count ?? 0;
    },
  };
}

/** Records after a position in the order of the chain, whosever they are: for exports. */
export async function auditRecordsAfter(
  { prisma }: Pick<Reader, 'prisma'>,
  after: bigint,
  limit: number,
  filter: AuditRecordFilter = {},
): Promise<readonly AuditRecordRow[]> {
  const conditions = [...conditionsOf(filter), Prisma.sql`${column('position')} > ${after}`];
  return prisma.$queryRaw<AuditRecordRow[]>`
    SELECT ${COLUMNS} FROM ${FROM} WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY ${column('position')} LIMIT ${limit}`;
}

/** The head of the chain. */
export async function auditHead({ prisma }: Pick<Reader, 'prisma'>): Promise<AuditChainHead> {
  return prisma.auditHead.findUniqueOrThrow({
    where: { id: 1 },
    select: { chain: true, position: true, hash: true },
  });
}

function conditionsOf(filter: AuditRecordFilter): Prisma.Sql[] {
  const { outcomes, breakGlass, operationPrefix } = filter;
  return [
    Prisma.sql`${column('position')} IS NOT NULL`,
    ...equalsId(column('patientId'), filter.patientId),
    ...equals(column('subject'), filter.subject),
    ...oneOf(column('action'), filter.actions, '"AuditAction"'),
    ...oneOf(column('outcome'), outcomes, '"AuditOutcome"'),
    // Said once more as a constant, which is what the partial index is found by.
    ...(isGiven(outcomes) && !outcomes.includes('SUCCESS') ? [Prisma.sql`${column('outcome')} <> 'SUCCESS'`] : []),
    ...(isGiven(operationPrefix) && operationPrefix !== '' ? [beginsWith(operationPrefix)] : []),
    ...within(column('occurredAt'), filter.occurredAt),
    ...(isGiven(breakGlass)
      ? [Prisma.sql`${column('breakGlassId')} ${Prisma.raw(breakGlass ? 'IS NOT NULL' : 'IS NULL')}`]
      : []),
  ];
}

/** What concerns no patient is for every auditor; the rest goes by the issuer of the patient. An auditor opens no records. */
function recordVisible({ issuers }: AccessScope): Prisma.Sql[] {
  if (issuers === 'ALL') return [];
  return [
    Prisma.sql`(${column('patientId')} IS NULL OR EXISTS (
      SELECT 1 FROM "Patient" AS granted
      WHERE granted."id" = ${column('patientId')} AND granted."issuer" = ANY(${[...issuers]}::text[])))`,
  ];
}

function beginsWith(prefix: string): Prisma.Sql {
  return Prisma.sql`starts_with(${column('operation')}, ${requireText(prefix)})`;
}

function beyond(cursor: string | null | undefined, comparison: '<' | '>'): Prisma.Sql[] {
  if (!isGiven(cursor)) return [];
  return [Prisma.sql`${column('position')} ${Prisma.raw(comparison)} ${decodePosition(cursor)}`];
}

function encodePosition(position: bigint): string {
  return Buffer.from(`${LIST}:${position}`).toString('base64url');
}

function decodePosition(cursor: string): bigint {
  const match = /^auditTrail:(\d{1,18})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (match?.[1] === undefined) throw new GatewayError('CURSOR_INVALID', 'This is not a cursor of the audit.');
  return BigInt(match[1]);
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
