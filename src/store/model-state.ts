/**
 * The life of a model version, and its one setter.
 *
 *   REGISTERED -> SHADOW, CANARY, ACTIVE, RETIRED
 *   SHADOW     -> CANARY, ACTIVE, RETIRED, and back to REGISTERED
 *   CANARY     -> ACTIVE, back to SHADOW, RETIRED, or CANARY again with another share or other sources
 *   ACTIVE     -> RETIRED, by the activation of another version; by itself only with `force`: then films are refused until one
 *                 is activated
 *   RETIRED    -> SHADOW, CANARY, ACTIVE (a rollback)
 *
 * REGISTERED is left, other than to RETIRED, by a version whose manifest has metrics, that has a card and whose files have the
 * digests that the manifest names; a process that holds its folder looks, and says what is missing. One that was retired from
 * REGISTERED must have them to leave RETIRED. One version is ACTIVE at most, one a CANARY, MAXIMUM_SHADOWS are SHADOW. A move to the
 * state that a version has already does nothing.
 *
 * Each move is a ModelTransition that nothing can change, a MODEL_VERSION_CHANGED and an audit record, all in the caller's
 * transaction. Moves wait for each other by an advisory lock, or two could both see the same active version.
 */
import { GatewayError } from '../errors.ts';
import { appendAuditedChanges } from './audit/append.ts';
import type { AuditActor } from './audit/audit-entry.ts';
import type { Transaction } from './client.ts';
import type { ModelVersion } from './generated/client.ts';
import type { ModelState } from './generated/enums.ts';

/** What reads which films while a version is a canary. */
export interface CanaryPart {
  /** Share of the studies, over 0 to 1; null: none by share. */
  readonly canaryShare: number | null;
  /** Calling AE titles and doors (C_STORE, STOW_RS, GRAPHQL, C_GET, WADO_RS), all of whose films it reads. */
  readonly canarySources: readonly string[];
}

/** A move of a version, and who makes it why. */
export interface ModelMove {
  readonly modelVersionId: string;
  readonly toState: ModelState;
  /** 1 to 2,000 characters. */
  readonly reason: string;
  readonly by: AuditActor;
  /** What the version lacks to be used, as a process found that holds its folder; empty: nothing. */
  readonly missing: readonly string[];
  /** For CANARY, which needs one, and for no other state. */
  readonly canary?: CanaryPart | undefined;
  /** Retires the active version though no other takes its place. */
  readonly force?: boolean;
  /** Who wanted the move that `by` has approved. */
  readonly requestedBy?: { readonly subject: string; readonly displayName: string | null };
}

/** Most versions that read beside the clinical one. */
const MAXIMUM_SHADOWS = 3;

const MOVES: Readonly<Record<ModelState, readonly ModelState[]>> = {
  REGISTERED: ['SHADOW', 'CANARY', 'ACTIVE', 'RETIRED'],
  SHADOW: ['CANARY', 'ACTIVE', 'RETIRED', 'REGISTERED'],
  CANARY: ['ACTIVE', 'SHADOW', 'RETIRED', 'CANARY'],
  ACTIVE: ['RETIRED'],
  RETIRED: ['SHADOW', 'CANARY', 'ACTIVE'],
};

const LONGEST_REASON = 2000;
const MOST_SOURCES = 100;

/** Has a letter, digit or sign: what has none of these looks as if nothing were there. */
export function isVisible(text: string): boolean {
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(text);
}

/** @throws GatewayError BAD_REQUEST unless it has 1 to 2,000 characters, of which one can be seen */
export function checkedReason(text: string): string {
  const reason = text.trim();
  if (!isVisible(reason) || reason.length > LONGEST_REASON) {
    throw new GatewayError('BAD_REQUEST', `A reason of 1 to ${LONGEST_REASON} characters is required.`);
  }
  return reason;
}

/**
 * The state of a version, which stays as it is until the transaction ends.
 *
 * @throws GatewayError NOT_FOUND
 */
export async function lockedState(tx: Transaction, modelVersionId: string): Promise<ModelState> {
  const [version] = await tx.$queryRaw<{ readonly state: ModelState }[]>`
    SELECT "state" FROM "ModelVersion" WHERE "id" = ${modelVersionId}::uuid FOR SHARE`;
  if (version === undefined) throw new GatewayError('NOT_FOUND', 'There is no such model version.');
  return version.state;
}

/** @throws GatewayError INVALID_STATE */
export function requireAdmitted(state: ModelState): void {
  if (state !== 'REGISTERED') return;
  throw new GatewayError(
    'INVALID_STATE',
    'A version that is REGISTERED has not been admitted to read: move it to SHADOW first (moveModelVersion).',
  );
}

/** INVALID_STATE, naming what a version lacks to be used. */
export function notUsable(missing: readonly string[]): GatewayError {
  return new GatewayError('INVALID_STATE', `The version cannot be used yet; it lacks ${missing.join('; ')}.`);
}

/**
 * The one setter of `state`.
 *
 * @returns false when there was nothing to move
 * @throws GatewayError NOT_FOUND, BAD_REQUEST, INVALID_STATE naming what stands against it
 */
export async function transition(tx: Transaction, move: ModelMove): Promise<boolean> {
  const version = await movable(tx, move);
  if (version === undefined) return false;
  if (move.toState === 'ACTIVE') {
    const active = await tx.modelVersion.findFirst({ where: { state: 'ACTIVE' } });
    if (active !== null) await setState(tx, active, { ...move, toState: 'RETIRED' });
  }
  await setState(tx, version, move);
  return true;
}

/**
 * The version, locked against other moves, if the move is allowed; undefined when there is nothing to move.
 *
 * @throws as {@link transition}
 */
export async function movable(tx: Transaction, move: ModelMove): Promise<ModelVersion | undefined> {
  checkedReason(move.reason);
  checkCanary(move);
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('cxr-gateway model activation'))`;
  const version = await tx.modelVersion.findUnique({ where: { id: move.modelVersionId } });
  if (version === null) throw new GatewayError('NOT_FOUND', 'There is no such model version.');
  const { toState, missing, force = false } = move;
  const { state } = version;
  if (state === toState && !(state === 'CANARY' && differs(version, move.canary))) return undefined;
  if (!MOVES[state].includes(toState)) {
    throw new GatewayError(
      'INVALID_STATE',
      `A version that is ${state} can become ${MOVES[state].join(', ')}, not ${toState}.`,
    );
  }
  if (state === 'ACTIVE' && !force) {
    const way = 'activate another version, or retire it with force: then films are refused';
    throw new GatewayError('INVALID_STATE', `No version would be active; ${way}.`);
  }
  if (toState !== 'RETIRED' && missing.length > 0 && !(await wasAdmitted(tx, version))) {
    throw notUsable(missing);
  }
  if (state !== toState) await checkRoom(tx, toState);
  return version;
}

/** Whether it has been let out of REGISTERED, and not only by being retired from there. */
async function wasAdmitted(tx: Transaction, { id: modelVersionId, state }: ModelVersion): Promise<boolean> {
  if (state !== 'RETIRED') return state !== 'REGISTERED';
  const retired = await tx.modelTransition.findFirst({
    where: { modelVersionId, toState: 'RETIRED' },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    select: { fromState: true },
  });
  return retired?.fromState !== 'REGISTERED';
}

async function checkRoom(tx: Transaction, toState: ModelState): Promise<void> {
  if (toState !== 'CANARY' && toState !== 'SHADOW') return;
  const most = toState === 'CANARY' ? 1 : MAXIMUM_SHADOWS;
  const there = await tx.modelVersion.findMany({ where: { state: toState }, select: { name: true, version: true } });
  if (there.length < most) return;
  const names = there.map(({ name, version }) => `${name}@${version}`).join(', ');
  throw new GatewayError('INVALID_STATE', `At most ${most} can be ${toState}: ${names} must leave that state first.`);
}

function checkCanary({ toState, canary }: ModelMove): void {
  if (toState !== 'CANARY') {
    if (canary === undefined) return;
    throw new GatewayError('BAD_REQUEST', 'canaryShare and canarySources are for a move to CANARY alone.');
  }
  const share = canary?.canaryShare ?? null;
  const sources = canary?.canarySources ?? [];
  if (share !== null && !(share > 0 && share <= 1)) {
    throw new GatewayError('BAD_REQUEST', 'canaryShare must be over 0 and at most 1.');
  }
  if (sources.length > MOST_SOURCES || sources.some((source) => source.trim() === '' || source.length > 64)) {
    throw new GatewayError('BAD_REQUEST', `canarySources are up to ${MOST_SOURCES} names of 1 to 64 characters.`);
  }
  if (share === null && sources.length === 0) {
    throw new GatewayError('BAD_REQUEST', 'A canary needs canaryShare, canarySources or both.');
  }
}

function differs(version: CanaryPart, canary: CanaryPart | undefined): boolean {
  const wanted = [...(canary?.canarySources ?? [])].sort().join('\n');
  return version.canaryShare !== canary?.canaryShare || [...version.canarySources].sort().join('\n') !== wanted;
}

async function setState(tx: Transaction, version: ModelVersion, move: ModelMove): Promise<void> {
  const { toState, by, requestedBy } = move;
  const { canaryShare = null, canarySources = [] } = toState === 'CANARY' ? (move.canary ?? {}) : {};
  await tx.modelVersion.update({
    where: { id: version.id },
    data: { state: toState, canaryShare, canarySources: [...canarySources] },
  });
  const actor = requestedBy ?? by;
  const second = requestedBy === undefined ? {} : { approvedBy: by.subject, approvedByName: by.displayName };
  const reason = checkedReason(move.reason);
  await tx.modelTransition.create({
    data: {
      modelVersionId: version.id,
      fromState: version.state,
      toState,
      actor: actor.subject,
      actorName: actor.displayName,
      ...second,
      reason,
    },
  });
  const details = {
    fromState: version.state,
    toState,
    ...(canaryShare === null ? {} : { canaryShare }),
    ...(canarySources.length === 0 ? {} : { canarySources }),
    ...(requestedBy === undefined ? {} : { requestedBy: requestedBy.subject }),
  };
  await appendAuditedChanges(tx, [{ type: 'MODEL_VERSION_CHANGED', modelVersionId: version.id }], by, [
    { action: 'UPDATE', modelVersionIds: [version.id], details },
  ]);
}
