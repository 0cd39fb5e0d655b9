import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { EVERYBODY } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import { fromGlobalId } from '../schema/global-id.ts';
import { ModelVersionFilterInput, ModelVersionOrder } from '../schema/model-version.input.ts';
import { ModelTransition, ModelVersion, ModelVersionConnection } from '../schema/model-version.type.ts';
import { PageArguments } from '../schema/page.input.ts';
import type { Connection } from '../schema/page.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { findModelVersion, findModelVersionByDigest, listModelVersions } from '../store/reads/model-versions.ts';
import type { ModelTransitionRow } from '../store/reads/tables.ts';
import { toConnection } from './connection.ts';
import type { GatewayContext } from './context.ts';
import { present } from './present.ts';

/** Model versions. */
@Resolver(() => ModelVersion)
export class ModelVersionResolver {
  @Authorized<AccessRole>(EVERYBODY)
  @Query(() => ModelVersion, {
    nullable: true,
    description: 'A model version by id, by name and version together, or by digest; null when there is none.',
  })
  async modelVersion(
    @Arg('id', () => ID, { nullable: true, description: 'Global id.' }) id: string | null,
    @Arg('name', () => String, { nullable: true, description: 'Name of the model; needs version.' })
    name: string | null,
    @Arg('version', () => String, { nullable: true, description: 'Version of the model; needs name.' })
    version: string | null,
    @Arg('digest', () => String, { nullable: true, description: 'SHA-256 of the ONNX file, hexadecimal.' })
    digest: string | null,
    @Ctx() { loaders, reader }: GatewayContext,
  ): Promise<ModelVersion | null> {
    if (id && !name && !version && !digest) return loaders.modelVersions.load(fromGlobalId('ModelVersion', id));
    if (!id && name && version && !digest) return findModelVersion(reader, name, version);
    if (!id && !name && !version && digest) return findModelVersionByDigest(reader, digest);
    throw new GatewayError('BAD_REQUEST', 'Give either id, or name and version, or digest.');
  }

  @Authorized<AccessRole>(EVERYBODY)
  @Query(() => ModelVersionConnection, { description: 'Model versions, page by page.' })
  async modelVersions(
    @Args(() => PageArguments) page: PageArguments,
    @Arg('filter', () => ModelVersionFilterInput, { nullable: true, description: 'Which versions; default: all.' })
    filter: ModelVersionFilterInput | null,
    @Arg('orderBy', () => ModelVersionOrder, {
      defaultValue: { field: 'CREATED_AT', direction: 'DESC' },
      description: 'In which order.',
    })
    { direction }: ModelVersionOrder,
    @Ctx() { loaders, reader }: GatewayContext,
  ): Promise<Connection<ModelVersion>> {
    return toConnection(await listModelVersions(reader, filter ?? {}, direction, page), loaders.modelVersions);
  }

  @FieldResolver(() => [ModelTransition], {
    description: 'Every move between states, oldest first; 1,000 at most.',
  })
  async transitions(
    @Root() { id }: ModelVersion,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<readonly ModelTransition[]> {
    return loaders.transitionsOfModelVersion.load(id);
  }
}

/** Fields of transitions. */
@Resolver(() => ModelTransition)
export class ModelTransitionResolver {
  @FieldResolver(() => ModelVersion, { description: 'What was moved.' })
  async modelVersion(
    @Root() transition: ModelTransitionRow,
    @Ctx() { loaders }: GatewayContext,
  ): Promise<ModelVersion> {
    return present(await loaders.modelVersions.load(transition.modelVersionId));
  }
}
