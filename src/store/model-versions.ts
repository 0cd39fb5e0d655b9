/** Registers model versions and moves them between states; the states and their rules are in model-state.ts. */
import { GatewayError } from '../errors.ts';
import type { AuditActor } from './audit/audit-entry.ts';
import type { PrismaClient } from './client.ts';
import type { ModelState } from './generated/enums.ts';
import { appendOrRequest, decideAndPerform, type Moved, moveOrRequest } from './model-approvals.ts';
import { type ModelRegistration, type Registered, registerModel } from './model-registration.ts';
import { type ModelMove, transition } from './model-state.ts';
import type { NewThresholdSet } from './threshold-sets.ts';
import type { Approvals, Decision } from './transition-requests.ts';

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
    return this.#prisma.$transaction((tx) => moveOrRequest(tx, move, this.#approvals));
  }

  /**
   * Appends a set of thresholds, or asks a second person to approve it: of a version in clinical use where GOVERNANCE_APPROVALS
   * is two.
   *
   * @throws GatewayError as {@link appendOrRequest}; INVALID_STATE when a request of thresholds is open for the version
   */
  async changeThresholds(set: NewThresholdSet): Promise<Moved> {
    return this.#prisma.$transaction((tx) => appendOrRequest(tx, set, this.#approvals));
  }

  /**
   * Approves a move, which is made at once, or rejects it.
   *
   * @param missing - what the version lacks to be used, as for a move
   * @throws GatewayError NOT_FOUND, FORBIDDEN for who made the request, INVALID_STATE, and as the setter
   */
  async decide(decision: Decision, missing: readonly string[]): Promise<void> {
    await this.#prisma.$transaction((tx) => decideAndPerform(tx, decision, missing));
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
