/** What pictures of films are drawn from. */
import { Prisma } from '../client.ts';
import { equals } from './conditions.ts';
import type { Reader } from './scope.ts';
import { FINDINGS, INSTANCES } from './tables.ts';
import { isUuid } from './uuid.ts';

/** A stored film and whose it is; ids are UUIDs. */
export interface StoredFilm {
  readonly patientId: string;
  readonly studyId: string;
  readonly instanceId: string;
  /** Where its bytes lie. */
  readonly blobKey: string;
}

/** A finding with its class activation map. */
export interface DrawnFinding extends StoredFilm {
  readonly inferenceId: string;
  readonly findingId: string;
  readonly modelVersionId: string;
  readonly rows: number;
  readonly columns: number;
  /** Row-major logits. */
  readonly values: readonly number[];
}

/** The film with a SOP Instance UID; null where no visible one has it. */
export async function storedFilm({ prisma, scope }: Reader, sopInstanceUid: string): Promise<StoredFilm | null> {
  const conditions = [...equals(INSTANCES.column('sopInstanceUid'), sopInstanceUid), ...INSTANCES.visible(scope)];
  const [film] = await prisma.$queryRaw<StoredFilm[]>`
    SELECT "Instance"."id" AS "instanceId", "Series"."studyId", "Instance"."blobKey", "Study"."patientId"
    FROM ${INSTANCES.from} JOIN "Study" ON "Study"."id" = "Series"."studyId"
    WHERE ${Prisma.join(conditions, ' AND ')}`;
  return film ?? null;
}

/**
 * The newest visible finding of a label of a film, one in clinical use before any other; null where there is none.
 *
 * @param modelVersionId - by this version; any when absent
 */
export async function drawnFinding(
  { prisma, scope }: Reader,
  sopInstanceUid: string,
  label: string,
  modelVersionId: string | undefined,
): Promise<DrawnFinding | null> {
  if (modelVersionId !== undefined && !isUuid(modelVersionId)) return null;
  const conditions = [
    Prisma.sql`"Instance"."sopInstanceUid" = ${sopInstanceUid}`,
    ...equals(FINDINGS.column('label'), label),
    ...(modelVersionId === undefined
      ? []
      : [Prisma.sql`${FINDINGS.column('modelVersionId')} = ${modelVersionId}::uuid`]),
    ...FINDINGS.visible(scope),
  ];
  const [finding] = await prisma.$queryRaw<DrawnFinding[]>`
    SELECT "Finding"."patientId", "Finding"."studyId", "Instance"."id" AS "instanceId", "Instance"."blobKey",
      "Finding"."inferenceId", "Finding"."id" AS "findingId", "Finding"."modelVersionId",
      "Finding"."heatMapRows" AS "rows", "Finding"."heatMapColumns" AS "columns", "Finding"."heatMapValues" AS "values"
    FROM "Instance"
    JOIN "Inference" ON "Inference"."instanceId" = "Instance"."id"
    JOIN "Finding" ON "Finding"."inferenceId" = "Inference"."id"
    WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY "Finding"."shadow", "Finding"."createdAt" DESC, "Finding"."id" DESC LIMIT 1`;
  return finding ?? null;
}
