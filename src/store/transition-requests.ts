/**
 * Moves and changes that wait for a second person. A request is open until it is approved or rejected by somebody else than who
 * made it, or until it expires; what it asks for is done in the transaction that approves it.
 */
import { GatewayError } from '../errors.ts';
import { appendAuditedChanges } from './audit/append.ts';
import type { AuditActor } from './audit/audit-entry.ts';
import type { Transaction } from './client.ts';
import type { ModelTransitionRequest } from './generated/client.ts';
import type { ModelState } from './generated/enums.ts';
import { checkedReason } from './model-state.ts';
import type { Thresholds } from './threshold-sets.ts';

/** How many people it takes to bring a version into clinical use, or to change what counts as positive there. */
export type Approvals = 'one' | 'two';

/**
 * What a request carries besides: a move to CANARY its part of the films, a change of thresholds those that change and how they
 * were chosen. A type and no interface, which JSON of Prisma would not take.
 */
export type RequestArguments = {
  readonly canaryShare?: number | null;
  readonly canarySources?: readonly string[];
  readonly thresholds?: Thresholds;
  readonly method?: string;
};

/** What somebody asks a second person to approve. */
export interface NewTransitionRequest {
  readonly modelVersionId: string;
  /** Null: a change of thresholds. */
  readonly toState: ModelState | null;
  readonly arguments: RequestArguments;
  readonly reason: string;
}

/** What somebody says to a request. */
export interface Decision {
  readonly requestId: string;
  readonly approved: boolean;
  /** May be empty for an approval. */
  readonly reason: string | null;
  readonly by: AuditActor;
}

const EXPIRES_AFTER_DAYS = 7;

/**
 * Writes a request, its change and its audit record.
 *
 * @returns its id
 * @throws GatewayError BAD_REQUEST without a reason, INVALID_STATE when the same is open already
 */
export async function requestTransition(
  tx: Transaction,
  request: NewTransitionRequest,
  by: AuditActor,
): Promise<string> {
  const { modelVersionId, toState } = request;
  const reason = checkedReason(request.reason);
  const open = await tx.modelTransitionRequest.count({
    where: { modelVersionId, toState, decidedAt: null, expiresAt: { gt: await now(tx) } },
  });
  if (open > 0) {
    throw new GatewayError('INVALID_STATE', 'Such a request is open already: approve or reject that one first.');
  }
  const expiresAt = new Date((await now(tx)).getTime() + EXPIRES_AFTER_DAYS * 86_400_000);
  const { id } = await tx.modelTransitionRequest.create({
    data: { ...request, reason, requestedBy: by.subject, requestedByName: by.displayName, expiresAt },
    select: { id: true },
  });
  await tellOf(tx, id, { modelVersionId, toState }, 'CREATE', 'REQUESTED', by);
  return id;
}

/** @throws GatewayError INVALID_STATE while a move of the version waits for a second person */
export async function requireNoOpenMove(tx: Transaction, modelVersionId: string): Promise<void> {
  const open = await tx.modelTransitionRequest.count({
    where: { modelVersionId, toState: { not: null }, decidedAt: null, expiresAt: { gt: await now(tx) } },
  });
  if (open === 0) return;
  throw new GatewayError(
    'INVALID_STATE',
    'A move of the version waits for a second administrator: it must be approved or rejected first.',
  );
}

/**
 * Decides a request, and does what it asks for when it is approved.
 *
 * @param perform - does it, within the transaction
 * @throws GatewayError NOT_FOUND, FORBIDDEN for who made it, INVALID_STATE when it is decided or expired, BAD_REQUEST, and what
 *   `perform` throws; then the request stays open
 */
export async function decideRequest(
  tx: Transaction,
  { requestId, approved, reason, by }: Decision,
  perform: (request: ModelTransitionRequest) => Promise<void>,
): Promise<ModelTransitionRequest> {
  await tx.$executeRaw`SELECT 1 FROM "ModelTransitionRequest" WHERE "id" = ${requestId}::uuid FOR UPDATE`;
  const request = await tx.modelTransitionRequest.findUnique({ where: { id: requestId } });
  if (request === null) throw new GatewayError('NOT_FOUND', 'There is no such request.');
  if (request.decidedAt !== null) {
    throw new GatewayError('INVALID_STATE', `The request is ${request.approved === true ? 'approved' : 'rejected'}.`);
  }
  const decidedAt = await now(tx);
  if (request.expiresAt <= decidedAt) {
    throw new GatewayError('INVALID_STATE', `The request expired after ${EXPIRES_AFTER_DAYS} days: make it again.`);
  }
  if (await isSamePerson(tx, request.requestedBy, by.subject)) {
    throw new GatewayError('FORBIDDEN', 'Somebody else than who made the request must decide it.');
  }
  const decisionReason = approved && (reason ?? '').trim() === '' ? null : checkedReason(reason ?? '');
  if (approved) await perform(request);
  const data = { decidedBy: by.subject, decidedByName: by.displayName, decidedAt, approved, decisionReason };
  await tx.modelTransitionRequest.update({ where: { id: requestId }, data });
  await tellOf(tx, requestId, request, 'UPDATE', approved ? 'APPROVED' : 'REJECTED', by);
  return request;
}

/** What a stored request carries. Only {@link requestTransition} writes the column. */
export function argumentsOf({ arguments: carried }: Pick<ModelTransitionRequest, 'arguments'>): RequestArguments {
  return carried as RequestArguments;
}

async function tellOf(
  tx: Transaction,
  requestId: string,
  { modelVersionId, toState }: Pick<NewTransitionRequest, 'modelVersionId' | 'toState'>,
  action: 'CREATE' | 'UPDATE',
  request: string,
  by: AuditActor,
): Promise<void> {
  const details = { request, requestId, toState: toState ?? 'THRESHOLDS' };
  await appendAuditedChanges(tx, [{ type: 'MODEL_TRANSITION_REQUESTED', modelVersionId }], by, [
    { action, modelVersionIds: [modelVersionId], details },
  ]);
}

/** Whether both speak for one person. */
async function isSamePerson(tx: Transaction, one: string, other: string): Promise<boolean> {
  const voices = new Set([...(await voicesOf(tx, one))].map(folded));
  return [...(await voicesOf(tx, other))].some((voice) => voices.has(folded(voice)));
}

/**
 * Subjects of OpenID Connect that differ in case or form are others, but a provider that takes them from what was typed at the login
 * gives one person several. Here the doubt goes against who approves.
 */
function folded(subject: string): string {
  return subject.normalize('NFKC').toLowerCase();
}

/**
 * Whom a subject speaks for, itself included. A key speaks for the person or key that made it, and for the key that it replaced,
 * through however many keys. Keys that the command line makes are their own: whoever operates the machine makes them for others,
 * and when it rotates one, the same person holds both.
 */
async function voicesOf(tx: Transaction, subject: string): Promise<ReadonlySet<string>> {
  const voices = new Set([subject]);
  // A set gives what is added while it is gone through.
  for (const voice of voices) {
    const keyId = /^api-key:([0-9a-f-]{36})$/.exec(voice)?.[1];
    if (keyId === undefined) continue;
    const key = await tx.apiKey.findUnique({
      where: { id: keyId },
      select: { createdBy: true, replaces: { select: { id: true } } },
    });
    if (key === null) continue;
    if (/^(oidc|api-key):/.test(key.createdBy)) voices.add(key.createdBy);
    if (key.replaces !== null) voices.add(`api-key:${key.replaces.id}`);
  }
  return voices;
}

/** By the database's clock, which all processes share. */
async function now(tx: Transaction): Promise<Date> {
  const [row] = await tx.$queryRaw<{ now: Date }[]>`SELECT now()`;
  return row?.now ?? new Date();
}
