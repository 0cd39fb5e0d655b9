import { Field, Int, ObjectType } from 'type-graphql';

/** One source attribute. */
@ObjectType('ModelCardAttribute', { description: 'One of the 31 source attributes of a model version.' })
export class ModelCardAttribute {
  @Field(() => String, {
    description: 'Heading and letter, as `4(c)`: paragraph (4)(iii) of 45 CFR 170.315(b)(11)(iv)(B).',
  })
  readonly number!: string;

  @Field(() => String, { description: 'Its field in `card` of the manifest.' })
  readonly key!: string;

  @Field(() => String, { description: 'What it is about, as the rule calls it.' })
  readonly name!: string;

  @Field(() => String, {
    nullable: true,
    description: 'What the version states, up to 4,000 characters, with paragraphs and lists; null: missing.',
  })
  readonly value!: string | null;
}

/** One heading. */
@ObjectType('ModelCardHeading', { description: 'One of the nine headings of source attributes.' })
export class ModelCardHeading {
  @Field(() => Int, { description: '1 to 9, as in the rule.' })
  readonly number!: number;

  @Field(() => String, { description: 'As the rule calls it.' })
  readonly name!: string;

  @Field(() => [ModelCardAttribute], { description: 'All attributes of the heading, in order.' })
  readonly attributes!: readonly ModelCardAttribute[];
}

/** The card of a version. */
@ObjectType('ModelCard', {
  description:
    'What a model version states about itself: the 31 source attributes of 45 CFR 170.315(b)(11)(iv)(B) (ONC HTI-1) in their nine headings, as registered.',
})
export class ModelCard {
  @Field(() => [ModelCardHeading], { description: 'The nine headings, in order.' })
  readonly headings!: readonly ModelCardHeading[];

  @Field(() => [String], { description: 'Number and name of every attribute that is not stated.' })
  readonly missing!: readonly string[];

  @Field(() => Boolean, { description: 'Whether all 31 are stated.' })
  readonly complete!: boolean;
}
