import { Field, Float, ID, InputType } from 'type-graphql';
import { ModelState } from './enums.ts';

/** A move of a model version. */
@InputType('MoveModelVersionInput', { description: 'A move of a model version to another state.' })
export class MoveModelVersionInput {
  @Field(() => ID, { description: 'Global id of the model version.' })
  readonly modelVersionId!: string;

  @Field(() => ModelState, { description: 'State to move it to.' })
  readonly toState!: ModelState;

  @Field(() => String, { description: 'Why, for the record: 1 to 2,000 characters.' })
  readonly reason!: string;

  @Field(() => Float, {
    nullable: true,
    description:
      'For CANARY: share of the studies whose films it reads, over 0 to 1. A study is always on the same side, and stays when the share grows.',
  })
  readonly canaryShare?: number | null;

  @Field(() => [String], {
    nullable: true,
    description:
      'For CANARY: calling AE titles and doors (C_STORE, STOW_RS, GRAPHQL, C_GET, WADO_RS), all of whose films it reads, whatever the share.',
  })
  readonly canarySources?: readonly string[] | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Retires the active version though no other takes its place: then films are refused.',
  })
  readonly force!: boolean;
}
