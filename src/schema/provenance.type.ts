import { Field, Float, Int, ObjectType } from 'type-graphql';
import { Precision } from './enums.ts';
import { InferenceTimings } from './inference.type.ts';
import { DateTime } from './scalars.ts';

/** What the result of a reading rests on. */
@ObjectType('InferenceProvenance', {
  description: 'What the result of a reading rests on. Null is what was not kept yet when an old reading was made.',
})
export class InferenceProvenance {
  @Field(() => String, { description: 'Name of the model.' })
  readonly modelName!: string;

  @Field(() => String, { description: 'Version of the model.' })
  readonly modelVersion!: string;

  @Field(() => String, { description: "SHA-256 of the model version's own ONNX file, hexadecimal." })
  readonly modelDigest!: string;

  @Field(() => String, {
    nullable: true,
    description: 'SHA-256 of the ONNX file that ran: that one, or an alternative that its manifest names.',
  })
  readonly executedDigest!: string | null;

  @Field(() => Precision, { nullable: true, description: 'Number format of the file that ran.' })
  readonly precision!: Precision | null;

  @Field(() => String, {
    nullable: true,
    description: 'How the film became the input of the model: grey value rule and steps, as `rule/steps`.',
  })
  readonly preprocessingVersion!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Where the grey scale came from: VOI_WINDOW, VOI_LUT, STORED_8_BIT or PERCENTILES.',
  })
  readonly grayscaleSource!: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "Number of the model version's set of thresholds that was applied.",
  })
  readonly thresholdSetVersion!: number | null;

  @Field(() => String, { nullable: true, description: 'Version of the gateway.' })
  readonly gatewayVersion!: string | null;

  @Field(() => String, { nullable: true, description: 'What ran the file, with versions.' })
  readonly runtime!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Name of the processor and those of its instruction sets that decide how it computes.',
  })
  readonly processor!: string | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Mean of the film as the model saw it, in 8-bit grey: 0 to 255.',
  })
  readonly inputMean!: number | null;

  @Field(() => Float, { nullable: true, description: 'Standard deviation of the same.' })
  readonly inputDeviation!: number | null;

  @Field(() => String, { description: 'SHA-256 of the film as it was received, hexadecimal.' })
  readonly filmSha256!: string;

  @Field(() => String, { description: 'Transfer syntax of the film.' })
  readonly transferSyntaxUid!: string;

  @Field(() => Int, { description: 'How often a worker had claimed the reading since it was last requested.' })
  readonly attempts!: number;

  @Field(() => DateTime, { description: 'When the reading was last requested.' })
  readonly queuedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When a worker last claimed it.' })
  readonly startedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was done.' })
  readonly completedAt!: Date | null;

  @Field(() => InferenceTimings, { nullable: true, description: 'Where the time went.' })
  readonly timings!: InferenceTimings | null;
}

/** What a finding rests on. */
@ObjectType('FindingProvenance', { description: 'What a finding rests on: that of its reading, and its threshold.' })
export class FindingProvenance extends InferenceProvenance {
  @Field(() => Float, { description: 'Least probability that counted as positive, 0 to 1.' })
  readonly threshold!: number;
}
