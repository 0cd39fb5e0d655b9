import { Field, ID, InputType, registerEnumType } from 'type-graphql';
import { InferenceState, OrderDirection, Priority } from './enums.ts';
import { DicomUid } from './scalars.ts';
import { TimeRangeInput } from './time-range.input.ts';

/** Which inferences. */
@InputType('InferenceFilter', { description: 'Which inferences; all conditions must hold.' })
export class InferenceFilterInput {
  @Field(() => [InferenceState], { nullable: true, description: 'In one of these states.' })
  readonly states?: readonly InferenceState[] | null;

  @Field(() => ID, { nullable: true, description: 'Global id of the patient.' })
  readonly patientId?: string | null;

  @Field(() => DicomUid, { nullable: true, description: 'Study Instance UID of the study.' })
  readonly studyInstanceUid?: string | null;

  @Field(() => ID, { nullable: true, description: 'Global id of the model version.' })
  readonly modelVersionId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Global id of the job of re-readings that queued it last.' })
  readonly rereadJobId?: string | null;

  @Field(() => TimeRangeInput, { nullable: true, description: 'When it was first requested.' })
  readonly createdAt?: TimeRangeInput | null;
}

export const InferenceOrderField = { CREATED_AT: 'CREATED_AT' } as const;

registerEnumType(InferenceOrderField, {
  name: 'InferenceOrderField',
  description: 'What inferences are ordered by.',
  valuesConfig: { CREATED_AT: { description: 'When they were first requested.' } },
});

/** In which order. */
@InputType('InferenceOrder', { description: 'Order of inferences.' })
export class InferenceOrder {
  @Field(() => InferenceOrderField, { description: 'What to order by.' })
  readonly field!: keyof typeof InferenceOrderField;

  @Field(() => OrderDirection, { description: 'In which direction.' })
  readonly direction!: keyof typeof OrderDirection;
}

/** A reading that is wanted. */
@InputType('RequestInferenceInput', {
  description: 'A reading that is wanted. The film is named by instanceId or by sopInstanceUid, not both.',
})
export class RequestInferenceInput {
  @Field(() => ID, { nullable: true, description: 'Global id of the instance to read.' })
  readonly instanceId?: string | null;

  @Field(() => DicomUid, { nullable: true, description: 'SOP Instance UID of the instance to read.' })
  readonly sopInstanceUid?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Global id of the model version that reads; default: the active one.',
  })
  readonly modelVersionId?: string | null;

  @Field(() => Priority, { defaultValue: Priority.ROUTINE, description: 'Whether it goes before routine readings.' })
  readonly priority!: Priority;
}
