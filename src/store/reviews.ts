/**
 * What clinicians say of findings, and of findings that are missing. A review is appended and never changed; of what one
 * reviewer says of one label of one reading the newest counts (reads/performance.ts). The row and its audit record are one
 * transaction, and only what the reviewer may see can be reviewed: the rest is not there.
 */
import { GatewayError } from '../errors.ts';
import { appendAudit } from './audit/append.ts';
import type { AuditActor } from './audit/audit-entry.ts';
import { Prisma, type PrismaClient, type Transaction } from './client.ts';
import type { ReviewVerdict } from './generated/enums.ts';
import { isVisible } from './model-state.ts';
import { requireText } from './reads/conditions.ts';
import type { AccessScope } from './reads/scope.ts';
import { FINDINGS, INFERENCES } from './reads/tables.ts';

/** A verdict on a finding. */
export type FindingVerdict = Exclude<ReviewVerdict, 'MISSED'>;

/** Who reviews, with what they may see. */
interface Reviewing {
  readonly comment: string | null;
  readonly scope: AccessScope;
  readonly by: AuditActor;
}

/** A review of a finding. */
export interface NewReview extends Reviewing {
  /** UUID of the finding. */
  readonly findingId: string;
  readonly verdict: FindingVerdict;
}

/** A finding that a reading lacks. */
export interface NewMissedFinding extends Reviewing {
  /** UUID of the inference. */
  readonly inferenceId: string;
  /** A label of the model, in any case and with spaces for its underscores, or words of the reviewer: 1 to 200 characters. */
  readonly label: string;
}

const LONGEST_COMMENT = 2000;
const LONGEST_LABEL = 200;

/** What is reviewed. */
interface Subject {
  readonly findingId: string | null;
  readonly inferenceId: string;
  readonly modelVersionId: string;
  readonly studyId: string;
  readonly patientId: string;
  readonly label: string;
}

/** Writes of reviews. */
export class ReviewStore {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /**
   * Records what somebody says of a finding.
   *
   * @returns the UUID of the review
   * @throws GatewayError NOT_FOUND for a finding that is unknown or not visible, BAD_REQUEST for a comment that is too long
   */
  async record({ findingId, verdict, comment, scope, by }: NewReview): Promise<string> {
    const words = checkedComment(comment);
    return this.#prisma.$transaction(async (tx) => {
      const conditions = [Prisma.sql`"Finding"."id" = ${findingId}::uuid`, ...FINDINGS.visible(scope)];
      const [subject] = await tx.$queryRaw<Subject[]>`
        SELECT "id" AS "findingId", "inferenceId", "modelVersionId", "studyId", "patientId", "label"
        FROM "Finding" WHERE ${Prisma.join(conditions, ' AND ')}`;
      if (subject === undefined) throw new GatewayError('NOT_FOUND', 'There is no such finding.');
      return append(tx, subject, verdict, words, by);
    });
  }

  /**
   * Records that a reading lacks a finding. Of a label of the model this is the same as disagreeing with its negative finding.
   *
   * @returns the UUID of the review
   * @throws GatewayError NOT_FOUND for a reading that is unknown or not visible; INVALID_STATE for one that is not DONE, and
   *   when it has found the label; BAD_REQUEST for a label or comment that is too long
   */
  async recordMissed({ inferenceId, label, comment, scope, by }: NewMissedFinding): Promise<string> {
    const words = checkedComment(comment);
    const named = requireText(label).trim();
    if (!isVisible(named) || named.length > LONGEST_LABEL) {
      throw new GatewayError('BAD_REQUEST', `A label has 1 to ${LONGEST_LABEL} characters.`);
    }
    return this.#prisma.$transaction(async (tx) => {
      const conditions = [Prisma.sql`"Inference"."id" = ${inferenceId}::uuid`, ...INFERENCES.visible(scope)];
      const [reading] = await tx.$queryRaw<(Subject & { readonly state: string })[]>`
        SELECT "id" AS "inferenceId", "modelVersionId", "studyId", "patientId", "state"::text AS "state"
        FROM "Inference" WHERE ${Prisma.join(conditions, ' AND ')}`;
      if (reading === undefined) throw new GatewayError('NOT_FOUND', 'There is no such inference.');
      if (reading.state !== 'DONE') {
        throw new GatewayError('INVALID_STATE', `An inference in state ${reading.state} has missed nothing.`);
      }
      const found = await findingOfLabel(tx, inferenceId, named);
      if (found?.positive === true) {
        throw new GatewayError('INVALID_STATE', `The reading has found ${found.label}: review that finding.`);
      }
      const subject = { ...reading, findingId: found?.id ?? null, label: found?.label ?? named };
      return append(tx, subject, 'MISSED', words, by);
    });
  }
}

/** @throws GatewayError BAD_REQUEST */
function checkedComment(comment: string | null): string | null {
  const words = comment === null ? '' : requireText(comment).trim();
  if (words.length > LONGEST_COMMENT) {
    throw new GatewayError('BAD_REQUEST', `A comment has at most ${LONGEST_COMMENT} characters.`);
  }
  return words === '' ? null : words;
}

/** The label as a person may write it: `pleural thickening` for `Pleural_Thickening`. */
async function findingOfLabel(
  tx: Transaction,
  inferenceId: string,
  label: string,
): Promise<{ readonly id: string; readonly label: string; readonly positive: boolean } | undefined> {
  const [found] = await tx.$queryRaw<{ readonly id: string; readonly label: string; readonly positive: boolean }[]>`
    SELECT "id", "label", "positive" FROM "Finding"
    WHERE "inferenceId" = ${inferenceId}::uuid
      AND lower(replace("label", '_', ' ')) = lower(replace(${label}, '_', ' '))`;
  return found;
}

async function append(
  tx: Transaction,
  { findingId, inferenceId, modelVersionId, studyId, patientId, label }: Subject,
  verdict: ReviewVerdict,
  comment: string | null,
  by: AuditActor,
): Promise<string> {
  // One at a time for a reviewer and a reading, so that their order is that of their times: which one is the newest decides.
  await tx.$queryRaw`SELECT 1 FROM pg_advisory_xact_lock(hashtextextended(${`review ${inferenceId} ${by.subject}`}, 0))`;
  const [review] = await tx.$queryRaw<{ readonly id: string }[]>`
    INSERT INTO "FindingReview" ("id", "findingId", "inferenceId", "modelVersionId", "studyId", "patientId", "label", "verdict",
      "comment", "reviewer", "reviewerName", "createdAt")
    VALUES (gen_random_uuid(), ${findingId}::uuid, ${inferenceId}::uuid, ${modelVersionId}::uuid, ${studyId}::uuid,
      ${patientId}::uuid, ${label}, ${verdict}::"ReviewVerdict", ${comment}, ${by.subject}, ${by.displayName},
      GREATEST(clock_timestamp(), (
        SELECT max("createdAt") + interval '1 millisecond' FROM "FindingReview"
        WHERE "inferenceId" = ${inferenceId}::uuid AND "reviewer" = ${by.subject})))
    RETURNING "id"`;
  if (review === undefined) throw new GatewayError('INTERNAL', 'A review was not inserted.');
  await appendAudit(tx, by, [
    {
      action: 'CREATE',
      patientId,
      studyIds: [studyId],
      inferenceIds: [inferenceId],
      modelVersionIds: [modelVersionId],
      ...(findingId === null ? {} : { findingIds: [findingId] }),
      details: { review: review.id, verdict },
    },
  ]);
  return review.id;
}
