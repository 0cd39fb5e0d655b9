/** Registers model versions and moves them between states; the states and their rules are in model-state.ts. */
import { GatewayError } from '../errors.ts';
import type { AuditActor } from './audit/audit-entry.ts';
import type { PrismaClient } from './client.ts';
import type { ModelState } from './generated/enums.ts';
import { broughtUpTo, type ModelRegistration, type Registered, registerModel } from './model-registration.ts';
import { type CanaryPart, type ModelMove, movable, transition } from './model-state.ts';
import { appendThresholdSet, checkThresholdSet, type NewThresholdSet } from './threshold-sets.ts';
import { type Approvals, type Decision, decideRequest, requestTransition } from './transition-requests.ts';

/** What became of a move. */
export interface Moved {
  /** The request that waits for a second person; null: the version has moved. */
  readonly requestId: string | null;
}

/** What a request is about. */
export interface RequestedVersion {
  readonly modelVersionId: string;
  /** Null: a change of thresholds. */
  readonly toState: ModelState | null;
  readonly digest: string;
}

/** Writes of model versions. */
export class ModelVersionStore {
  readonly #prisma: PrismaClient;
  readonly #approvals: Approvals;

  constructor(prisma: PrismaClient, approvals: Approvals = 'one') {
    this.#prisma = prisma;
    this.#approvals = approvals;
  }

  /**
   * Registers a version, or brings the record of one with the same digest up to its manifest.
   *
   * @param reason - for the record, where somebody asked for it
   * @throws GatewayError MODEL_DIGEST_MISMATCH, MODEL_INVALID as {@link registerModel}
   */
  async register(model: ModelRegistration, by: AuditActor, reason?: string): Promise<Registered> {
    return this.#prisma.$transaction((tx) => registerModel(tx, model, by, reason));
  }

  /** The version that reads new films. */
  async active(): Promise<{
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly digest: string;
  } | null> {
    return this.#prisma.modelVersion.findFirst({
      where: { state: 'ACTIVE' },
      select: { id: true, name: true, version: true, digest: true },
    });
  }

  /** The versions that read new films: the active one first, the canary and the shadows. */
  async inUse(): Promise<readonly { readonly id: string; readonly digest: string; readonly state: ModelState }[]> {
    const versions = await this.#prisma.modelVersion.findMany({
      where: { state: { in: ['ACTIVE', 'CANARY', 'SHADOW'] } },
      select: { id: true, digest: true, state: true },
    });
    return [...versions.filter(isActive), ...versions.filter((version) => !isActive(version))];
  }

  /**
   * Makes sure that a manifest would have films read as the registered one does.
   *
   * @param digest - of the version
   * @throws GatewayError NOT_FOUND, MODEL_INVALID naming the parts that are others
   */
  async requireUnchanged(digest: string, manifest: object): Promise<void> {
    const registered = await this.#prisma.modelVersion.findUnique({
      where: { digest },
      select: { name: true, version: true, manifest: true },
    });
    if (registered === null) throw new GatewayError('NOT_FOUND', 'There is no such model version.');
    broughtUpTo(registered, JSON.parse(JSON.stringify(manifest)));
  }

  /** @throws GatewayError NOT_FOUND */
  async digestOf(modelVersionId: string): Promise<string> {
    const version = await this.#prisma.modelVersion.findUnique({
      where: { id: modelVersionId },
      select: { digest: true },
    });
    if (version === null) throw new GatewayError('NOT_FOUND', 'There is no such model version.');
    return version.digest;
  }

  /**
   * Moves a version at once, whatever the number of approvals. Readings under way finish on the version they began with.
   *
   * @returns false when there was nothing to move
   * @throws GatewayError as the setter in model-state.ts
   */
  async moveNow(move: ModelMove): Promise<boolean> {
    return this.#prisma.$transaction((tx) => transition(tx, move));
  }

  /**
   * Moves a version, or asks a second person to approve the move: to CANARY and ACTIVE where GOVERNANCE_APPROVALS is two.
   *
   * @throws GatewayError as the setter in model-state.ts; also for a move that waits for approval
   */
  async move(move: ModelMove): Promise<Moved> {
    return this.#prisma.$transaction(async (tx) => {
      const needsTwo = this.#approvals === 'two' && (move.toState === 'CANARY' || move.toState === 'ACTIVE');
      if (!needsTwo) {
        await transition(tx, move);
        return { requestId: null };
      }
      if ((await movable(tx, move)) === undefined) return { requestId: null };
      const { modelVersionId, toState, reason, canary } = move;
      const carried = canary === undefined ? {} : { ...canary, canarySources: [...canary.canarySources] };
      return {
        requestId: await requestTransition(tx, { modelVersionId, toState, arguments: carried, reason }, move.by),
      };
    });
  }

  /**
   * Appends a set of thresholds, or asks a second person to approve it: of a version in clinical use where GOVERNANCE_APPROVALS
   * is two.
   *
   * @throws GatewayError as {@link appendThresholdSet}; INVALID_STATE when a request of thresholds is open for the version
   */
  async changeThresholds(set: NewThresholdSet): Promise<Moved> {
    return this.#prisma.$transaction(async (tx) => {
      const { modelVersionId, thresholds, method, reason } = set;
      const version = await tx.modelVersion.findUnique({ where: { id: modelVersionId }, select: { state: true } });
      const inUse = version?.state === 'CANARY' || version?.state === 'ACTIVE';
      if (this.#approvals === 'one' || !inUse) {
        await appendThresholdSet(tx, set);
        return { requestId: null };
      }
      await checkThresholdSet(tx, set);
      const carried = { thresholds, method };
      return {
        requestId: await requestTransition(tx, { modelVersionId, toState: null, arguments: carried, reason }, set.by),
      };
    });
  }

  /**
   * Approves a move, which is made at once, or rejects it.
   *
   * @param missing - what the version lacks to be used, as for a move
   * @throws GatewayError NOT_FOUND, FORBIDDEN for who made the request, INVALID_STATE, and as the setter
   */
  async decide(decision: Decision, missing: readonly string[]): Promise<void> {
    const { by } = decision;
    await this.#prisma.$transaction(async (tx) => {
      await decideRequest(tx, decision, async ({ toState, modelVersionId, reason, ...request }) => {
        if (toState === null) {
          const { thresholds, method } = request.arguments as unknown as Pick<NewThresholdSet, 'thresholds' | 'method'>;
          await appendThresholdSet(tx, { modelVersionId, thresholds, method, reason, by });
          return;
        }
        const canary = toState === 'CANARY' ? canaryOf(request.arguments) : undefined;
        const requestedBy = { subject: request.requestedBy, displayName: request.requestedByName };
        await transition(tx, { modelVersionId, toState, reason, by, missing, canary, requestedBy });
      });
    });
  }

  /**
   * Version that an open or decided request is about.
   *
   * @throws GatewayError NOT_FOUND
   */
  async versionOfRequest(requestId: string): Promise<RequestedVersion> {
    const request = await this.#prisma.modelTransitionRequest.findUnique({
      where: { id: requestId },
      select: { modelVersionId: true, toState: true, modelVersion: { select: { digest: true } } },
    });
    if (request === null) throw new GatewayError('NOT_FOUND', 'There is no such request.');
    const { modelVersionId, toState, modelVersion } = request;
    return { modelVersionId, toState, digest: modelVersion.digest };
  }

  /**
   * The version that was active before the one that is.
   *
   * @throws GatewayError INVALID_STATE when none was
   */
  async activeBefore(): Promise<string> {
    const last = await this.#prisma.modelTransition.findFirst({
      where: { fromState: 'ACTIVE', modelVersion: { state: { not: 'ACTIVE' } } },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      select: { modelVersionId: true },
    });
    if (last === null) throw new GatewayError('INVALID_STATE', 'No other version was active before.');
    return last.modelVersionId;
  }
}

const isActive = ({ state }: { readonly state: ModelState }) => state === 'ACTIVE';

function canaryOf(carried: unknown): CanaryPart {
  const { canaryShare = null, canarySources = [] } = carried as Partial<CanaryPart>;
  return { canaryShare, canarySources };
}
