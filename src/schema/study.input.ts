import { Field, ID, InputType, registerEnumType } from 'type-graphql';
import { OrderDirection } from './enums.ts';
import { TimeRangeInput } from './time-range.input.ts';

/** Which studies. */
@InputType('StudyFilter', { description: 'Which studies; all conditions must hold.' })
export class StudyFilterInput {
  @Field(() => ID, { nullable: true, description: 'Global id of their patient.' })
  readonly patientId?: string | null;

  @Field(() => String, { nullable: true, description: 'Exact accession number.' })
  readonly accessionNumber?: string | null;

  @Field(() => TimeRangeInput, {
    nullable: true,
    description: 'When the study was made; studies without a date are in no range.',
  })
  readonly studyDate?: TimeRangeInput | null;

  @Field(() => TimeRangeInput, { nullable: true, description: 'When its first film was stored.' })
  readonly createdAt?: TimeRangeInput | null;
}

export const StudyOrderField = { CREATED_AT: 'CREATED_AT', STUDY_DATE: 'STUDY_DATE' } as const;

registerEnumType(StudyOrderField, {
  name: 'StudyOrderField',
  description: 'What studies are ordered by.',
  valuesConfig: {
    CREATED_AT: { description: 'When their first film was stored.' },
    STUDY_DATE: { description: 'When they were made; studies without a date sort as the oldest.' },
  },
});

/** In which order. */
@InputType('StudyOrder', { description: 'Order of studies.' })
export class StudyOrder {
  @Field(() => StudyOrderField, { description: 'What to order by.' })
  readonly field!: keyof typeof StudyOrderField;

  @Field(() => OrderDirection, { description: 'In which direction.' })
  readonly direction!: keyof typeof OrderDirection;
}
