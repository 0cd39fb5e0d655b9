import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, ID, Info, Query, Resolver, Root } from 'type-graphql';
import { EVERYBODY, requireRole } from '../access/permissions.ts';
import { type NodeType, parseGlobalId, toGlobalId } from '../schema/global-id.ts';
import { Node } from '../schema/node.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { OBJECT_READERS } from './authorization.ts';
import type { GatewayContext } from './context.ts';
import type { Loaders } from './loaders.ts';

const LOADERS = {
  Patient: 'patients',
  Study: 'studies',
  Series: 'series',
  Instance: 'instances',
  Inference: 'inferences',
  Finding: 'findings',
  ModelVersion: 'modelVersions',
  ModelTransition: 'modelTransitions',
  ModelTransitionRequest: 'modelTransitionRequests',
  DicomTransfer: 'dicomTransfers',
  BreakGlassOpening: 'breakGlasses',
  RereadJob: 'rereadJobs',
} as const satisfies Record<NodeType, keyof Loaders>;

/** Global object identification (Relay). */
@Resolver(() => Node)
export class NodeResolver {
  @Authorized<AccessRole>(EVERYBODY)
  @Query(() => Node, { nullable: true, description: 'The object with a global id; null when there is none.' })
  async node(
    @Arg('id', () => ID, { description: 'Global id, as any object gives it.' }) globalId: string,
    @Ctx() { loaders, caller }: GatewayContext,
  ): Promise<Node | null> {
    const { type, id } = parseGlobalId(globalId);
    requireRole(caller, OBJECT_READERS[type]);
    const row = await loaders[LOADERS[type]].load(id);
    return row === null ? null : Object.assign({}, row, { __typename: type });
  }

  /** Of every type that implements Node. */
  @FieldResolver(() => ID)
  id(@Root() row: { readonly id: string }, @Info() { parentType }: GraphQLResolveInfo): string {
    return toGlobalId(parentType.name as NodeType, row.id);
  }
}
