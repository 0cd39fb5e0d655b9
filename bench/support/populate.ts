/** Fills a database with studies as a hospital would have them: one film a study, 14 findings a film. */
import { CHEST_XRAY_14_LABELS } from '../../src/inference/compile/extract/labels.ts';
import type { Store } from '../../src/store/store.ts';

/** Adds studies number `from` + 1 to `to`, then lets PostgreSQL look at what it has. */
export async function populate(store: Store, from: number, to: number): Promise<void> {
  const model = await store.modelVersions.active();
  if (model === null) throw new Error('no model version is active');
  const range = `generate_series(${from + 1}, ${to}) AS n`;
  const id = (kind: string) => `md5('${kind}' || n)::uuid`;
  const at = `timestamptz '2025-01-01' + n * interval '5 minutes'`;
  for (const sql of [
    `INSERT INTO "Patient" ("id", "mrn", "issuer", "name", "birthDate", "sex", "createdAt")
     SELECT ${id('patient')}, 'M' || n, 'BENCH', 'NAME^' || n, date '1950-01-01' + n % 20000, 'FEMALE', ${at} FROM ${range}`,
    `INSERT INTO "Study" ("id", "studyInstanceUid", "patientId", "accessionNumber", "studyDate", "description", "createdAt")
     SELECT ${id('study')}, '2.25.1' || n, ${id('patient')}, 'A' || n, ${at}, 'Chest', ${at} FROM ${range}`,
    `INSERT INTO "Series" ("id", "seriesInstanceUid", "studyId", "modality", "bodyPart", "viewPosition", "createdAt")
     SELECT ${id('series')}, '2.25.2' || n, ${id('study')}, 'DX', 'CHEST', 'PA', ${at} FROM ${range}`,
    `INSERT INTO "Instance" ("id", "sopInstanceUid", "seriesId", "sopClassUid", "transferSyntaxUid", "rows", "columns",
       "photometricInterpretation", "sha256", "byteLength", "blobKey", "eligibility", "eligibilityReasons", "createdAt")
     SELECT ${id('instance')}, '2.25.3' || n, ${id('series')}, '1.2.840.10008.5.1.4.1.1.1.1', '1.2.840.10008.1.2.1', 2048, 2048,
       'MONOCHROME2', repeat(md5(n::text), 2), 8389000, 'none', 'READ', '{}', ${at} FROM ${range}`,
    `INSERT INTO "Inference" ("id", "instanceId", "modelVersionId", "studyId", "patientId", "state", "attempts", "warnings",
       "queuedAt", "startedAt", "completedAt", "createdAt")
     SELECT ${id('inference')}, ${id('instance')}, '${model.id}', ${id('study')}, ${id('patient')}, 'DONE', 1, '{}', ${at}, ${at}, ${at}, ${at}
     FROM ${range}`,
    `INSERT INTO "Finding" ("id", "inferenceId", "studyId", "patientId", "modelVersionId", "label", "probability", "threshold",
       "positive", "heatMapRows", "heatMapColumns", "heatMapValues", "createdAt")
     SELECT md5('finding' || n || label)::uuid, ${id('inference')}, ${id('study')}, ${id('patient')}, '${model.id}', label,
       (n % 97) / 97.0, 0.5, n % 97 > 48, 4, 4, array_fill(0.5::float8, ARRAY[16]), ${at}
     FROM ${range} CROSS JOIN unnest(ARRAY['${CHEST_XRAY_14_LABELS.join("','")}']) AS label`,
  ]) {
    await store.prisma.$executeRawUnsafe(sql);
  }
  await store.prisma.$executeRawUnsafe('ANALYZE');
}
