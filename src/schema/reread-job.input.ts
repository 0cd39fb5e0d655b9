import { Field, ID, InputType } from 'type-graphql';
import { DicomUid } from './scalars.ts';
import { TimeRangeInput } from './time-range.input.ts';

/** What a version has found. */
@InputType('RereadFindingInput', { description: 'What a version has found on a film.' })
export class RereadFindingInput {
  @Field(() => ID, { description: 'Global id of the model version.' })
  readonly modelVersionId!: string;

  @Field(() => String, { description: 'Name of the label.' })
  readonly label!: string;

  @Field(() => Boolean, { defaultValue: true, description: 'Whether it was over the threshold of that time.' })
  readonly positive!: boolean;
}

/** Which films. */
@InputType('RereadFilter', { description: 'Which films; all conditions must hold, and at least one is given.' })
export class RereadFilterInput {
  @Field(() => ID, { nullable: true, description: 'Global id of their patient.' })
  readonly patientId?: string | null;

  @Field(() => TimeRangeInput, {
    nullable: true,
    description: 'When their study was made; studies without a date are in no range.',
  })
  readonly studyDate?: TimeRangeInput | null;

  @Field(() => TimeRangeInput, { nullable: true, description: 'When they were stored.' })
  readonly createdAt?: TimeRangeInput | null;

  @Field(() => String, {
    nullable: true,
    description: 'Calling AE title of the association that brought them; films of other doors have none.',
  })
  readonly callingAeTitle?: string | null;

  @Field(() => RereadFindingInput, { nullable: true, description: 'What a version has found on them.' })
  readonly finding?: RereadFindingInput | null;
}

/** Which films. */
@InputType('RereadSelectionInput', {
  description: 'Which stored films, by exactly one of its fields. Films that the gate refused are never read.',
})
export class RereadSelectionInput {
  @Field(() => ID, { nullable: true, description: 'Those of the study with this global id.' })
  readonly studyId?: string | null;

  @Field(() => DicomUid, { nullable: true, description: 'Those of the study with this Study Instance UID.' })
  readonly studyInstanceUid?: string | null;

  @Field(() => RereadFilterInput, { nullable: true, description: 'Those that the conditions hold of.' })
  readonly filter?: RereadFilterInput | null;

  @Field(() => Boolean, { nullable: true, description: 'true: all films.' })
  readonly all?: boolean | null;
}

/** Films that are to be read again. */
@InputType('RequestRereadInput', { description: 'Films that are to be read again.' })
export class RequestRereadInput {
  @Field(() => ID, { description: 'Global id of the model version that reads.' })
  readonly modelVersionId!: string;

  @Field(() => RereadSelectionInput, { description: 'Which films.' })
  readonly selection!: RereadSelectionInput;

  @Field(() => String, { description: 'Why, for the record: 1 to 2,000 characters.' })
  readonly reason!: string;
}
