import { Arg, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import { GatewayError } from '../errors.ts';
import { fromGlobalId, fromOptionalGlobalId } from '../schema/global-id.ts';
import { RequestInferenceInput } from '../schema/inference.input.ts';
import { Inference } from '../schema/inference.type.ts';
import { CancelInferencePayload, RequestInferencePayload } from '../schema/mutation.type.ts';
import { findInstance } from '../store/reads/studies.ts';
import { type GatewayContext, renewLoaders } from './context.ts';

/** Requests and cancels readings. */
@Resolver()
export class InferenceMutationsResolver {
  @Mutation(() => RequestInferencePayload, {
    description:
      'Has a stored film read. Idempotent: a reading that waits, runs or is done is given as it is; one that failed or was cancelled is queued again.',
  })
  async requestInference(
    @Arg('input', () => RequestInferenceInput, { description: 'Which film, which model version.' })
    input: RequestInferenceInput,
    @Ctx() context: GatewayContext,
  ): Promise<RequestInferencePayload> {
    const modelVersionId = fromOptionalGlobalId('ModelVersion', input.modelVersionId);
    const { inferenceId, created } = await context.services.store.inferences.request({
      instanceId: await namedInstance(input, context),
      ...(modelVersionId === undefined ? {} : { modelVersionId }),
      priority: input.priority,
    });
    return { inference: await afterWrite(inferenceId, context), created };
  }

  @Mutation(() => CancelInferencePayload, {
    description: 'Cancels a reading that waits or runs. INVALID_STATE when it has ended.',
  })
  async cancelInference(
    @Arg('inferenceId', () => ID, { description: 'Global id of the inference.' }) globalId: string,
    @Ctx() context: GatewayContext,
  ): Promise<CancelInferencePayload> {
    const inferenceId = fromGlobalId('Inference', globalId);
    await context.services.store.inferences.cancel(inferenceId);
    return { inference: await afterWrite(inferenceId, context) };
  }
}

/** @throws GatewayError BAD_REQUEST, NOT_FOUND */
async function namedInstance(input: RequestInferenceInput, context: GatewayContext): Promise<string> {
  const { instanceId, sopInstanceUid } = input;
  if (instanceId && !sopInstanceUid) return fromGlobalId('Instance', instanceId);
  if (!sopInstanceUid || instanceId) throw new GatewayError('BAD_REQUEST', 'Give either instanceId or sopInstanceUid.');
  const instance = await findInstance(context.services.store.prisma, sopInstanceUid);
  if (instance === null) throw new GatewayError('NOT_FOUND', 'There is no such instance.', { sopInstanceUid });
  return instance.id;
}

async function afterWrite(inferenceId: string, context: GatewayContext): Promise<Inference> {
  renewLoaders(context);
  const inference = await context.loaders.inferences.load(inferenceId);
  if (inference === null) throw new GatewayError('NOT_FOUND', 'There is no such inference.');
  return inference;
}
