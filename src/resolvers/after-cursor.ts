import { Arg } from 'type-graphql';

/** The argument that every subscription has. */
export interface AfterCursor {
  readonly after?: string | null;
}

/** Declares it. Resolvers of the event need no value of it: the subscription has been made with it. */
export const AfterCursorArg = () =>
  Arg('after', () => String, {
    nullable: true,
    description: 'Cursor of the last event received; absent: from now on. CURSOR_EXPIRED when it is too old.',
  });
