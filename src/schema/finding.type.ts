import { Field, Float, Int, ObjectType } from 'type-graphql';
import { Node } from './node.type.ts';
import { connectionOf } from './page.type.ts';
import { DateTime } from './scalars.ts';

/** A code of a terminology. */
@ObjectType('CodedConcept', { description: 'A concept of a terminology (PS3.3 section 8).' })
export class CodedConcept {
  @Field(() => String, { description: 'Coding Scheme Designator, for example SCT.' })
  readonly system!: string;

  @Field(() => String, { description: 'Code Value within the scheme.' })
  readonly value!: string;

  @Field(() => String, { description: 'Code Meaning, for people.' })
  readonly display!: string;
}

/** Where on the film the model saw a label. */
@ObjectType('HeatMap', { description: "Where on the film the model saw a label: the label's class activation map." })
export class HeatMap {
  @Field(() => Int, { description: 'Rows of the grid, which covers the whole film from its top.' })
  readonly rows!: number;

  @Field(() => Int, { description: 'Columns of the grid, from the left edge of the film as stored.' })
  readonly columns!: number;
}

/** One label's result. */
@ObjectType('Finding', { implements: Node, description: "One label's result in one reading. Never a diagnosis." })
export class Finding extends Node {
  @Field(() => String, { description: 'What was looked for, as the model names it, for example Effusion.' })
  readonly label!: string;

  @Field(() => Float, { description: "The model's probability of the label, 0 to 1." })
  readonly probability!: number;

  @Field(() => Float, { description: 'Least probability that counted as positive when the film was read, 0 to 1.' })
  readonly threshold!: number;

  @Field(() => Boolean, { description: 'The probability has reached the threshold.' })
  readonly positive!: boolean;

  @Field(() => Boolean, {
    description: 'Of a reading by a version that was not in clinical use; see Inference.shadow.',
  })
  readonly shadow!: boolean;

  @Field(() => DateTime, { description: 'When it was stored.' })
  readonly createdAt!: Date;
}

/** A page of findings. */
export const FindingConnection = connectionOf('Finding', () => Finding);
