/** What the audit must know of records that an answer shows. These reads see everything: they say whose data was seen. */
import type { PrismaClient } from '../client.ts';

/** The patients of studies, by the studies' UUIDs. */
export async function patientsOfStudies(
  prisma: Pick<PrismaClient, '$queryRaw'>,
  studyIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await prisma.$queryRaw<{ readonly id: string; readonly patientId: string }[]>`
    SELECT "id", "patientId" FROM "Study" WHERE "id" = ANY(${[...studyIds]}::uuid[])`;
  return new Map(rows.map(({ id, patientId }) => [id, patientId]));
}

/** Which of these patients belong to one of the issuers. */
export async function patientsOfIssuers(
  prisma: Pick<PrismaClient, '$queryRaw'>,
  patientIds: readonly string[],
  issuers: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await prisma.$queryRaw<{ readonly id: string }[]>`
    SELECT "id" FROM "Patient" WHERE "id" = ANY(${[...patientIds]}::uuid[]) AND "issuer" = ANY(${[...issuers]}::text[])`;
  return new Set(rows.map(({ id }) => id));
}

/** The UUIDs of studies by their Study Instance UIDs. */
export async function studyIdsOf(
  prisma: Pick<PrismaClient, '$queryRaw'>,
  studyInstanceUids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await prisma.$queryRaw<{ readonly id: string }[]>`
    SELECT "id" FROM "Study" WHERE "studyInstanceUid" = ANY(${[...studyInstanceUids]}::text[])`;
  return new Set(rows.map(({ id }) => id));
}
