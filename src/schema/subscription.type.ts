import { Field, ObjectType } from 'type-graphql';
import { ChangeType, InferenceState } from './enums.ts';
import { Finding } from './finding.type.ts';
import { Inference } from './inference.type.ts';
import { ModelVersion } from './model-version.type.ts';
import { Patient } from './patient.type.ts';
import { DateTime } from './scalars.ts';
import { Study } from './study.type.ts';

const CURSOR = 'Opaque place in the change feed: subscribe again with it as `after` to miss nothing.';

/** A reading that ended with findings. */
@ObjectType('FindingsCompleted', { description: 'A reading has ended with findings.' })
export class FindingsCompleted {
  @Field(() => String, { description: CURSOR })
  readonly cursor!: string;

  @Field(() => DateTime, { description: 'When the findings were stored.' })
  readonly completedAt!: Date;

  @Field(() => Patient, { description: 'Whose film it is.' })
  readonly patient!: Patient;

  @Field(() => Study, { description: 'The study of the film.' })
  readonly study!: Study;

  @Field(() => Inference, { description: 'The reading.' })
  readonly inference!: Inference;

  @Field(() => [Finding], { description: 'The findings that match the filter, most probable first.' })
  readonly findings!: readonly Finding[];
}

/** A reading that went on. */
@ObjectType('InferenceProgress', { description: 'A reading has reached another state.' })
export class InferenceProgress {
  @Field(() => String, { description: CURSOR })
  readonly cursor!: string;

  @Field(() => ChangeType, { description: 'What happened.' })
  readonly type!: ChangeType;

  @Field(() => InferenceState, { description: 'The state that this event reached; the reading may be further by now.' })
  readonly state!: InferenceState;

  @Field(() => DateTime, { description: 'When it happened.' })
  readonly changedAt!: Date;

  @Field(() => Inference, { description: 'The reading as it stands now.' })
  readonly inference!: Inference;
}

/** A model version that was registered or moved. */
@ObjectType('ModelVersionChanged', { description: 'A model version was registered or moved to another state.' })
export class ModelVersionChanged {
  @Field(() => String, { description: CURSOR })
  readonly cursor!: string;

  @Field(() => DateTime, { description: 'When it happened.' })
  readonly changedAt!: Date;

  @Field(() => ModelVersion, { description: 'The model version as it stands now.' })
  readonly modelVersion!: ModelVersion;
}
