import { Field, Float, ID, InputType, registerEnumType } from 'type-graphql';

export const ThresholdMethod = { YOUDEN: 'YOUDEN', TARGET_SENSITIVITY: 'TARGET_SENSITIVITY' } as const;

registerEnumType(ThresholdMethod, {
  name: 'ThresholdMethod',
  description: 'How thresholds are chosen on the films of the evaluation in the folder of the model version.',
  valuesConfig: {
    YOUDEN: { description: 'The largest sensitivity + specificity - 1, the more sensitive of equals.' },
    TARGET_SENSITIVITY: {
      description:
        'Of those that reach the target the one with the fewest false positives, the more sensitive of equals.',
    },
  },
});

/** A threshold by hand. */
@InputType('LabelThresholdInput', { description: 'What is to count as positive for one label.' })
export class LabelThresholdInput {
  @Field(() => String, { description: 'The label, as the model names it.' })
  readonly label!: string;

  @Field(() => Float, { description: 'Least probability that counts as positive, 0 to 1.' })
  readonly threshold!: number;
}

/** New thresholds of a model version. */
@InputType('SetModelThresholdsInput', {
  description: 'New thresholds of a model version: either by hand, or by a method.',
})
export class SetModelThresholdsInput {
  @Field(() => ID, { description: 'Global id of the model version.' })
  readonly modelVersionId!: string;

  @Field(() => [LabelThresholdInput], {
    nullable: true,
    description: 'By hand; labels that are not named keep the threshold they have.',
  })
  readonly thresholds?: readonly LabelThresholdInput[] | null;

  @Field(() => ThresholdMethod, { nullable: true, description: 'By a method, instead of by hand.' })
  readonly method?: keyof typeof ThresholdMethod | null;

  @Field(() => Float, { nullable: true, description: 'For TARGET_SENSITIVITY: above 0, at most 1.' })
  readonly target?: number | null;

  @Field(() => String, { description: 'Why, for the record: 1 to 2,000 characters.' })
  readonly reason!: string;
}
