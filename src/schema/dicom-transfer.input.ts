import { Field, ID, InputType, Int, registerEnumType } from 'type-graphql';
import type { DicomTransferFilter } from '../store/reads/dicom-transfers.ts';
import { DicomTransferState, OrderDirection } from './enums.ts';
import { CalendarDate, DicomUid } from './scalars.ts';

/** A span of days. */
@InputType('DateRange', { description: 'A span of days; a missing bound is open.' })
export class DateRangeInput {
  @Field(() => CalendarDate, { nullable: true, description: 'First day, inclusive.' })
  readonly from?: Date | null;

  @Field(() => CalendarDate, { nullable: true, description: 'Last day, inclusive.' })
  readonly to?: Date | null;
}

/** Which transfers. */
@InputType('DicomTransferFilter', { description: 'Which transfers; all conditions must hold.' })
export class DicomTransferFilterInput implements DicomTransferFilter {
  @Field(() => [DicomTransferState], { nullable: true, description: 'In one of these states.' })
  readonly states?: readonly DicomTransferState[] | null;

  @Field(() => String, { nullable: true, description: 'Exact name of the node.' })
  readonly node?: string | null;

  @Field(() => DicomUid, { nullable: true, description: 'Study Instance UID of the study.' })
  readonly studyInstanceUid?: string | null;
}

export const DicomTransferOrderField = { CREATED_AT: 'CREATED_AT' } as const;

registerEnumType(DicomTransferOrderField, {
  name: 'DicomTransferOrderField',
  description: 'What transfers are ordered by.',
  valuesConfig: { CREATED_AT: { description: 'When they were requested.' } },
});

/** In which order. */
@InputType('DicomTransferOrder', { description: 'Order of transfers.' })
export class DicomTransferOrder {
  @Field(() => DicomTransferOrderField, { description: 'What to order by.' })
  readonly field!: keyof typeof DicomTransferOrderField;

  @Field(() => OrderDirection, { description: 'In which direction.' })
  readonly direction!: keyof typeof OrderDirection;
}

/** A study to fetch. */
@InputType('RetrieveStudyInput', { description: 'A study to fetch.' })
export class RetrieveStudyInput {
  @Field(() => String, { description: 'Name of the node that has it.' })
  readonly node!: string;

  @Field(() => DicomUid, { description: 'Study Instance UID.' })
  readonly studyInstanceUid!: string;
}

/** A patient whose earlier films to fetch. */
@InputType('RetrievePriorStudiesInput', { description: 'A patient whose earlier radiographs to fetch.' })
export class RetrievePriorStudiesInput {
  @Field(() => String, { description: 'Name of the node that has them.' })
  readonly node!: string;

  @Field(() => ID, {
    description: 'Global id of the patient; the node is asked for the same medical record number, and issuer if known.',
  })
  readonly patientId!: string;

  @Field(() => CalendarDate, { nullable: true, description: 'Only studies of earlier days; default: all.' })
  readonly before?: Date | null;

  @Field(() => Int, { defaultValue: 5, description: 'Most studies, the latest first: 1 to 50.' })
  readonly first!: number;
}

/** A study to send. */
@InputType('SendStudyInput', { description: 'A stored study to send.' })
export class SendStudyInput {
  @Field(() => String, { description: 'Name of the node that is to have it.' })
  readonly node!: string;

  @Field(() => ID, { description: 'Global id of the study.' })
  readonly studyId!: string;
}
