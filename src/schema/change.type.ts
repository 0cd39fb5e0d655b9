import { Field, ID, ObjectType } from 'type-graphql';
import { ChangeType, Priority } from './enums.ts';
import { DateTime } from './scalars.ts';

/** One entry of the change feed. */
@ObjectType('Change', { description: 'One entry of the change feed: that something happened, and to what.' })
export class Change {
  @Field(() => String, { description: 'Opaque place in the feed, for `after`. Valid on every process.' })
  readonly cursor!: string;

  @Field(() => ChangeType, { description: 'What happened.' })
  readonly type!: ChangeType;

  @Field(() => ID, { nullable: true, description: 'Global id of the patient concerned.' })
  readonly patientId!: string | null;

  @Field(() => ID, { nullable: true, description: 'Global id of the study concerned.' })
  readonly studyId!: string | null;

  @Field(() => ID, { nullable: true, description: 'Global id of the instance concerned.' })
  readonly instanceId!: string | null;

  @Field(() => ID, { nullable: true, description: 'Global id of the inference concerned.' })
  readonly inferenceId!: string | null;

  @Field(() => ID, { nullable: true, description: 'Global id of the model version concerned.' })
  readonly modelVersionId!: string | null;

  @Field(() => ID, { nullable: true, description: 'Global id of the break-glass opening concerned; for auditors.' })
  readonly breakGlassId!: string | null;

  @Field(() => ID, { nullable: true, description: 'Global id of the job of re-readings concerned.' })
  readonly rereadJobId!: string | null;

  @Field(() => Priority, { nullable: true, description: 'Priority of the reading concerned.' })
  readonly priority!: Priority | null;

  @Field(() => DateTime, { description: 'When its transaction wrote it; the order is that of the cursors.' })
  readonly createdAt!: Date;
}
