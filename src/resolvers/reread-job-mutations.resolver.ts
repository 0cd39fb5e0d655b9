import { Arg, Authorized, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import { ADMINISTERS } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import { fromGlobalId } from '../schema/global-id.ts';
import { RequestRereadInput } from '../schema/reread-job.input.ts';
import { RereadJobPayload } from '../schema/reread-job.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { notUsable } from '../store/model-state.ts';
import type { RereadJobRow } from '../store/reads/tables.ts';
import { actorIn, type GatewayContext, renewLoaders } from './context.ts';
import { present } from './present.ts';
import { keptSelection } from './reread-selection.ts';

/** Has films read again. */
@Resolver()
export class RereadJobMutationsResolver {
  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => RereadJobPayload, {
    description:
      'Has stored films read by a model version, whichever that was admitted (SHADOW, CANARY, ACTIVE, RETIRED), below all live films. A film that the version has read is passed over, one whose reading failed or was cancelled is read again. Findings by a version that is neither ACTIVE nor CANARY are kept from clinical roles. INVALID_STATE for a version that is REGISTERED or lacks something, and when 20 jobs are unfinished.',
  })
  async requestReread(
    @Arg('input', () => RequestRereadInput, { description: 'Which films, by which version, and why.' })
    input: RequestRereadInput,
    @Ctx() context: GatewayContext,
  ): Promise<RereadJobPayload> {
    const { rereadJobs } = context.services.store;
    const modelVersionId = fromGlobalId('ModelVersion', input.modelVersionId);
    const selection = await keptSelection(input.selection, context);
    await requireUsable(modelVersionId, context);
    const wanted = { modelVersionId, selection, reason: input.reason, by: actorIn(context) };
    return afterWrite(await rereadJobs.request(wanted), context);
  }

  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => RereadJobPayload, {
    description:
      'Has a job queue no more readings; the 20 at most that are queued are made. INVALID_STATE when it has ended.',
  })
  async pauseReread(
    @Arg('id', () => ID, { description: 'Global id of the job.' }) globalId: string,
    @Ctx() context: GatewayContext,
  ): Promise<RereadJobPayload> {
    return move(await visibleJob(globalId, context), 'PAUSED', context);
  }

  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => RereadJobPayload, {
    description: 'Has a paused job go on where it was. INVALID_STATE when it has ended, or its version cannot be used.',
  })
  async resumeReread(
    @Arg('id', () => ID, { description: 'Global id of the job.' }) globalId: string,
    @Ctx() context: GatewayContext,
  ): Promise<RereadJobPayload> {
    const job = await visibleJob(globalId, context);
    await requireUsable(job.modelVersionId, context);
    return move(job, 'RUNNING', context);
  }

  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => RereadJobPayload, {
    description:
      'Ends a job and cancels those of its readings that wait or run; findings that are there stay. INVALID_STATE when it is done.',
  })
  async cancelReread(
    @Arg('id', () => ID, { description: 'Global id of the job.' }) globalId: string,
    @Ctx() context: GatewayContext,
  ): Promise<RereadJobPayload> {
    return move(await visibleJob(globalId, context), 'CANCELLED', context);
  }
}

async function visibleJob(globalId: string, { loaders }: GatewayContext): Promise<RereadJobRow> {
  const job = await loaders.rereadJobs.load(fromGlobalId('RereadJob', globalId));
  if (job === null) throw new GatewayError('NOT_FOUND', 'There is no such job.');
  return job;
}

/**
 * Before films are read by it: the folder of the version may have changed since it was admitted.
 *
 * @throws GatewayError NOT_FOUND, INVALID_STATE, MODEL_UNAVAILABLE, MODEL_INVALID, MODEL_DIGEST_MISMATCH
 */
async function requireUsable(modelVersionId: string, context: GatewayContext): Promise<void> {
  const { models, store } = context.services;
  const missing = await models.verify(await store.modelVersions.digestOf(modelVersionId), actorIn(context));
  if (missing.length > 0) throw notUsable(missing);
}

async function move(
  { id }: RereadJobRow,
  to: 'RUNNING' | 'PAUSED' | 'CANCELLED',
  context: GatewayContext,
): Promise<RereadJobPayload> {
  await context.services.store.rereadJobs.move(id, to, actorIn(context));
  return afterWrite(id, context);
}

async function afterWrite(id: string, context: GatewayContext): Promise<RereadJobPayload> {
  renewLoaders(context);
  return { job: present(await context.loaders.rereadJobs.load(id)) };
}
