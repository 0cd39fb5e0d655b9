import { ArgsType, Field, Float, InputType, Int } from 'type-graphql';

/** Which part of the list. */
@ArgsType()
export class DeidentifiedPageArguments {
  @Field(() => Int, { nullable: true, description: 'Entries after the cursor `after`: 1 to 200. Default 50.' })
  readonly first?: number | null;

  @Field(() => String, { nullable: true, description: 'Only entries after the one with this cursor.' })
  readonly after?: string | null;
}

/** Which studies. */
@InputType('DeidentifiedStudyFilter', {
  description: 'Which studies: those with at least one finding for which all of it holds.',
})
export class DeidentifiedStudyFilterInput {
  @Field(() => String, { nullable: true, description: 'Its label, as the model names it.' })
  readonly label?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'true: it is positive; false: it is negative.' })
  readonly positive?: boolean | null;

  @Field(() => Float, { nullable: true, description: 'Its least probability, 0 to 1.' })
  readonly minimumProbability?: number | null;
}
