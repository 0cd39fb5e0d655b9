import { Field, Float, Int, ObjectType } from 'type-graphql';
import { ModelState, Precision } from './enums.ts';
import { Node } from './node.type.ts';
import { connectionOf } from './page.type.ts';
import { DateTime } from './scalars.ts';

/** One output of a model. */
@ObjectType('ModelLabel', { description: 'One label that a model version looks for.' })
export class ModelLabel {
  @Field(() => String, { description: 'Name of the label.' })
  readonly name!: string;

  @Field(() => Float, {
    description:
      'Least probability that counted as positive when the version was registered, 0 to 1; `ModelVersion.thresholds` are in force.',
  })
  readonly threshold!: number;
}

/** What goes into a model. */
@ObjectType('ModelInput', { description: 'Size of the image that a model version reads.' })
export class ModelInput {
  @Field(() => Int, { description: 'Height in pixels.' })
  readonly height!: number;

  @Field(() => Int, { description: 'Width in pixels.' })
  readonly width!: number;

  @Field(() => Int, { description: 'Channels: 1, or 3 with the grey value repeated.' })
  readonly channels!: number;
}

/** The exact bytes of a model and how they are used. */
@ObjectType('ModelVersion', { implements: Node, description: 'The exact bytes of a model and how they are used.' })
export class ModelVersion extends Node {
  @Field(() => String, { description: 'Name of the model.' })
  readonly name!: string;

  @Field(() => String, { description: 'Version of the model.' })
  readonly version!: string;

  @Field(() => String, { description: 'SHA-256 of the ONNX file: 64 hexadecimal digits.' })
  readonly digest!: string;

  @Field(() => Precision, { description: 'Number format of the weights.' })
  readonly precision!: Precision;

  @Field(() => ModelState, { description: 'What it is used for.' })
  readonly state!: ModelState;

  @Field(() => Float, {
    nullable: true,
    description: 'Of a CANARY: share of the studies whose films it reads, 0 to 1; null: none by share.',
  })
  readonly canaryShare!: number | null;

  @Field(() => [String], {
    description:
      'Of a CANARY: calling AE titles and doors (C_STORE, STOW_RS, GRAPHQL, C_GET, WADO_RS), all of whose films it reads.',
  })
  readonly canarySources!: readonly string[];

  @Field(() => DateTime, { description: 'When it was registered.' })
  readonly createdAt!: Date;
}

/** A page of model versions. */
export const ModelVersionConnection = connectionOf('ModelVersion', () => ModelVersion);

/** One move of a model version. */
@ObjectType('ModelTransition', {
  implements: Node,
  description: 'One move of a model version between states: who, when, why. Never changed or removed.',
})
export class ModelTransition extends Node {
  @Field(() => ModelState, { description: 'State before.' })
  readonly fromState!: ModelState;

  @Field(() => ModelState, { description: 'State after.' })
  readonly toState!: ModelState;

  @Field(() => String, { description: 'Who moved it; where two had to agree, who asked for it.' })
  readonly actor!: string;

  @Field(() => String, { nullable: true, description: 'Name of that person or key at the time, where it has one.' })
  readonly actorName!: string | null;

  @Field(() => String, { nullable: true, description: 'Who approved it; null where no second person had to.' })
  readonly approvedBy!: string | null;

  @Field(() => String, { nullable: true, description: 'Name of that person or key at the time, where it has one.' })
  readonly approvedByName!: string | null;

  @Field(() => String, { description: 'Why, in the words of who moved it.' })
  readonly reason!: string;

  @Field(() => DateTime, { description: 'When.' })
  readonly createdAt!: Date;
}
