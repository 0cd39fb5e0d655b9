import { Field, Float, Int, ObjectType } from 'type-graphql';
import { ModelVersion } from './model-version.type.ts';
import { CalendarDate, DateTime } from './scalars.ts';

/** What days are compared with. */
@ObjectType('DriftReference', {
  description: "What days are compared with: the evaluation that made the manifest's reference.",
})
export class DriftReference {
  @Field(() => String, { description: 'Name of the films.' })
  readonly dataSet!: string;

  @Field(() => Int, { description: 'How many.' })
  readonly films!: number;
}

/** One measure of one day. */
@ObjectType('DriftMeasure', { description: 'How far one distribution of one day has moved from the reference.' })
export class DriftMeasure {
  @Field(() => String, { description: 'A label, `input mean` or `input deviation` (of the film in 8-bit grey).' })
  readonly measure!: string;

  @Field(() => Int, { description: 'Values.' })
  readonly count!: number;

  @Field(() => Float, {
    description:
      'Population stability index: below 0.1 stable, above 0.25 another population. Small samples look moved: n values of the same population give about 9 / n.',
  })
  readonly psi!: number;

  @Field(() => Float, {
    description: 'Kolmogorov-Smirnov: largest difference of the cumulative distributions, 0 to 1.',
  })
  readonly ksStatistic!: number;

  @Field(() => Float, { description: 'How likely such a difference is within one population, 0 to 1.' })
  readonly ksPValue!: number;
}

/** One day. */
@ObjectType('DriftDay', { description: 'What the readings of one day come to.' })
export class DriftDay {
  @Field(() => CalendarDate, { description: 'UTC.' })
  readonly day!: Date;

  @Field(() => Int, { description: 'Films read, re-readings of old films left out.' })
  readonly films!: number;

  @Field(() => [DriftMeasure], { description: 'Inputs, then labels by name; empty without a reference.' })
  readonly measures!: readonly DriftMeasure[];
}

/** An alert. */
@ObjectType('DriftAlert', { description: 'A measure that had moved away from the reference over 24 hours.' })
export class DriftAlert {
  @Field(() => CalendarDate, { description: 'On which it was found, UTC.' })
  readonly day!: Date;

  @Field(() => String, { description: 'A label, `input mean` or `input deviation`.' })
  readonly measure!: string;

  @Field(() => Int, { description: 'Films of the 24 hours.' })
  readonly films!: number;

  @Field(() => Float, { description: 'Population stability index.' })
  readonly psi!: number;

  @Field(() => Float, { description: 'Kolmogorov-Smirnov statistic.' })
  readonly ksStatistic!: number;

  @Field(() => Float, { description: 'Its p-value.' })
  readonly ksPValue!: number;

  @Field(() => DateTime, { description: 'When it was found.' })
  readonly createdAt!: Date;
}

/** Days of a version. */
@ObjectType('ModelDrift', { description: 'How far scores and films of a model version have moved from its reference.' })
export class ModelDrift {
  @Field(() => ModelVersion, { description: 'Whose readings.' })
  readonly modelVersion!: ModelVersion;

  @Field(() => DriftReference, { nullable: true, description: 'Null when its manifest has none: nothing is compared.' })
  readonly reference!: DriftReference | null;

  @Field(() => [DriftDay], { description: 'Days with films, in order.' })
  readonly days!: readonly DriftDay[];

  @Field(() => [DriftAlert], {
    description:
      'Alerts of the time, newest first; 1,000 at most. They were found over the films of all patients, also of those whom the caller may not see; `days` are not.',
  })
  readonly alerts!: readonly DriftAlert[];
}

/** Alerts as they come. */
@ObjectType('ModelDriftAlert', {
  description: 'Scores or films of a model version have moved away from its reference.',
})
export class ModelDriftAlert {
  @Field(() => String, {
    description: 'Opaque place in the change feed: subscribe again with it as `after` to miss nothing.',
  })
  readonly cursor!: string;

  @Field(() => ModelVersion, { description: 'Whose.' })
  readonly modelVersion!: ModelVersion;

  @Field(() => [DriftAlert], { description: 'What was found at once, by measure.' })
  readonly alerts!: readonly DriftAlert[];
}
