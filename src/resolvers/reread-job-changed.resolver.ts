import { Authorized, Ctx, Resolver, Root, Subscription } from 'type-graphql';
import { ADMINISTERS } from '../access/permissions.ts';
import { cancellable } from '../changes.ts';
import { RereadJobChanged } from '../schema/reread-job.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { type AfterCursor, AfterCursorArg } from './after-cursor.ts';
import type { GatewayContext } from './context.ts';
import { eventLoaders } from './event-loaders.ts';

/** Jobs of re-readings as they begin, pause and end. */
@Resolver()
export class RereadJobChangedResolver {
  @Authorized<AccessRole>(ADMINISTERS)
  @Subscription(() => RereadJobChanged, {
    subscribe: ({ args, context }) => rereadJobChanged(args as AfterCursor, context as GatewayContext),
    description:
      'Jobs of re-readings as they are requested, paused, resumed, cancelled and done, each once and in order.',
  })
  rereadJobChanged(
    @Root() changed: RereadJobChanged,
    @AfterCursorArg() _after: string | null,
    @Ctx() context: GatewayContext,
  ): RereadJobChanged {
    context.loaders = eventLoaders(context.reader, changed);
    return changed;
  }
}

function rereadJobChanged(
  { after }: AfterCursor,
  { reader, services: { changes } }: GatewayContext,
): AsyncGenerator<RereadJobChanged, void, void> {
  return cancellable(async function* (signal) {
    for await (const event of changes.subscribe({ types: ['REREAD_JOB_CHANGED'], after: after ?? null, signal })) {
      if (event.rereadJobId === null) continue;
      const job = await eventLoaders(reader, event).rereadJobs.load(event.rereadJobId);
      if (job === null) continue;
      yield { cursor: event.cursor, changedAt: event.createdAt, job };
    }
  });
}
