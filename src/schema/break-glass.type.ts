import { Field, ObjectType } from 'type-graphql';
import { Node } from './node.type.ts';
import { connectionOf } from './page.type.ts';
import { DateTime } from './scalars.ts';

/** A record that was opened without a grant. */
@ObjectType('BreakGlassOpening', {
  implements: Node,
  description: "A patient's record that a clinician opened without being granted it, for a time and with a reason.",
})
export class BreakGlassOpening extends Node {
  @Field(() => String, { description: 'Who opened it, as identities are named: stable and unique.' })
  readonly subject!: string;

  @Field(() => String, { nullable: true, description: 'Name of the person, as the identity provider gave it.' })
  readonly displayName!: string | null;

  @Field(() => String, { description: 'Why, in the words of who opened it.' })
  readonly reason!: string;

  @Field(() => DateTime, { description: 'When it was opened.' })
  readonly createdAt!: Date;

  @Field(() => DateTime, { description: 'When it ends by itself.' })
  readonly expiresAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it was ended before its time; null when it was not.' })
  readonly endedAt!: Date | null;

  @Field(() => String, { nullable: true, description: 'Who ended it before its time.' })
  readonly endedBy!: string | null;
}

/** A page of openings. */
export const BreakGlassOpeningConnection = connectionOf('BreakGlassOpening', () => BreakGlassOpening);

/** An opened record. */
@ObjectType('OpenBreakGlassPayload', { description: 'An opened record.' })
export class OpenBreakGlassPayload {
  @Field(() => BreakGlassOpening, { description: 'The opening; until it expires or ends, the patient can be read.' })
  readonly opening!: BreakGlassOpening;
}

/** An ended opening. */
@ObjectType('EndBreakGlassPayload', { description: 'An ended opening.' })
export class EndBreakGlassPayload {
  @Field(() => BreakGlassOpening, { description: 'The opening, now ended.' })
  readonly opening!: BreakGlassOpening;
}

/** A record that has just been opened. */
@ObjectType('BreakGlassOpened', { description: 'A record was opened without a grant.' })
export class BreakGlassOpened {
  @Field(() => String, {
    description: 'Opaque place in the change feed: subscribe again with it as `after` to miss nothing.',
  })
  readonly cursor!: string;

  @Field(() => BreakGlassOpening, { description: 'The opening as it stands now.' })
  readonly opening!: BreakGlassOpening;
}
