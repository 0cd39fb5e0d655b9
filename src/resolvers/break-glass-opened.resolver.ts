import { Authorized, Ctx, Resolver, Root, Subscription } from 'type-graphql';
import { AUDITS } from '../access/permissions.ts';
import { cancellable } from '../changes.ts';
import { BreakGlassOpened } from '../schema/break-glass.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { type AfterCursor, AfterCursorArg } from './after-cursor.ts';
import type { GatewayContext } from './context.ts';
import { eventLoaders } from './event-loaders.ts';

/** Records as they are opened without a grant. */
@Resolver()
export class BreakGlassOpenedResolver {
  @Authorized<AccessRole>(AUDITS)
  @Subscription(() => BreakGlassOpened, {
    subscribe: ({ args, context }) => breakGlassOpened(args as AfterCursor, context as GatewayContext),
    description: 'Records as they are opened without a grant, each once and in order, also those missed while away.',
  })
  breakGlassOpened(
    @Root() opened: BreakGlassOpened,
    @AfterCursorArg() _after: string | null,
    @Ctx() context: GatewayContext,
  ): BreakGlassOpened {
    context.loaders = eventLoaders(context.reader, opened);
    return opened;
  }
}

function breakGlassOpened(
  { after }: AfterCursor,
  { reader, services: { changes } }: GatewayContext,
): AsyncGenerator<BreakGlassOpened, void, void> {
  return cancellable(async function* (signal) {
    for await (const event of changes.subscribe({ types: ['BREAK_GLASS_OPENED'], after: after ?? null, signal })) {
      if (event.breakGlassId === null) continue;
      const opening = await eventLoaders(reader, event).breakGlasses.load(event.breakGlassId);
      if (opening !== null) yield { cursor: event.cursor, opening };
    }
  });
}
