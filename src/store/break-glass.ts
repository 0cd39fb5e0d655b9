/**
 * Break-glass: a clinician opens the record of a patient that is not granted, for a time and with a reason. An opening is
 * live from its row's commit until it expires by the database's clock or is ended; every read asks again
 * (reads/visibility.ts). Opening and ending, their audit records and their changes are one transaction each; an attempt that
 * fails is recorded too.
 */
import { type ErrorCode, GatewayError, toGatewayError } from '../errors.ts';
import { appendAudit, appendAuditedChanges } from './audit/append.ts';
import type { AuditActor, AuditEntry } from './audit/audit-entry.ts';
import type { PrismaClient, Transaction } from './client.ts';
import { requireText } from './reads/conditions.ts';
import type { AccessScope } from './reads/scope.ts';

/** How long and how many. */
export interface BreakGlassLimits {
  /** Life of an opening. */
  readonly minutes: number;
  /** Most openings of one subject that are live at once. */
  readonly maxLive: number;
}

/** Whose record: by the patient's UUID, or as people name patients. */
export type NamedPatient = { readonly patientId: string } | { readonly mrn: string; readonly issuer: string };

/** A wish to open a record. */
export interface OpeningRequest {
  readonly patient: NamedPatient;
  /** Why, in words: {@link SHORTEST_REASON} to {@link LONGEST_REASON} characters. */
  readonly reason: string;
  /** What is granted without it. */
  readonly scope: AccessScope;
  readonly by: AuditActor;
}

const SHORTEST_REASON = 10;
/** Characters. */
export const LONGEST_REASON = 2000;

/** Purpose of use of everything about openings (HL7 v3 ActReason). */
const BREAK_THE_GLASS = 'BTG';

/** What may go wrong by the caller's doing, as the audit names it. */
const DENIED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['FORBIDDEN', 'INVALID_STATE', 'NOT_FOUND']);

/** Writes of openings. */
export class BreakGlassStore {
  readonly #prisma: PrismaClient;
  readonly #limits: BreakGlassLimits;

  constructor(prisma: PrismaClient, limits: BreakGlassLimits) {
    this.#prisma = prisma;
    this.#limits = limits;
  }

  /**
   * Opens a record. Another opening of the same record while one is live begins a time of its own.
   *
   * @returns the UUID of the opening
   * @throws GatewayError BAD_REQUEST for a reason too short or too long, NOT_FOUND for a patient who is unknown, INVALID_STATE
   *   when the record is granted anyway or when too many openings are live
   */
  async open({ patient, reason, scope, by }: OpeningRequest): Promise<string> {
    const words = requireReason(reason);
    const actor = { ...by, purpose: BREAK_THE_GLASS };
    return this.#recordingFailure(actor, 'CREATE', async (tx) => {
      // One at a time for a subject: two at once could both find room for one.
      await tx.$queryRaw`SELECT 1 FROM pg_advisory_xact_lock(hashtextextended(${`break-glass ${by.subject}`}, 0))`;
      const named = await findPatient(tx, patient);
      if (named === null) throw new GatewayError('NOT_FOUND', 'There is no such patient.');
      if (scope.issuers === 'ALL' || scope.issuers.includes(named.issuer)) {
        throw new GatewayError('INVALID_STATE', 'The record is granted to you; there is nothing to open.');
      }
      await this.#requireRoom(tx, by.subject);
      const [opened] = await tx.$queryRaw<{ readonly id: string }[]>`
        INSERT INTO "BreakGlass" ("id", "subject", "displayName", "patientId", "reason", "expiresAt")
        VALUES (gen_random_uuid(), ${by.subject}, ${by.displayName}, ${named.id}::uuid, ${words},
          now() + ${this.#limits.minutes} * interval '1 minute')
        RETURNING "id"`;
      if (opened === undefined) throw new GatewayError('INTERNAL', 'An opening was not inserted.');
      const ids = { patientId: named.id, breakGlassId: opened.id };
      const entry = { action: 'CREATE', ...ids, details: { minutes: this.#limits.minutes } } as const;
      await appendAuditedChanges(tx, [{ type: 'BREAK_GLASS_OPENED', ...ids }], actor, [entry]);
      return opened.id;
    });
  }

  /**
   * Ends one's own opening before its time.
   *
   * @param id - UUID of the opening
   * @throws GatewayError NOT_FOUND for one that is unknown or somebody else's, INVALID_STATE when it is live no more
   */
  async end(id: string, by: AuditActor): Promise<void> {
    const actor = { ...by, purpose: BREAK_THE_GLASS };
    await this.#recordingFailure(actor, 'UPDATE', async (tx) => {
      const own = await tx.breakGlass.findFirst({ where: { id, subject: by.subject }, select: { patientId: true } });
      if (own === null) throw new GatewayError('NOT_FOUND', 'There is no such opening of yours.');
      const ended = await tx.$executeRaw`
        UPDATE "BreakGlass" SET "endedAt" = now(), "endedBy" = ${by.subject}
        WHERE "id" = ${id}::uuid AND "endedAt" IS NULL AND "expiresAt" > now()`;
      if (ended === 0) throw new GatewayError('INVALID_STATE', 'The opening has ended already.');
      const ids = { patientId: own.patientId, breakGlassId: id };
      const entry = { action: 'UPDATE', ...ids } as const;
      await appendAuditedChanges(tx, [{ type: 'BREAK_GLASS_ENDED', ...ids }], actor, [entry]);
    });
  }

  async #requireRoom(tx: Transaction, subject: string): Promise<void> {
    const { maxLive } = this.#limits;
    const [row] = await tx.$queryRaw<{ readonly live: number }[]>`
      SELECT count(*)::integer AS "live" FROM "BreakGlass"
      WHERE "subject" = ${subject} AND "expiresAt" > now() AND "endedAt" IS NULL`;
    if ((row?.live ?? 0) < maxLive) return;
    throw new GatewayError(
      'INVALID_STATE',
      `BREAK_GLASS_MAX_LIVE (${maxLive}) of your openings are live: end one first.`,
    );
  }

  /** The transaction, or, when it fails, the record that it was tried: without the patient, whom the caller may have guessed. */
  async #recordingFailure<T>(
    actor: AuditActor,
    action: AuditEntry['action'],
    write: (tx: Transaction) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#prisma.$transaction(write);
    } catch (error) {
      const { code: errorCode } = toGatewayError(error);
      const outcome = DENIED.has(errorCode) ? 'DENIED' : 'FAILED';
      await this.#prisma.$transaction((tx) => appendAudit(tx, actor, [{ action, outcome, errorCode }]));
      throw error;
    }
  }
}

/** @throws GatewayError BAD_REQUEST */
function requireReason(reason: string): string {
  const words = requireText(reason).trim();
  if (words.length >= SHORTEST_REASON && words.length <= LONGEST_REASON) return words;
  throw new GatewayError('BAD_REQUEST', `A reason has ${SHORTEST_REASON} to ${LONGEST_REASON} characters.`);
}

function findPatient(
  tx: Transaction,
  patient: NamedPatient,
): Promise<{ readonly id: string; readonly issuer: string } | null> {
  const select = { id: true, issuer: true };
  if ('patientId' in patient) return tx.patient.findUnique({ where: { id: patient.patientId }, select });
  const key = { mrn: requireText(patient.mrn), issuer: requireText(patient.issuer) };
  return tx.patient.findUnique({ where: { mrn_issuer: key }, select });
}

/**
 * The live openings of a subject.
 *
 * @param patientIds - UUIDs of patients
 * @returns the id of the newest live opening by the id of its patient; without those that have none
 */
export async function openingsOf(
  prisma: Pick<PrismaClient, '$queryRaw'>,
  subject: string,
  patientIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (patientIds.length === 0) return new Map();
  const rows = await prisma.$queryRaw<{ readonly patientId: string; readonly id: string }[]>`
    SELECT DISTINCT ON ("patientId") "patientId", "id" FROM "BreakGlass"
    WHERE "subject" = ${subject} AND "patientId" = ANY(${[...patientIds]}::uuid[])
      AND "expiresAt" > now() AND "endedAt" IS NULL
    ORDER BY "patientId", "expiresAt" DESC, "id" DESC`;
  return new Map(rows.map(({ patientId, id }) => [patientId, id]));
}
