/**
 * Moves and changes of thresholds, made at once or asked of a second person: what GOVERNANCE_APPROVALS decides. Requests and
 * their end are in transition-requests.ts.
 */
import type { Transaction } from './client.ts';
import { lockedState, type ModelMove, movable, transition } from './model-state.ts';
import { appendThresholdSet, checkThresholdSet, lockThresholds, type NewThresholdSet } from './threshold-sets.ts';
import {
  type Approvals,
  argumentsOf,
  type Decision,
  decideRequest,
  requestTransition,
  requireNoOpenMove,
} from './transition-requests.ts';

/** What became of a move or a change. */
export interface Moved {
  /** The request that waits for a second person; null: it is done. */
  readonly requestId: string | null;
}

const DONE: Moved = { requestId: null };

/**
 * Moves a version, or asks for it: to CANARY and ACTIVE where it takes two.
 *
 * @throws GatewayError as the setter in model-state.ts; also for a move that waits for approval
 */
export async function moveOrRequest(tx: Transaction, move: ModelMove, approvals: Approvals): Promise<Moved> {
  const needsTwo = approvals === 'two' && (move.toState === 'CANARY' || move.toState === 'ACTIVE');
  if (!needsTwo) {
    await transition(tx, move);
    return DONE;
  }
  if ((await movable(tx, move)) === undefined) return DONE;
  await lockThresholds(tx, move.modelVersionId);
  const { modelVersionId, toState, reason, canary = {}, by } = move;
  return { requestId: await requestTransition(tx, { modelVersionId, toState, arguments: canary, reason }, by) };
}

/**
 * Appends a set of thresholds, or asks for it: of a version in clinical use where it takes two. While a move into clinical use
 * waits for the second person there is neither, or that person would approve another version than the one that was looked at.
 *
 * @throws GatewayError as {@link appendThresholdSet}; INVALID_STATE when a request is open for the version
 */
export async function appendOrRequest(tx: Transaction, set: NewThresholdSet, approvals: Approvals): Promise<Moved> {
  const { modelVersionId, thresholds, method, reason, by } = set;
  // Locked, or a version might come into use between the look and the set.
  const state = await lockedState(tx, modelVersionId);
  const inUse = state === 'CANARY' || state === 'ACTIVE';
  if (approvals === 'two') {
    await lockThresholds(tx, modelVersionId);
    await requireNoOpenMove(tx, modelVersionId);
  }
  if (approvals === 'one' || !inUse) {
    await appendThresholdSet(tx, set);
    return DONE;
  }
  await checkThresholdSet(tx, set);
  const request = { modelVersionId, toState: null, arguments: { thresholds, method }, reason };
  return { requestId: await requestTransition(tx, request, by) };
}

/**
 * Approves a request, and does what it asks for, or rejects it.
 *
 * @param missing - what the version lacks to be used, as for a move
 * @throws GatewayError NOT_FOUND, FORBIDDEN for who made the request, INVALID_STATE, and as the setter
 */
export async function decideAndPerform(tx: Transaction, decision: Decision, missing: readonly string[]): Promise<void> {
  const { by } = decision;
  await decideRequest(tx, decision, async (request) => {
    const { modelVersionId, toState, reason } = request;
    const { canaryShare = null, canarySources = [], thresholds = {}, method = '' } = argumentsOf(request);
    if (toState === null) {
      await appendThresholdSet(tx, { modelVersionId, thresholds, method, reason, by });
      return;
    }
    const canary = toState === 'CANARY' ? { canaryShare, canarySources } : undefined;
    const requestedBy = { subject: request.requestedBy, displayName: request.requestedByName };
    await transition(tx, { modelVersionId, toState, reason, by, missing, canary, requestedBy });
  });
}
