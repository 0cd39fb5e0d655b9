/** The rows of a reading's findings. */
import type { Transaction } from './client.ts';
import type { ClaimedInference, NewResult } from './inference-records.ts';

/**
 * Writes the findings of a result. One statement: through the client's own insert, 14 rows with their grids took 5 ms of
 * processor time.
 *
 * @param ids - UUIDs, one a finding of the result, in its order
 */
export async function insertFindings(
  tx: Transaction,
  claimed: ClaimedInference,
  result: NewResult,
  ids: readonly string[],
): Promise<void> {
  const { inferenceId, studyId, patientId, modelVersionId } = claimed;
  const rows = result.findings.map(({ code, heatMap, ...finding }, index) => ({
    id: ids[index],
    ...finding,
    codeSystem: code?.system,
    codeValue: code?.value,
    codeDisplay: code?.display,
    heatMapValues: heatMap,
  }));
  await tx.$executeRaw`
    INSERT INTO "Finding" ("id", "inferenceId", "studyId", "patientId", "modelVersionId", "label", "probability", "threshold",
      "positive", "shadow", "codeSystem", "codeValue", "codeDisplay", "heatMapRows", "heatMapColumns", "heatMapValues")
    SELECT "id", ${inferenceId}::uuid, ${studyId}::uuid, ${patientId}::uuid, ${modelVersionId}::uuid,
      "label", "probability", "threshold", "positive",
      (SELECT "shadow" FROM "Inference" WHERE "id" = ${inferenceId}::uuid), "codeSystem", "codeValue", "codeDisplay",
      ${result.heatMapRows}::int, ${result.heatMapColumns}::int, "heatMapValues"
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS finding (
      "id" uuid, "label" text, "probability" float8, "threshold" float8, "positive" boolean, "codeSystem" text, "codeValue" text,
      "codeDisplay" text, "heatMapValues" float8[])`;
}
