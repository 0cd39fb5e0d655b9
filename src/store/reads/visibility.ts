/**
 * Which rows a scope lets through, as conditions of SQL. A patient is visible whose issuer is granted, of whom a study is
 * granted, or whose record the subject has opened by breaking the glass; a study and all below it, when its patient is
 * visible by issuer or opening, or when the study itself is granted. Who is granted every issuer adds no condition, so
 * those statements stay as they are.
 *
 * Openings and granted studies are few: PostgreSQL reads them once a statement, by index, into an array (InitPlan) that each
 * row is compared with. The issuer is that of the patient, which a scalar subquery finds by its key: in place of EXISTS the
 * planner would read all patients into a hash, for a page of 50 as for all (2 ms for 20,000 of them, and growing with them).
 */
import { Prisma } from '../client.ts';
import type { AccessScope } from './scope.ts';

/** The scope of somebody who is not granted every issuer. */
type Restricted = AccessScope & { readonly issuers: readonly string[] };

/** For rows of the table Patient. */
export function patientVisible(scope: AccessScope): Prisma.Sql[] {
  if (!isRestricted(scope)) return [];
  const ofGrantedStudies = Prisma.sql`"Patient"."id" = ANY(ARRAY(
    SELECT "patientId" FROM "Study" WHERE "studyInstanceUid" = ANY(${[...scope.studies]}::text[])))`;
  return anyOf([
    Prisma.sql`"Patient"."issuer" = ANY(${[...scope.issuers]}::text[])`,
    opened(Prisma.raw('"Patient"."id"'), scope),
    ...(scope.studies.length === 0 ? [] : [ofGrantedStudies]),
  ]);
}

/** For rows of the table Study. */
export function studyVisible(scope: AccessScope): Prisma.Sql[] {
  if (!isRestricted(scope)) return [];
  return anyOf([
    ...patientGranted(Prisma.raw('"Study"."patientId"'), scope),
    ...(scope.studies.length === 0
      ? []
      : [Prisma.sql`"Study"."studyInstanceUid" = ANY(${[...scope.studies]}::text[])`]),
  ]);
}

/**
 * For rows that know their study alone.
 *
 * @param studyId - its column
 */
export function visibleByStudy(studyId: string, scope: AccessScope): Prisma.Sql[] {
  if (!isRestricted(scope)) return [];
  return [studyOf(Prisma.sql`owner."id" = ${Prisma.raw(studyId)}`, scope)];
}

/**
 * For rows that know their study and their patient.
 *
 * @param table - has the columns studyId and patientId
 */
export function visibleByPatient(table: string, scope: AccessScope): Prisma.Sql[] {
  if (!isRestricted(scope)) return [];
  const ofGrantedStudies = Prisma.sql`${column(table, 'studyId')} = ANY(ARRAY(
    SELECT "id" FROM "Study" WHERE "studyInstanceUid" = ANY(${[...scope.studies]}::text[])))`;
  return anyOf([
    ...patientGranted(column(table, 'patientId'), scope),
    ...(scope.studies.length === 0 ? [] : [ofGrantedStudies]),
  ]);
}

/** Readings, and what was found: not by versions out of clinical use, for those who may not see them. */
export function clinicalOnly(table: string, scope: AccessScope): Prisma.Sql[] {
  return scope.shadow ? [] : [Prisma.sql`NOT ${column(table, 'shadow')}`];
}

/** For rows of the table FindingReview: as the reading that is reviewed. */
export function reviewVisible(scope: AccessScope): Prisma.Sql[] {
  const clinical = Prisma.sql`NOT (
    SELECT "Inference"."shadow" FROM "Inference" WHERE "Inference"."id" = "FindingReview"."inferenceId")`;
  return [...visibleByPatient('FindingReview', scope), ...(scope.shadow ? [] : [clinical])];
}

/** For rows of the table PatientDiscrepancy: those of a film as the film. */
export function discrepancyVisible(scope: AccessScope): Prisma.Sql[] {
  if (!isRestricted(scope)) return [];
  const ofGrantedStudies = Prisma.sql`"PatientDiscrepancy"."instanceId" IN (
    SELECT "Instance"."id" FROM "Study" JOIN "Series" ON "Series"."studyId" = "Study"."id"
    JOIN "Instance" ON "Instance"."seriesId" = "Series"."id"
    WHERE "Study"."studyInstanceUid" = ANY(${[...scope.studies]}::text[]))`;
  return anyOf([
    ...patientGranted(Prisma.raw('"PatientDiscrepancy"."patientId"'), scope),
    ...(scope.studies.length === 0 ? [] : [ofGrantedStudies]),
  ]);
}

/** For rows of the table DicomTransfer: those of studies that are visible, or granted before they have come. */
export function transferVisible(scope: AccessScope): Prisma.Sql[] {
  if (!isRestricted(scope)) return [];
  const uid = Prisma.raw('"DicomTransfer"."studyInstanceUid"');
  return anyOf([
    studyOf(Prisma.sql`owner."studyInstanceUid" = ${uid}`, scope),
    ...(scope.studies.length === 0 ? [] : [Prisma.sql`${uid} = ANY(${[...scope.studies]}::text[])`]),
  ]);
}

/** For rows of the table RereadJob: of what goes beyond a study only those are told who are granted every issuer. */
export function rereadJobVisible(scope: AccessScope): Prisma.Sql[] {
  if (!isRestricted(scope)) return [];
  return [studyOf(Prisma.sql`owner."id" = ("RereadJob"."selection"->'study'->>'id')::uuid`, scope)];
}

/** For rows of the table BreakGlass: one's own, and for auditors those of the patients whose issuer is granted. */
export function openingVisible(scope: AccessScope): Prisma.Sql[] {
  const own = Prisma.sql`"BreakGlass"."subject" = ${scope.subject}`;
  if (!scope.openings) return [own];
  if (!isRestricted(scope)) return [];
  return anyOf([own, ...issuerGranted(Prisma.raw('"BreakGlass"."patientId"'), scope)]);
}

/**
 * For entries of the change feed. What concerns no patient is for everybody; break-glass for those who see openings, what tells
 * of the governance of model versions beside their moves for those who see shadow readings, jobs of re-readings as the jobs.
 */
export function changeVisible(scope: AccessScope): Prisma.Sql[] {
  const clinical = Prisma.sql`NOT COALESCE(
    (SELECT "Inference"."shadow" FROM "Inference" WHERE "Inference"."id" = "Change"."inferenceId"), FALSE)`;
  const concerned = isRestricted(scope)
    ? anyOf([Prisma.sql`"Change"."patientId" IS NULL`, ...visibleByPatient('Change', scope)])
    : [];
  const jobVisible = rereadJobVisible(scope);
  return [
    ...(scope.openings ? [] : [Prisma.sql`"Change"."type" NOT IN ('BREAK_GLASS_OPENED', 'BREAK_GLASS_ENDED')`]),
    ...(scope.shadow ? [] : [clinical, NO_GOVERNANCE]),
    ...jobVisible.map(
      (visible) => Prisma.sql`("Change"."rereadJobId" IS NULL OR (
      SELECT ${visible} FROM "RereadJob" WHERE "RereadJob"."id" = "Change"."rereadJobId"))`,
    ),
    ...concerned,
  ];
}

const NO_GOVERNANCE = Prisma.sql`"Change"."type" NOT IN ('REREAD_JOB_CHANGED', 'MODEL_TRANSITION_REQUESTED', 'MODEL_DRIFT_ALERT')`;

/** By the issuer of the patient or by an opening. */
function patientGranted(patientId: Prisma.Sql, scope: Restricted): Prisma.Sql[] {
  return [...issuerGranted(patientId, scope), opened(patientId, scope)];
}

function issuerGranted(patientId: Prisma.Sql, { issuers }: Restricted): Prisma.Sql[] {
  if (issuers.length === 0) return [];
  return [
    Prisma.sql`(SELECT granted."issuer" FROM "Patient" AS granted WHERE granted."id" = ${patientId})
      = ANY(${[...issuers]}::text[])`,
  ];
}

/** now() is that of the statement's transaction: an opening that has expired or was ended counts no more. */
function opened(patientId: Prisma.Sql, { subject }: Restricted): Prisma.Sql {
  return Prisma.sql`${patientId} = ANY(ARRAY(
    SELECT "patientId" FROM "BreakGlass"
    WHERE "subject" = ${subject} AND "expiresAt" > now() AND "endedAt" IS NULL))`;
}

/**
 * Whether the study for which the condition holds is visible.
 *
 * @param condition - on its key; the study is called owner
 */
function studyOf(condition: Prisma.Sql, scope: Restricted): Prisma.Sql {
  const grants = anyOf([
    Prisma.sql`granted."issuer" = ANY(${[...scope.issuers]}::text[])`,
    opened(Prisma.raw('granted."id"'), scope),
    ...(scope.studies.length === 0 ? [] : [Prisma.sql`owner."studyInstanceUid" = ANY(${[...scope.studies]}::text[])`]),
  ]);
  return Prisma.sql`(
    SELECT ${Prisma.join(grants)} FROM "Study" AS owner JOIN "Patient" AS granted ON granted."id" = owner."patientId"
    WHERE ${condition})`;
}

function anyOf(alternatives: readonly Prisma.Sql[]): Prisma.Sql[] {
  return [Prisma.sql`(${Prisma.join([...alternatives], ' OR ')})`];
}

function column(table: string, name: string): Prisma.Sql {
  return Prisma.raw(`"${table}"."${name}"`);
}

function isRestricted(scope: AccessScope): scope is Restricted {
  return scope.issuers !== 'ALL';
}
