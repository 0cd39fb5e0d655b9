import { Arg, Args, Authorized, Ctx, FieldResolver, Float, Query, Resolver, Root } from 'type-graphql';
import { READS_GOVERNANCE } from '../access/permissions.ts';
import {
  ModelTransitionRequest,
  ModelTransitionRequestConnection,
  ModelTransitionRequestState,
  RequestedThreshold,
} from '../schema/model-transition.type.ts';
import { ModelVersion } from '../schema/model-version.type.ts';
import { PageArguments } from '../schema/page.input.ts';
import type { Connection } from '../schema/page.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { listModelTransitionRequests } from '../store/reads/model-transition-requests.ts';
import type { ModelTransitionRequestRow } from '../store/reads/tables.ts';
import { argumentsOf } from '../store/transition-requests.ts';
import { toConnection } from './connection.ts';
import type { GatewayContext } from './context.ts';
import { present } from './present.ts';

/** Moves and changes that need a second person. */
@Resolver(() => ModelTransitionRequest)
export class ModelTransitionRequestResolver {
  @Authorized<AccessRole>(READS_GOVERNANCE)
  @Query(() => ModelTransitionRequestConnection, {
    description: 'Requests that wait, or waited, for a second administrator, newest first, page by page.',
  })
  async modelTransitionRequests(
    @Args(() => PageArguments) page: PageArguments,
    @Arg('openOnly', () => Boolean, { defaultValue: false, description: 'Only those that can be decided now.' })
    openOnly: boolean,
    @Ctx() { loaders, reader }: GatewayContext,
  ): Promise<Connection<ModelTransitionRequest>> {
    const rows = await listModelTransitionRequests(reader, { openOnly }, 'DESC', page);
    return toConnection(rows, loaders.modelTransitionRequests);
  }

  @FieldResolver(() => ModelTransitionRequestState, { description: 'What became of it.' })
  state(@Root() { approved, expiresAt }: ModelTransitionRequestRow): ModelTransitionRequestState {
    if (approved !== null) return approved ? 'APPROVED' : 'REJECTED';
    return expiresAt.getTime() > Date.now() ? 'OPEN' : 'EXPIRED';
  }

  @FieldResolver(() => Float, { nullable: true, description: 'Of a move to CANARY: share of the studies.' })
  canaryShare(@Root() request: ModelTransitionRequestRow): number | null {
    return argumentsOf(request).canaryShare ?? null;
  }

  @FieldResolver(() => [String], { description: 'Of a move to CANARY: its sources.' })
  canarySources(@Root() request: ModelTransitionRequestRow): readonly string[] {
    return argumentsOf(request).canarySources ?? [];
  }

  @FieldResolver(() => [RequestedThreshold], { description: 'Of a change of thresholds: those that would change.' })
  thresholds(@Root() request: ModelTransitionRequestRow): readonly RequestedThreshold[] {
    return Object.entries(argumentsOf(request).thresholds ?? {}).map(([label, threshold]) => ({ label, threshold }));
  }

  @FieldResolver(() => ModelVersion, { description: 'What it is about.' })
  async modelVersion(
    @Root() { modelVersionId }: ModelTransitionRequestRow,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<ModelVersion> {
    return present(await loaders.modelVersions.load(modelVersionId));
  }
}
