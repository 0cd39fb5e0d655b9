/**
 * Reads for de-identified views. They are listed in an order that says nothing: by a digest of the id, which nobody is shown, since
 * ids and times alike would tell in which order the studies came.
 */
import { Prisma } from '../client.ts';
import { type FindingFilter, findingConditions } from './findings.ts';
import { COUNT_LIMIT, pageSize } from './keyset.ts';
import type { StoredFilm } from './pictures.ts';
import type { Reader } from './scope.ts';
import { FINDINGS, INSTANCES, STUDIES, type StudyRow } from './tables.ts';

/** Which studies: those with a finding for which all of it holds; every study when nothing is given. */
export type DeidentifiedFilter = Pick<FindingFilter, 'labels' | 'positive' | 'minimumProbability'>;

/** A part of the list. */
export interface DeidentifiedPage {
  readonly rows: readonly StudyRow[];
  readonly hasNextPage: boolean;
  /** Studies of the whole list, counted up to {@link COUNT_LIMIT}; costs a statement. */
  count(): Promise<number>;
}

/** The expression of Study_deidentified_order_idx. */
const digestOf = (id: Prisma.Sql): Prisma.Sql => Prisma.sql`sha256(uuid_send(${id}))`;

/**
 * The next studies in the order that says nothing.
 *
 * @param reader - of readings in clinical use only: a filter must not find what is not shown
 * @param after - UUID of the study before the page
 * @throws GatewayError BAD_REQUEST for a size or a filter out of bounds
 */
export async function listDeidentifiedStudies(
  reader: Reader,
  filter: DeidentifiedFilter,
  first: number | null | undefined,
  after: string | undefined,
): Promise<DeidentifiedPage> {
  const { size } = pageSize({ first: first ?? null });
  const key = digestOf(STUDIES.column('id'));
  const listed = [...hasFinding(reader, filter), ...STUDIES.visible(reader.scope)];
  const paged =
    after === undefined ? listed : [...listed, Prisma.sql`${key} > ${digestOf(Prisma.sql`${after}::uuid`)}`];
  const found = await reader.prisma.$queryRaw<StudyRow[]>`
    SELECT ${STUDIES.columns} FROM ${STUDIES.from} ${where(paged)} ORDER BY ${key} LIMIT ${size + 1}`;
  return {
    rows: found.slice(0, size),
    hasNextPage: found.length > size,
    count: async () => {
      const [row] = await reader.prisma.$queryRaw<{ readonly count: number }[]>`
        SELECT count(*)::integer AS "count" FROM (
          SELECT 1 FROM ${STUDIES.from} ${where(listed)} LIMIT ${COUNT_LIMIT}) AS counted`;
      return row?.count ?? 0;
    },
  };
}

/** The film with an id; null where no visible one has it. */
export async function storedFilmById({ prisma, scope }: Reader, instanceId: string): Promise<StoredFilm | null> {
  const conditions = [Prisma.sql`${INSTANCES.column('id')} = ${instanceId}::uuid`, ...INSTANCES.visible(scope)];
  const [film] = await prisma.$queryRaw<StoredFilm[]>`
    SELECT "Instance"."id" AS "instanceId", "Series"."studyId", "Instance"."blobKey", "Study"."patientId"
    FROM ${INSTANCES.from} JOIN "Study" ON "Study"."id" = "Series"."studyId" ${where(conditions)}`;
  return film ?? null;
}

/** A record that has a UID. */
export interface RecordOfUid {
  readonly uid: string;
  readonly kind: 'study' | 'series' | 'instance';
  /** UUID. */
  readonly id: string;
}

/**
 * The records with these UIDs, whoever may see them: what is said of them is a pseudonym, and that must be the same for everybody.
 *
 * @param uids - each once
 */
export async function recordsOfUids(
  { prisma }: Pick<Reader, 'prisma'>,
  uids: readonly string[],
): Promise<RecordOfUid[]> {
  const list = Prisma.sql`ANY(${[...uids]}::text[])`;
  return prisma.$queryRaw<RecordOfUid[]>`
    SELECT "studyInstanceUid" AS "uid", 'study' AS "kind", "id" FROM "Study" WHERE "studyInstanceUid" = ${list}
    UNION ALL
    SELECT "seriesInstanceUid", 'series', "id" FROM "Series" WHERE "seriesInstanceUid" = ${list}
    UNION ALL
    SELECT "sopInstanceUid", 'instance', "id" FROM "Instance" WHERE "sopInstanceUid" = ${list}`;
}

function hasFinding({ scope }: Reader, filter: DeidentifiedFilter): Prisma.Sql[] {
  const conditions = findingConditions(filter);
  if (conditions.length === 0) return [];
  const all = [Prisma.sql`"Finding"."studyId" = "Study"."id"`, ...conditions, ...FINDINGS.visible(scope)];
  return [Prisma.sql`EXISTS (SELECT 1 FROM ${FINDINGS.from} WHERE ${Prisma.join(all, ' AND ')})`];
}

function where(conditions: readonly Prisma.Sql[]): Prisma.Sql {
  return conditions.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join([...conditions], ' AND ')}`;
}
