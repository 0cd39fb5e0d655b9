import { Arg, Authorized, Ctx, ID, Query, Resolver, Root, Subscription } from 'type-graphql';
import { ADMINISTERS, ASSESSES_MODELS } from '../access/permissions.ts';
import { cancellable } from '../changes.ts';
import { ModelDrift, ModelDriftAlert } from '../schema/model-drift.type.ts';
import { DateTime } from '../schema/scalars.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { driftByDay, referenceOfManifest } from '../store/reads/drift.ts';
import { type AfterCursor, AfterCursorArg } from './after-cursor.ts';
import type { GatewayContext } from './context.ts';
import { eventLoaders } from './event-loaders.ts';
import { requireModelVersion } from './require-model-version.ts';

const USUAL_PERIOD_MS = 30 * 86_400_000;

/** Drift of model versions. */
@Resolver()
export class ModelDriftResolver {
  @Authorized<AccessRole>(ASSESSES_MODELS)
  @Query(() => ModelDrift, {
    description:
      'Day by day how far scores and films of a version have moved from its reference, over patients whom the caller may see; 92 days at most. Its alerts were found over all patients. NOT_FOUND for an unknown version.',
  })
  async modelDrift(
    @Arg('modelVersionId', () => ID, { description: 'Global id of the model version.' }) globalId: string,
    @Arg('since', () => DateTime, { nullable: true, description: 'Default: 30 days before `until`.' })
    since: Date | null,
    @Arg('until', () => DateTime, { nullable: true, description: 'Default: now.' }) until: Date | null,
    @Ctx() context: GatewayContext,
  ): Promise<ModelDrift> {
    const { reader, services } = context;
    const modelVersion = await requireModelVersion(globalId, context);
    const end = until ?? new Date();
    const from = since ?? new Date(end.getTime() - USUAL_PERIOD_MS);
    const reference = referenceOfManifest(modelVersion.manifest);
    const days = await driftByDay(reader, modelVersion.id, reference, { from, until: end });
    const alerts = await services.store.driftAlerts.ofVersion(modelVersion.id, from, end);
    return { modelVersion, reference, days, alerts };
  }

  @Authorized<AccessRole>(ADMINISTERS)
  @Subscription(() => ModelDriftAlert, {
    subscribe: ({ args, context }) => modelDriftAlert(args as AfterCursor, context as GatewayContext),
    description: 'Alerts of drift as they are found, each once and in order, also those missed while away.',
  })
  modelDriftAlert(
    @Root() alert: ModelDriftAlert,
    @AfterCursorArg() _after: string | null,
    @Ctx() context: GatewayContext,
  ): ModelDriftAlert {
    context.loaders = eventLoaders(context.reader, alert);
    return alert;
  }
}

function modelDriftAlert(
  { after }: AfterCursor,
  { reader, services: { changes, store } }: GatewayContext,
): AsyncGenerator<ModelDriftAlert, void, void> {
  return cancellable(async function* (signal) {
    for await (const event of changes.subscribe({ types: ['MODEL_DRIFT_ALERT'], after: after ?? null, signal })) {
      if (event.modelVersionId === null) continue;
      const modelVersion = await eventLoaders(reader, event).modelVersions.load(event.modelVersionId);
      if (modelVersion === null) continue;
      const alerts = await store.driftAlerts.ofChange(event.modelVersionId, event.createdAt);
      yield { cursor: event.cursor, modelVersion, alerts };
    }
  });
}
