/** A finding with all that it was made from, to make it again. */
import { Prisma } from '../client.ts';
import type { Reader } from './scope.ts';
import { FINDINGS } from './tables.ts';

/** As it was recorded; ids are UUIDs. Null is what was not kept yet when an old reading was made. */
export interface RecordedFinding {
  readonly findingId: string;
  readonly inferenceId: string;
  readonly instanceId: string;
  readonly studyId: string;
  readonly patientId: string;
  readonly modelVersionId: string;
  readonly label: string;
  readonly probability: number;
  readonly heatMapValues: readonly number[];
  readonly executedDigest: string | null;
  readonly preprocessingVersion: string | null;
  readonly gatewayVersion: string | null;
  readonly runtime: string | null;
  readonly processor: string | null;
  readonly modelName: string;
  readonly modelVersion: string;
  readonly modelDigest: string;
  readonly filmSha256: string;
  /** Where the bytes of the film lie. */
  readonly blobKey: string;
}

/** What a finding was made from; null where no visible finding has the id. */
export async function recordedFinding({ prisma, scope }: Reader, id: string): Promise<RecordedFinding | null> {
  const conditions = [Prisma.sql`${FINDINGS.column('id')} = ${id}::uuid`, ...FINDINGS.visible(scope)];
  const [found] = await prisma.$queryRaw<RecordedFinding[]>`
    SELECT "Finding"."id" AS "findingId", "Finding"."inferenceId", "Inference"."instanceId", "Finding"."studyId",
      "Finding"."patientId", "Finding"."modelVersionId", "Finding"."label", "Finding"."probability", "Finding"."heatMapValues",
      "Inference"."executedDigest", "Inference"."preprocessingVersion", "Inference"."gatewayVersion", "Inference"."runtime",
      "Inference"."processor", "ModelVersion"."name" AS "modelName", "ModelVersion"."version" AS "modelVersion",
      "ModelVersion"."digest" AS "modelDigest", "Instance"."sha256" AS "filmSha256", "Instance"."blobKey"
    FROM ${FINDINGS.from} JOIN "Inference" ON "Inference"."id" = "Finding"."inferenceId"
    JOIN "Instance" ON "Instance"."id" = "Inference"."instanceId"
    JOIN "ModelVersion" ON "ModelVersion"."id" = "Finding"."modelVersionId"
    WHERE ${Prisma.join(conditions, ' AND ')}`;
  return found ?? null;
}
