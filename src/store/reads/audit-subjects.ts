/**
 * What the ids of audit records stand for, as other systems know it: medical record numbers and UIDs. Looked up when the audit is
 * exported, because the records themselves hold nothing of a patient.
 */
import type { PrismaClient } from '../client.ts';
import type { AuditRecordRow } from './audit-records.ts';

/** Whom it concerns. */
export interface ConcernedPatient {
  readonly id: string;
  readonly mrn: string;
  readonly issuer: string;
}

/** An instance that it concerns. */
export interface ConcernedInstance {
  readonly sopInstanceUid: string;
  readonly sopClassUid: string;
}

/** A study that it concerns, with those of its instances that it concerns. */
export interface ConcernedStudy {
  readonly studyInstanceUid: string;
  readonly accessionNumber: string | null;
  readonly instances: readonly ConcernedInstance[];
}

/** A record with what it concerns. */
export interface AuditedEvent {
  readonly record: AuditRecordRow;
  readonly patient: ConcernedPatient | null;
  readonly studies: readonly ConcernedStudy[];
  /** name@version. */
  readonly modelVersions: readonly string[];
}

/** A few statements for all records together. Ids of which there is no row are left out. */
export async function withSubjects(
  prisma: PrismaClient,
  records: readonly AuditRecordRow[],
): Promise<readonly AuditedEvent[]> {
  const [instances, studiesOf, modelVersions] = await Promise.all([
    instancesById(prisma, idsOf(records, 'instanceIds')),
    studiesOfReadings(prisma, idsOf(records, 'inferenceIds'), idsOf(records, 'findingIds')),
    modelVersionsById(prisma, idsOf(records, 'modelVersionIds')),
  ]);
  const studyIdsOf = (record: AuditRecordRow) => [
    ...new Set([
      ...record.studyIds,
      ...found(record.instanceIds, (id) => instances.get(id)?.studyId),
      ...found([...record.inferenceIds, ...record.findingIds], (id) => studiesOf.get(id)),
    ]),
  ];
  const studies = await studiesById(prisma, [...new Set(records.flatMap(studyIdsOf))]);
  // A record that names a study alone concerns its patient too.
  const patientIdOf = (record: AuditRecordRow) =>
    record.patientId ?? found(studyIdsOf(record), (id) => studies.get(id)?.patientId)[0];
  const patients = await patientsById(prisma, [...new Set(found(records, patientIdOf))]);
  return records.map((record) => {
    const ofStudy = Map.groupBy(
      found(record.instanceIds, (id) => instances.get(id)),
      ({ studyId }) => studyId,
    );
    return {
      record,
      patient: patients.get(patientIdOf(record) ?? '') ?? null,
      studies: studyIdsOf(record).flatMap((id) => {
        const study = studies.get(id);
        if (study === undefined) return [];
        const { studyInstanceUid, accessionNumber } = study;
        return [{ studyInstanceUid, accessionNumber, instances: ofStudy.get(id) ?? [] }];
      }),
      modelVersions: found(record.modelVersionIds, (id) => modelVersions.get(id)),
    };
  });
}

type IdList = 'instanceIds' | 'inferenceIds' | 'findingIds' | 'modelVersionIds';

function idsOf(records: readonly AuditRecordRow[], list: IdList): string[] {
  return [...new Set(records.flatMap((record) => record[list]))];
}

function found<From, To>(values: readonly From[], look: (value: From) => To | null | undefined): To[] {
  return values.flatMap((value) => look(value) ?? []);
}

async function instancesById(prisma: PrismaClient, ids: readonly string[]) {
  if (ids.length === 0) return new Map<string, ConcernedInstance & { readonly studyId: string }>();
  const rows = await prisma.$queryRaw<(ConcernedInstance & { readonly id: string; readonly studyId: string })[]>`
    SELECT "Instance"."id", "Instance"."sopInstanceUid", "Instance"."sopClassUid", "Series"."studyId"
    FROM "Instance" JOIN "Series" ON "Series"."id" = "Instance"."seriesId"
    WHERE "Instance"."id" = ANY(${[...ids]}::uuid[])`;
  return new Map(rows.map((row) => [row.id, row]));
}

/** The studies of inferences and of findings, by the ids of both: no UUID is that of one and of another. */
async function studiesOfReadings(
  prisma: PrismaClient,
  inferenceIds: readonly string[],
  findingIds: readonly string[],
): Promise<Map<string, string>> {
  if (inferenceIds.length + findingIds.length === 0) return new Map();
  const rows = await prisma.$queryRaw<{ readonly id: string; readonly studyId: string }[]>`
    SELECT "id", "studyId" FROM "Inference" WHERE "id" = ANY(${[...inferenceIds]}::uuid[])
    UNION ALL
    SELECT "id", "studyId" FROM "Finding" WHERE "id" = ANY(${[...findingIds]}::uuid[])`;
  return new Map(rows.map(({ id, studyId }) => [id, studyId]));
}

async function studiesById(prisma: PrismaClient, ids: readonly string[]) {
  const rows =
    ids.length === 0
      ? []
      : await prisma.$queryRaw<
          {
            readonly id: string;
            readonly patientId: string;
            readonly studyInstanceUid: string;
            readonly accessionNumber: string | null;
          }[]
        >`
          SELECT "id", "patientId", "studyInstanceUid", "accessionNumber" FROM "Study"
          WHERE "id" = ANY(${[...ids]}::uuid[])`;
  return new Map(rows.map((row) => [row.id, row]));
}

async function patientsById(prisma: PrismaClient, ids: readonly string[]): Promise<Map<string, ConcernedPatient>> {
  if (ids.length === 0) return new Map();
  const rows = await prisma.$queryRaw<ConcernedPatient[]>`
    SELECT "id", "mrn", "issuer" FROM "Patient" WHERE "id" = ANY(${[...ids]}::uuid[])`;
  return new Map(rows.map((row) => [row.id, row]));
}

async function modelVersionsById(prisma: PrismaClient, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await prisma.$queryRaw<{ readonly id: string; readonly named: string }[]>`
    SELECT "id", "name" || '@' || "version" AS "named" FROM "ModelVersion" WHERE "id" = ANY(${[...ids]}::uuid[])`;
  return new Map(rows.map(({ id, named }) => [id, named]));
}
