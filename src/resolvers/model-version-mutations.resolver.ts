import { Arg, Authorized, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import { ADMINISTERS } from '../access/permissions.ts';
import { fromGlobalId } from '../schema/global-id.ts';
import { MoveModelVersionInput } from '../schema/model-transition.input.ts';
import { DecideModelTransitionPayload, MoveModelVersionPayload } from '../schema/model-transition.type.ts';
import type { AccessRole, ModelState } from '../store/generated/enums.ts';
import type { Moved } from '../store/model-approvals.ts';
import type { CanaryPart, ModelMove } from '../store/model-state.ts';
import { actorIn, type GatewayContext, renewLoaders } from './context.ts';
import { present } from './present.ts';

const WAITS =
  'Where GOVERNANCE_APPROVALS is two, moves to CANARY and ACTIVE wait as a request until a second administrator approves them.';

/** Moves model versions through their life. */
@Resolver()
export class ModelVersionMutationsResolver {
  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => MoveModelVersionPayload, {
    description: `Moves a model version to another state, hot: readings under way and films in the queue finish on their version. A version leaves REGISTERED only with metrics, a card and files of the registered digests. INVALID_STATE says what stands against a move. ${WAITS}`,
  })
  async moveModelVersion(
    @Arg('input', () => MoveModelVersionInput, { description: 'Which version, whereto and why.' })
    input: MoveModelVersionInput,
    @Ctx() context: GatewayContext,
  ): Promise<MoveModelVersionPayload> {
    const modelVersionId = fromGlobalId('ModelVersion', input.modelVersionId);
    const { toState, reason, force } = input;
    const canary = canaryOf(input);
    return moved(modelVersionId, await move({ modelVersionId, toState, reason, force, canary }, context), context);
  }

  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => MoveModelVersionPayload, {
    description: `Makes a version the one that reads new films; the one before is retired. Both moves are recorded with actor and reason. Readings under way finish on their version. Activating the active version changes nothing. ${WAITS}`,
  })
  async activateModelVersion(
    @Arg('modelVersionId', () => ID, { description: 'Global id of the model version.' }) globalId: string,
    @Arg('reason', () => String, { description: 'Why, for the record: 1 to 2,000 characters.' }) reason: string,
    @Ctx() context: GatewayContext,
  ): Promise<MoveModelVersionPayload> {
    const modelVersionId = fromGlobalId('ModelVersion', globalId);
    return moved(modelVersionId, await move({ modelVersionId, toState: 'ACTIVE', reason }, context), context);
  }

  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => MoveModelVersionPayload, {
    description: `Activates the version that was active before the one that is. INVALID_STATE when none was. ${WAITS}`,
  })
  async rollbackModelVersion(
    @Arg('reason', () => String, { description: 'Why, for the record: 1 to 2,000 characters.' }) reason: string,
    @Ctx() context: GatewayContext,
  ): Promise<MoveModelVersionPayload> {
    const modelVersionId = await context.services.store.modelVersions.activeBefore();
    return moved(modelVersionId, await move({ modelVersionId, toState: 'ACTIVE', reason }, context), context);
  }

  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => DecideModelTransitionPayload, {
    description:
      'Approves a request, and does what it asks for. FORBIDDEN for who made it, also by an API key that they made; INVALID_STATE when it is decided or expired, or no longer possible.',
  })
  async approveModelTransition(
    @Arg('requestId', () => ID, { description: 'Global id of the request.' }) requestId: string,
    @Arg('reason', () => String, { nullable: true, description: 'Why, for the record: up to 2,000 characters.' })
    reason: string | null,
    @Ctx() context: GatewayContext,
  ): Promise<DecideModelTransitionPayload> {
    return decide(requestId, true, reason, context);
  }

  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => DecideModelTransitionPayload, {
    description: 'Rejects a request. FORBIDDEN for who made it; INVALID_STATE when it is decided or expired.',
  })
  async rejectModelTransition(
    @Arg('requestId', () => ID, { description: 'Global id of the request.' }) requestId: string,
    @Arg('reason', () => String, { description: 'Why, for the record: 1 to 2,000 characters.' }) reason: string,
    @Ctx() context: GatewayContext,
  ): Promise<DecideModelTransitionPayload> {
    return decide(requestId, false, reason, context);
  }
}

async function move(wanted: Omit<ModelMove, 'by' | 'missing'>, context: GatewayContext): Promise<Moved> {
  const { store } = context.services;
  const digest = await store.modelVersions.digestOf(wanted.modelVersionId);
  const missing = await missingParts(digest, wanted.toState, wanted.reason, context);
  return store.modelVersions.move({ ...wanted, missing, by: actorIn(context) });
}

async function decide(
  globalId: string,
  approved: boolean,
  reason: string | null,
  context: GatewayContext,
): Promise<DecideModelTransitionPayload> {
  const requestId = fromGlobalId('ModelTransitionRequest', globalId);
  const { modelVersions } = context.services.store;
  const { modelVersionId, toState, digest } = await modelVersions.versionOfRequest(requestId);
  const missing = approved && toState !== null ? await missingParts(digest, toState, reason, context) : [];
  await modelVersions.decide({ requestId, approved, reason, by: actorIn(context) }, missing);
  renewLoaders(context);
  return {
    request: present(await context.loaders.modelTransitionRequests.load(requestId)),
    modelVersion: present(await context.loaders.modelVersions.load(modelVersionId)),
  };
}

/** Whatever reads films is looked at before, also when it was in use earlier: its folder may have changed since. */
async function missingParts(
  digest: string,
  toState: ModelState,
  reason: string | null,
  context: GatewayContext,
): Promise<readonly string[]> {
  if (toState === 'RETIRED' || toState === 'REGISTERED') return [];
  return context.services.models.verify(digest, actorIn(context), reason ?? undefined);
}

async function moved(
  modelVersionId: string,
  { requestId }: Moved,
  context: GatewayContext,
): Promise<MoveModelVersionPayload> {
  renewLoaders(context);
  const { modelVersions, modelTransitionRequests } = context.loaders;
  return {
    modelVersion: present(await modelVersions.load(modelVersionId)),
    request: requestId === null ? null : present(await modelTransitionRequests.load(requestId)),
  };
}

function canaryOf({ canaryShare, canarySources }: MoveModelVersionInput): CanaryPart | undefined {
  const share = canaryShare ?? null;
  const sources = canarySources ?? [];
  return share === null && sources.length === 0 ? undefined : { canaryShare: share, canarySources: sources };
}
