import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { ModelVersion } from './model-version.type.ts';
import { Proportion } from './statistics.type.ts';

export const PerformanceGrouping = {
  NONE: 'NONE',
  SITE: 'SITE',
  VIEW: 'VIEW',
  SEX: 'SEX',
  AGE_BAND: 'AGE_BAND',
} as const;

registerEnumType(PerformanceGrouping, {
  name: 'PerformanceGrouping',
  description: 'How films are grouped.',
  valuesConfig: {
    NONE: { description: 'All films together.' },
    SITE: { description: 'By the assigning authority of the patient.' },
    VIEW: { description: 'By View Position (0018,5101).' },
    SEX: { description: "By Patient's Sex (0010,0040)." },
    AGE_BAND: { description: 'By age on the day of the study: 0-17, 18-39, 40-64, 65-79, 80+.' },
  },
});

/** One label within one group. */
@ObjectType('LabelPerformance', {
  description:
    'How often one label was right, by the reviews. Of each reviewer the newest verdict counts; of several reviewers the verdict that most of them gave; without one the finding is not assessable.',
})
export class LabelPerformance {
  @Field(() => String, { description: 'The label.' })
  readonly label!: string;

  @Field(() => Int, { description: 'Positive findings that the reviewers agree with.' })
  readonly truePositives!: number;

  @Field(() => Int, { description: 'Positive findings that the reviewers disagree with.' })
  readonly falsePositives!: number;

  @Field(() => Int, { description: 'Negative findings that the reviewers agree with.' })
  readonly trueNegatives!: number;

  @Field(() => Int, { description: 'Negative findings that the reviewers disagree with, missed ones among them.' })
  readonly falseNegatives!: number;

  @Field(() => Int, { description: 'Reviewed findings that cannot be judged, or of which the reviewers differ.' })
  readonly notAssessable!: number;

  @Field(() => Proportion, { description: 'Findings that are right, of those that could be judged.' })
  readonly agreement!: Proportion;

  @Field(() => Proportion, { description: 'True positives of all that are there.' })
  readonly sensitivity!: Proportion;

  @Field(() => Proportion, { description: 'True negatives of all that are not there.' })
  readonly specificity!: Proportion;

  @Field(() => Proportion, { description: 'True positives of all positive findings.' })
  readonly positivePredictiveValue!: Proportion;
}

/** The labels of one group. */
@ObjectType('PerformanceGroup', { description: 'The labels of one group of films.' })
export class PerformanceGroup {
  @Field(() => String, {
    nullable: true,
    description: 'What its films have in common; null where the records do not say, and without grouping.',
  })
  readonly group!: string | null;

  @Field(() => [LabelPerformance], { description: 'Labels with a review, by name.' })
  readonly labels!: readonly LabelPerformance[];
}

/** What the reviews of a version come to. */
@ObjectType('ModelPerformance', {
  description:
    'What the reviews of a model version come to. Only reviewed findings are in it: where mostly positive ones are reviewed, sensitivity looks better and specificity worse than they are.',
})
export class ModelPerformance {
  @Field(() => ModelVersion, { description: 'Whose findings.' })
  readonly modelVersion!: ModelVersion;

  @Field(() => [PerformanceGroup], { description: 'In ascending order, the one without a name last.' })
  readonly groups!: readonly PerformanceGroup[];

  @Field(() => Int, {
    description: 'Missed findings that the version has no label for; one counts once for each reading.',
  })
  readonly otherMissed!: number;
}
