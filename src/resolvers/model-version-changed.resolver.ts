import { Authorized, Ctx, Resolver, Root, Subscription } from 'type-graphql';
import { FOLLOWS_MODELS } from '../access/permissions.ts';
import { cancellable } from '../changes.ts';
import { ModelVersionChanged } from '../schema/subscription.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { type AfterCursor, AfterCursorArg } from './after-cursor.ts';
import type { GatewayContext } from './context.ts';
import { eventLoaders } from './event-loaders.ts';

/** Model versions as they are registered and moved. */
@Resolver()
export class ModelVersionChangedResolver {
  @Authorized<AccessRole>(FOLLOWS_MODELS)
  @Subscription(() => ModelVersionChanged, {
    subscribe: ({ args, context }) => modelVersionChanged(args as AfterCursor, context as GatewayContext),
    description: 'Model versions as they are registered and moved between states, each once and in order.',
  })
  modelVersionChanged(
    @Root() changed: ModelVersionChanged,
    @AfterCursorArg() _after: string | null,
    @Ctx() context: GatewayContext,
  ): ModelVersionChanged {
    context.loaders = eventLoaders(context.reader, changed);
    return changed;
  }
}

function modelVersionChanged(
  { after }: AfterCursor,
  { reader, services: { changes } }: GatewayContext,
): AsyncGenerator<ModelVersionChanged, void, void> {
  return cancellable(async function* (signal) {
    for await (const event of changes.subscribe({ types: ['MODEL_VERSION_CHANGED'], after: after ?? null, signal })) {
      if (event.modelVersionId === null) continue;
      const loaders = eventLoaders(reader, event);
      const modelVersion = await loaders.modelVersions.load(event.modelVersionId);
      if (modelVersion === null) continue;
      yield { cursor: event.cursor, changedAt: event.createdAt, modelVersion };
    }
  });
}
