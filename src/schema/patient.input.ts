import { Field, InputType, registerEnumType } from 'type-graphql';
import type { PatientFilter } from '../store/reads/patients.ts';
import { OrderDirection } from './enums.ts';

/** Which patients. */
@InputType('PatientFilter', { description: 'Which patients; all conditions must hold.' })
export class PatientFilterInput implements PatientFilter {
  @Field(() => String, { nullable: true, description: 'Exact medical record number.' })
  readonly mrn?: string | null;

  @Field(() => String, { nullable: true, description: 'Exact issuer of the medical record number.' })
  readonly issuer?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Beginning of the name as DICOM writes it (family name first), upper or lower case: alphabetic, ideographic or phonetic.',
  })
  readonly namePrefix?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Only those whom a film described otherwise than the record does, or only the others.',
  })
  readonly hasDiscrepancies?: boolean | null;
}

export const PatientOrderField = { CREATED_AT: 'CREATED_AT', NAME: 'NAME' } as const;

registerEnumType(PatientOrderField, {
  name: 'PatientOrderField',
  description: 'What patients are ordered by.',
  valuesConfig: {
    CREATED_AT: { description: 'When the gateway first saw them.' },
    NAME: { description: 'Name as DICOM writes it; patients without one sort as an empty name.' },
  },
});

/** In which order. */
@InputType('PatientOrder', { description: 'Order of patients.' })
export class PatientOrder {
  @Field(() => PatientOrderField, { description: 'What to order by.' })
  readonly field!: keyof typeof PatientOrderField;

  @Field(() => OrderDirection, { description: 'In which direction.' })
  readonly direction!: keyof typeof OrderDirection;
}
