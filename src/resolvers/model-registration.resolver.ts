import { Arg, Authorized, Ctx, Mutation, Resolver } from 'type-graphql';
import { ADMINISTERS } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import { RegisterModelVersionsInput } from '../schema/model-registration.input.ts';
import { RegisterModelVersionsPayload } from '../schema/model-registration.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { checkedReason } from '../store/model-state.ts';
import { actorIn, type GatewayContext, renewLoaders } from './context.ts';
import { present } from './present.ts';

/** The name of one folder; what leads elsewhere, or to a draft, is none. */
const FOLDER_NAME = /^[^./\\][^/\\]{0,254}$/;

/** Registers model folders while the gateway runs. */
@Resolver()
export class ModelRegistrationResolver {
  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => RegisterModelVersionsPayload, {
    description:
      'Registers the model folders that MODELS_DIR of the machine that answers holds now, and brings the descriptions of registered versions up to their manifests; what decides readings (bytes, input, outputs, labels, preprocessing) never changes. Nothing begins to read by it: move the version with moveModelVersion. Other processes find the folder in their own MODELS_DIR by themselves. NOT_FOUND when there is no folder of the name.',
  })
  async registerModelVersions(
    @Arg('input', () => RegisterModelVersionsInput, { description: 'Which folders, and why.' })
    { folder, reason: given }: RegisterModelVersionsInput,
    @Ctx() context: GatewayContext,
  ): Promise<RegisterModelVersionsPayload> {
    const reason = checkedReason(given);
    const named = folder ?? null;
    if (named !== null && !FOLDER_NAME.test(named)) {
      throw new GatewayError('BAD_REQUEST', 'folder is the name of a folder in MODELS_DIR, without a path.');
    }
    const { models } = context.services;
    const { done, refused } = await models.register({ folder: named, reason, by: actorIn(context) });
    renewLoaders(context);
    const load = async (id: string) => present(await context.loaders.modelVersions.load(id));
    const of = (outcome: string) => done.filter((registered) => registered.outcome === outcome);
    return {
      registered: await Promise.all(of('CREATED').map(({ id }) => load(id))),
      updated: await Promise.all(
        of('UPDATED').map(async ({ id, changedParts }) => ({ modelVersion: await load(id), changedParts })),
      ),
      known: await Promise.all(of('KNOWN').map(({ id }) => load(id))),
      refused,
    };
  }
}
