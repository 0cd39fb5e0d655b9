import { Field, Float, Int, ObjectType } from 'type-graphql';
import { ModelTransitionRequest } from './model-transition.type.ts';
import { ModelVersion } from './model-version.type.ts';
import { DateTime } from './scalars.ts';

/** What counts as positive for one label. */
@ObjectType('LabelThreshold', { description: 'What counts as positive for one label.' })
export class LabelThreshold {
  @Field(() => String, { description: 'The label, as the model names it.' })
  readonly label!: string;

  @Field(() => Float, { description: 'Least probability that counts as positive, 0 to 1.' })
  readonly threshold!: number;
}

/** Thresholds of a model version from one time on. */
@ObjectType('ThresholdSet', {
  description:
    'Thresholds of a model version from one time on. Never changed or removed: the next set has the next number.',
})
export class ThresholdSet {
  @Field(() => Int, { description: 'Its number; 1 is what the version was registered with.' })
  readonly version!: number;

  @Field(() => String, { description: 'How the thresholds were chosen.' })
  readonly method!: string;

  @Field(() => String, { description: 'Why, in the words of who set them.' })
  readonly reason!: string;

  @Field(() => String, { description: 'Who set them.' })
  readonly createdBy!: string;

  @Field(() => String, { nullable: true, description: 'Name of that person or key at the time, where it has one.' })
  readonly createdByName!: string | null;

  @Field(() => DateTime, { description: 'When.' })
  readonly createdAt!: Date;
}

/** New thresholds. */
@ObjectType('SetModelThresholdsPayload', { description: 'New thresholds of a model version.' })
export class SetModelThresholdsPayload {
  @Field(() => ModelVersion, { description: 'The model version.' })
  readonly modelVersion!: ModelVersion;

  @Field(() => ThresholdSet, {
    nullable: true,
    description: 'The set that readings apply from now on; null where it waits for a second administrator.',
  })
  readonly thresholdSet!: ThresholdSet | null;

  @Field(() => ModelTransitionRequest, {
    nullable: true,
    description: 'The request that waits for a second administrator; null: the thresholds are in force.',
  })
  readonly request!: ModelTransitionRequest | null;

  @Field(() => [String], {
    description: 'Labels of which the method could choose no threshold; they keep the one they had.',
  })
  readonly unchosen!: readonly string[];
}
