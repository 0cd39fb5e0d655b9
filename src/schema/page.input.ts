import { ArgsType, Field, Int } from 'type-graphql';
import type { PageRequest } from '../store/reads/keyset.ts';

/** Arguments of every connection. */
@ArgsType()
export class PageArguments implements PageRequest {
  @Field(() => Int, {
    nullable: true,
    description:
      'Entries after the cursor `after`, or from the beginning: 1 to 200. Default 50. Not together with last.',
  })
  readonly first?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Only entries after the one with this cursor, in the same order.',
  })
  readonly after?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Entries before the cursor `before`, or from the end: 1 to 200. Not together with first.',
  })
  readonly last?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Only entries before the one with this cursor, in the same order.',
  })
  readonly before?: string | null;
}
