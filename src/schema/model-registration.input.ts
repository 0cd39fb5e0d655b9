import { Field, InputType } from 'type-graphql';

/** Which folders to register. */
@InputType('RegisterModelVersionsInput', { description: 'Which folders of MODELS_DIR to register, and why.' })
export class RegisterModelVersionsInput {
  @Field(() => String, {
    nullable: true,
    description: 'Name of one folder in MODELS_DIR, without a path; absent: all.',
  })
  readonly folder?: string | null;

  @Field(() => String, { description: 'Why, for the record: 1 to 2,000 characters.' })
  readonly reason!: string;
}
