import { Field, Float, ID, InputType } from 'type-graphql';
import { Priority } from './enums.ts';
import { DicomUid } from './scalars.ts';

/** Which completed readings to be told of. */
@InputType('FindingsCompletedFilter', {
  description:
    'Which readings to be told of; all conditions must hold. With labels, minimumProbability or positiveOnly, readings without a matching finding are left out.',
})
export class FindingsCompletedFilter {
  @Field(() => DicomUid, { nullable: true, description: 'Study Instance UID; the study need not exist yet.' })
  readonly studyInstanceUid?: string | null;

  @Field(() => ID, { nullable: true, description: 'Global id of the patient.' })
  readonly patientId?: string | null;

  @Field(() => [String], { nullable: true, description: 'Only findings of these labels.' })
  readonly labels?: readonly string[] | null;

  @Field(() => Float, { nullable: true, description: 'Only findings of at least this probability, 0 to 1.' })
  readonly minimumProbability?: number | null;

  @Field(() => Boolean, { defaultValue: false, description: 'Only positive findings.' })
  readonly positiveOnly!: boolean;

  @Field(() => Priority, { nullable: true, description: 'Only readings of this priority.' })
  readonly priority?: Priority | null;
}
