import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { ErrorCode } from '../errors.ts';
import { ErrorCodes, InferenceState, Precision, Priority } from './enums.ts';
import { Node } from './node.type.ts';
import { connectionOf } from './page.type.ts';
import { DateTime } from './scalars.ts';

/** Why a reading, or a file, failed. */
@ObjectType('CodedError', { description: 'Why something failed, with a code of the closed set.' })
export class CodedError {
  @Field(() => ErrorCodes, { description: 'What kind of failure.' })
  readonly code!: ErrorCode;

  @Field(() => String, { description: 'What is wrong and what to do, without patient data.' })
  readonly message!: string;

  @Field(() => Boolean, { description: 'The same may succeed later without being changed.' })
  readonly retryable!: boolean;
}

/** Where the time of a reading went. */
@ObjectType('InferenceTimings', { description: 'Where the time of the last attempt went, in milliseconds.' })
export class InferenceTimings {
  @Field(() => Float, { description: 'From the request to the last claim by a worker, in milliseconds.' })
  readonly waitMs!: number;

  @Field(() => Float, { nullable: true, description: 'Reading the file, in milliseconds.' })
  readonly readMs!: number | null;

  @Field(() => Float, { nullable: true, description: 'From the file to grey values, in milliseconds.' })
  readonly decodeMs!: number | null;

  @Field(() => Float, { nullable: true, description: "From grey values to the model's input, in milliseconds." })
  readonly preprocessMs!: number | null;

  @Field(() => Float, { nullable: true, description: 'The model itself, in milliseconds.' })
  readonly inferenceMs!: number | null;
}

/** What really ran. */
@ObjectType('ExecutedEngine', {
  description:
    "The ONNX file that ran: the model version's own, or the alternative that serves on the machine of the worker.",
})
export class ExecutedEngine {
  @Field(() => String, { description: 'SHA-256 of the file, hexadecimal.' })
  readonly digest!: string;

  @Field(() => Precision, { description: 'Its number format.' })
  readonly precision!: Precision;
}

/** One reading of one film. */
@ObjectType('Inference', {
  implements: Node,
  description: 'One reading of one film by one model version. At most one exists for each such pair.',
})
export class Inference extends Node {
  @Field(() => InferenceState, { description: 'Where it stands.' })
  readonly state!: InferenceState;

  @Field(() => Priority, { description: 'Whether it goes before routine readings.' })
  readonly priority!: Priority;

  @Field(() => Int, { description: 'How often a worker has claimed it since it was last requested.' })
  readonly attempts!: number;

  @Field(() => Boolean, {
    description:
      'By a version that was not in clinical use when it was requested; such readings are shown to administrators and auditors only.',
  })
  readonly shadow!: boolean;

  @Field(() => [String], {
    description: 'What header and pixels left open, or why the film is ineligible: `RULE_NAME: sentence`.',
  })
  readonly warnings!: readonly string[];

  @Field(() => DateTime, { description: 'When it was last requested.' })
  readonly queuedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When a worker last claimed it.' })
  readonly startedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'When it reached a final state.' })
  readonly completedAt!: Date | null;

  @Field(() => DateTime, { description: 'When it was first requested.' })
  readonly createdAt!: Date;
}

/** A page of inferences. */
export const InferenceConnection = connectionOf('Inference', () => Inference);
