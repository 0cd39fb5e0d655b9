import { Field, ObjectType } from 'type-graphql';
import { PatientAttribute } from './enums.ts';
import { DateTime } from './scalars.ts';

/** What a film says of a patient otherwise than the record does. */
@ObjectType('PatientDiscrepancy', {
  description:
    'What a film says of its patient otherwise than the record, which stays as it is. It may be a typing error, or the film of somebody else.',
})
export class PatientDiscrepancy {
  @Field(() => PatientAttribute, { description: 'What differs.' })
  readonly attribute!: PatientAttribute;

  @Field(() => String, { description: 'As the record had it when the film came.' })
  readonly recorded!: string;

  @Field(() => String, { description: 'As the film has it.' })
  readonly stated!: string;

  @Field(() => DateTime, { description: 'When the film came.' })
  readonly createdAt!: Date;
}
