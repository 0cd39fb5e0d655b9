import { Arg, Authorized, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import { CANCELS_READINGS, REQUESTS_READINGS } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import { fromGlobalId, fromOptionalGlobalId } from '../schema/global-id.ts';
import { RequestInferenceInput } from '../schema/inference.input.ts';
import { Inference } from '../schema/inference.type.ts';
import { CancelInferencePayload, RequestInferencePayload } from '../schema/mutation.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { findInstance } from '../store/reads/studies.ts';
import { actorIn, type GatewayContext, renewLoaders } from './context.ts';

/** Requests and cancels readings. */
@Resolver()
export class InferenceMutationsResolver {
  @Authorized<AccessRole>(REQUESTS_READINGS)
  @Mutation(() => RequestInferencePayload, {
    description:
      'Has a stored film read. Idempotent: a reading that waits, runs or is done is given as it is, though one that waits with a lower priority gets that of the request; one that failed or was cancelled is queued again.',
  })
  async requestInference(
    @Arg('input', () => RequestInferenceInput, { description: 'Which film, which model version.' })
    input: RequestInferenceInput,
    @Ctx() context: GatewayContext,
  ): Promise<RequestInferencePayload> {
    const modelVersionId = fromOptionalGlobalId('ModelVersion', input.modelVersionId);
    const { inferenceId, created } = await context.services.store.inferences.request({
      instanceId: await visibleInstance(input, context),
      ...(modelVersionId === undefined ? {} : { modelVersionId }),
      priority: input.priority,
      by: actorIn(context),
      // Who may not see them cannot ask for them either.
      clinicalOnly: !context.reader.scope.shadow,
    });
    return { inference: await afterWrite(inferenceId, context), created };
  }

  @Authorized<AccessRole>(CANCELS_READINGS)
  @Mutation(() => CancelInferencePayload, {
    description: 'Cancels a reading that waits or runs. INVALID_STATE when it has ended.',
  })
  async cancelInference(
    @Arg('inferenceId', () => ID, { description: 'Global id of the inference.' }) globalId: string,
    @Ctx() context: GatewayContext,
  ): Promise<CancelInferencePayload> {
    const inferenceId = fromGlobalId('Inference', globalId);
    const inference = await context.loaders.inferences.load(inferenceId);
    if (inference === null) throw new GatewayError('NOT_FOUND', 'There is no such inference.');
    await context.services.store.inferences.cancel(inferenceId, actorIn(context));
    return { inference: await afterWrite(inferenceId, context) };
  }
}

/** @throws GatewayError BAD_REQUEST, NOT_FOUND */
async function visibleInstance(input: RequestInferenceInput, context: GatewayContext): Promise<string> {
  const { instanceId, sopInstanceUid } = input;
  if (instanceId && !sopInstanceUid) {
    const named = await context.loaders.instances.load(fromGlobalId('Instance', instanceId));
    if (named === null) throw new GatewayError('NOT_FOUND', 'There is no such instance.');
    return named.id;
  }
  if (!sopInstanceUid || instanceId) throw new GatewayError('BAD_REQUEST', 'Give either instanceId or sopInstanceUid.');
  const instance = await findInstance(context.reader, sopInstanceUid);
  if (instance === null) throw new GatewayError('NOT_FOUND', 'There is no such instance.', { sopInstanceUid });
  return instance.id;
}

async function afterWrite(inferenceId: string, context: GatewayContext): Promise<Inference> {
  renewLoaders(context);
  const inference = await context.loaders.inferences.load(inferenceId);
  if (inference === null) throw new GatewayError('NOT_FOUND', 'There is no such inference.');
  return inference;
}
