import { Field, ID, InputType, registerEnumType } from 'type-graphql';
import { OrderDirection } from './enums.ts';

/** Whose record, and why. */
@InputType('OpenBreakGlassInput', {
  description: 'Whose record is opened, and why. The patient is named by patientId, or by mrn and issuer, not both.',
})
export class OpenBreakGlassInput {
  @Field(() => ID, { nullable: true, description: 'Global id of the patient.' })
  readonly patientId?: string | null;

  @Field(() => String, { nullable: true, description: 'Medical record number; needs issuer.' })
  readonly mrn?: string | null;

  @Field(() => String, { nullable: true, description: 'Issuer of the medical record number.' })
  readonly issuer?: string | null;

  @Field(() => String, {
    description: 'Why the record is needed, for those who audit: 10 to 2,000 characters.',
  })
  readonly reason!: string;
}

/** Which openings. */
@InputType('BreakGlassFilter', { description: 'Which openings; all conditions must hold.' })
export class BreakGlassFilterInput {
  @Field(() => Boolean, {
    nullable: true,
    description: 'true: only those that still let their subject read; false: only the others.',
  })
  readonly live?: boolean | null;

  @Field(() => String, { nullable: true, description: 'Of this subject.' })
  readonly subject?: string | null;

  @Field(() => ID, { nullable: true, description: 'Global id of the patient.' })
  readonly patientId?: string | null;
}

export const BreakGlassOrderField = { CREATED_AT: 'CREATED_AT' } as const;

registerEnumType(BreakGlassOrderField, {
  name: 'BreakGlassOrderField',
  description: 'What openings are ordered by.',
  valuesConfig: { CREATED_AT: { description: 'When they were made.' } },
});

/** In which order. */
@InputType('BreakGlassOrder', { description: 'Order of openings.' })
export class BreakGlassOrder {
  @Field(() => BreakGlassOrderField, { description: 'What to order by.' })
  readonly field!: keyof typeof BreakGlassOrderField;

  @Field(() => OrderDirection, { description: 'In which direction.' })
  readonly direction!: keyof typeof OrderDirection;
}
