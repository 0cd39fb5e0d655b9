import { Field, Float, Int, ObjectType } from 'type-graphql';

/** A proportion and its confidence interval. */
@ObjectType('Proportion', { description: 'A proportion with its 95 % confidence interval (Wilson).' })
export class Proportion {
  @Field(() => Int, { description: 'Of these.' })
  readonly successes!: number;

  @Field(() => Int, { description: 'Out of these.' })
  readonly trials!: number;

  @Field(() => Float, { nullable: true, description: 'successes / trials; null without trials.' })
  readonly value!: number | null;

  @Field(() => Float, { nullable: true, description: 'Lower bound; null without trials.' })
  readonly low!: number | null;

  @Field(() => Float, { nullable: true, description: 'Upper bound; null without trials.' })
  readonly high!: number | null;
}

/** A distribution in five numbers. */
@ObjectType('DistributionSummary', { description: 'A distribution in five numbers; null without values.' })
export class DistributionSummary {
  @Field(() => Int, { description: 'Values.' })
  readonly count!: number;

  @Field(() => Float, { nullable: true, description: 'Arithmetic mean.' })
  readonly mean!: number | null;

  @Field(() => Float, { nullable: true, description: 'Median.' })
  readonly median!: number | null;

  @Field(() => Float, { nullable: true, description: '5th percentile.' })
  readonly low!: number | null;

  @Field(() => Float, { nullable: true, description: '95th percentile.' })
  readonly high!: number | null;
}

/** A mean of differences and its confidence interval. */
@ObjectType('MeanDifference', { description: 'A mean of differences with its 95 % confidence interval (normal).' })
export class MeanDifference {
  @Field(() => Float, { nullable: true, description: 'Mean; null without films.' })
  readonly value!: number | null;

  @Field(() => Float, { nullable: true, description: 'Lower bound; null below two films.' })
  readonly low!: number | null;

  @Field(() => Float, { nullable: true, description: 'Upper bound; null below two films.' })
  readonly high!: number | null;
}
