import { Field, Float, Int, ObjectType } from 'type-graphql';
import { ModelVersion } from './model-version.type.ts';
import { DistributionSummary, MeanDifference, Proportion } from './statistics.type.ts';

/** Times of one version. */
@ObjectType('ReadingLatencies', { description: "How long one version's readings of the films took, in milliseconds." })
export class ReadingLatencies {
  @Field(() => DistributionSummary, { description: 'The model itself, in milliseconds.' })
  readonly inferenceMs!: DistributionSummary;

  @Field(() => DistributionSummary, {
    description: 'From the claim by a worker to the stored findings, in milliseconds; without the wait before.',
  })
  readonly totalMs!: DistributionSummary;
}

/** One label in both versions. */
@ObjectType('LabelComparison', { description: 'One label in both versions, over the same films.' })
export class LabelComparison {
  @Field(() => String, { description: 'The label.' })
  readonly label!: string;

  @Field(() => Proportion, { description: "Films on the same side of each version's threshold." })
  readonly agreement!: Proportion;

  @Field(() => Int, { description: 'Films that are negative by a and positive by b.' })
  readonly becamePositive!: number;

  @Field(() => Int, { description: 'Films that are positive by a and negative by b.' })
  readonly becameNegative!: number;

  @Field(() => Float, {
    nullable: true,
    description: "Agreement beyond chance (Cohen's kappa); null where one side alone occurs.",
  })
  readonly kappa!: number | null;

  @Field(() => MeanDifference, { description: 'Of the probabilities, b less a.' })
  readonly meanDifference!: MeanDifference;

  @Field(() => Float, { nullable: true, description: 'Of the probabilities, without its sign; null without films.' })
  readonly largestDifference!: number | null;

  @Field(() => DistributionSummary, { description: 'Probabilities by a.' })
  readonly scoresOfA!: DistributionSummary;

  @Field(() => DistributionSummary, { description: 'Probabilities by b.' })
  readonly scoresOfB!: DistributionSummary;
}

/** Two versions side by side. */
@ObjectType('ModelComparison', { description: 'Two model versions over the films that both have read.' })
export class ModelComparison {
  @Field(() => ModelVersion, { description: 'Version a.' })
  readonly a!: ModelVersion;

  @Field(() => ModelVersion, { description: 'Version b.' })
  readonly b!: ModelVersion;

  @Field(() => Int, { description: 'Films compared.' })
  readonly films!: number;

  @Field(() => Boolean, {
    description: 'There may be more films: the newest 20,000 within the newest 200,000 readings by a are compared.',
  })
  readonly truncated!: boolean;

  @Field(() => [LabelComparison], { description: 'Labels that both have, by name.' })
  readonly labels!: readonly LabelComparison[];

  @Field(() => ReadingLatencies, { description: 'Times of a.' })
  readonly latencyOfA!: ReadingLatencies;

  @Field(() => ReadingLatencies, { description: 'Times of b.' })
  readonly latencyOfB!: ReadingLatencies;
}
