import { Field, ObjectType } from 'type-graphql';
import { Sex } from './enums.ts';
import { Node } from './node.type.ts';
import { connectionOf } from './page.type.ts';
import { CalendarDate, DateTime } from './scalars.ts';

/** A person. */
@ObjectType('Patient', {
  implements: Node,
  description:
    'A person, known by the medical record number that an issuer gave. As the first film said; what it left out, as a later one did that agrees with it.',
})
export class Patient extends Node {
  @Field(() => String, { description: 'Medical record number: Patient ID (0010,0020).' })
  readonly mrn!: string;

  @Field(() => String, {
    description:
      'Who gave the number: Issuer of Patient ID (0010,0021), or the configured one where the film is silent.',
  })
  readonly issuer!: string;

  @Field(() => String, {
    nullable: true,
    description: "Patient's Name (0010,0010): alphabetic group, components joined by ^.",
  })
  readonly name!: string | null;

  @Field(() => String, { nullable: true, description: 'The same name in the characters of its language.' })
  readonly nameIdeographic!: string | null;

  @Field(() => String, { nullable: true, description: 'The same name as it is spoken.' })
  readonly namePhonetic!: string | null;

  @Field(() => CalendarDate, { nullable: true, description: "Patient's Birth Date (0010,0030)." })
  readonly birthDate!: Date | null;

  @Field(() => Sex, { nullable: true, description: "Patient's Sex (0010,0040)." })
  readonly sex!: Sex | null;

  @Field(() => DateTime, { description: 'When the gateway first saw the patient.' })
  readonly createdAt!: Date;
}

/** A page of patients. */
export const PatientConnection = connectionOf('Patient', () => Patient);
