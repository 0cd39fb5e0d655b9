import { Field, ObjectType } from 'type-graphql';
import { Eligibility } from './enums.ts';
import { CodedError, Inference } from './inference.type.ts';
import { Instance } from './instance.type.ts';

/** What became of one file. */
@ObjectType('IngestResult', { description: 'What became of one file: either instance and inference, or error.' })
export class IngestResult {
  @Field(() => String, {
    nullable: true,
    description: 'Name of the file as it was sent; null when it had none or never arrived.',
  })
  readonly fileName!: string | null;

  @Field(() => Instance, { nullable: true, description: 'The stored film.' })
  readonly instance!: Instance | null;

  @Field(() => Inference, {
    nullable: true,
    description: 'Its clinical reading: by the canary when the film is of its part, else by the active model version.',
  })
  readonly inference!: Inference | null;

  @Field(() => Boolean, { description: 'The same bytes were stored before; their records are given.' })
  readonly duplicate!: boolean;

  @Field(() => Eligibility, { nullable: true, description: 'Whether the header lets the model read the film.' })
  readonly eligibility!: Eligibility | null;

  @Field(() => [String], { description: 'Why it was judged so: `RULE_NAME: sentence`.' })
  readonly reasons!: readonly string[];

  @Field(() => CodedError, { nullable: true, description: 'Why this file was refused; the others are not affected.' })
  readonly error!: CodedError | null;
}

/** What became of the files. */
@ObjectType('IngestInstancesPayload', { description: 'What became of the files.' })
export class IngestInstancesPayload {
  @Field(() => [IngestResult], { description: 'One result a file, in the order of the files.' })
  readonly results!: readonly IngestResult[];
}

/** A requested reading. */
@ObjectType('RequestInferencePayload', { description: 'A requested reading.' })
export class RequestInferencePayload {
  @Field(() => Inference, { description: 'The reading.' })
  readonly inference!: Inference;

  @Field(() => Boolean, {
    description: 'It was queued by this request; false: it was waiting, running or done already.',
  })
  readonly created!: boolean;
}

/** A cancelled reading. */
@ObjectType('CancelInferencePayload', { description: 'A cancelled reading.' })
export class CancelInferencePayload {
  @Field(() => Inference, { description: 'The reading, now cancelled.' })
  readonly inference!: Inference;
}
