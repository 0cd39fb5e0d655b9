import { Field, Float, ID, InputType, registerEnumType } from 'type-graphql';
import { OrderDirection } from './enums.ts';
import { DicomUid } from './scalars.ts';
import { TimeRangeInput } from './time-range.input.ts';

/** Which findings. */
@InputType('FindingFilter', { description: 'Which findings; all conditions must hold.' })
export class FindingFilterInput {
  @Field(() => [String], { nullable: true, description: 'One of these labels, as the model names them.' })
  readonly labels?: readonly string[] | null;

  @Field(() => Boolean, { nullable: true, description: 'true: only positive findings; false: only negative ones.' })
  readonly positive?: boolean | null;

  @Field(() => Float, { nullable: true, description: 'Least probability, 0 to 1.' })
  readonly minimumProbability?: number | null;

  @Field(() => TimeRangeInput, { nullable: true, description: 'When the finding was stored.' })
  readonly createdAt?: TimeRangeInput | null;

  @Field(() => ID, { nullable: true, description: 'Global id of the patient.' })
  readonly patientId?: string | null;

  @Field(() => DicomUid, { nullable: true, description: 'Study Instance UID of the study.' })
  readonly studyInstanceUid?: string | null;

  @Field(() => ID, { nullable: true, description: 'Global id of the model version.' })
  readonly modelVersionId?: string | null;
}

export const FindingOrderField = { CREATED_AT: 'CREATED_AT', PROBABILITY: 'PROBABILITY' } as const;

registerEnumType(FindingOrderField, {
  name: 'FindingOrderField',
  description: 'What findings are ordered by.',
  valuesConfig: {
    CREATED_AT: { description: 'When they were stored.' },
    PROBABILITY: { description: "The model's probability." },
  },
});

/** In which order. */
@InputType('FindingOrder', { description: 'Order of findings.' })
export class FindingOrder {
  @Field(() => FindingOrderField, { description: 'What to order by.' })
  readonly field!: keyof typeof FindingOrderField;

  @Field(() => OrderDirection, { description: 'In which direction.' })
  readonly direction!: keyof typeof OrderDirection;
}
