import { Field, Float, ObjectType, registerEnumType } from 'type-graphql';
import { ModelState } from './enums.ts';
import { ModelVersion } from './model-version.type.ts';
import { Node } from './node.type.ts';
import { connectionOf } from './page.type.ts';
import { DateTime } from './scalars.ts';

export const ModelTransitionRequestState = {
  OPEN: 'OPEN',
  APPROVED: 'APPROVED',
  REJECTED: 'REJECTED',
  EXPIRED: 'EXPIRED',
} as const;
export type ModelTransitionRequestState = keyof typeof ModelTransitionRequestState;

registerEnumType(ModelTransitionRequestState, {
  name: 'ModelTransitionRequestState',
  description: 'What became of a request.',
  valuesConfig: {
    OPEN: { description: 'It waits for somebody else than who made it.' },
    APPROVED: { description: 'It was approved, and what it asks for was done then.' },
    REJECTED: { description: 'It was rejected.' },
    EXPIRED: { description: 'Nobody decided it within 7 days.' },
  },
});

/** A move that needs a second person. */
@ObjectType('ModelTransitionRequest', {
  implements: Node,
  description: 'A move of a model version, or a change of its thresholds, that needs a second administrator.',
})
export class ModelTransitionRequest extends Node {
  @Field(() => ModelState, { nullable: true, description: 'State to move to; null: a change of thresholds.' })
  readonly toState!: ModelState | null;

  @Field(() => String, { description: 'Why, in the words of who made it.' })
  readonly reason!: string;

  @Field(() => String, { description: 'Who made it.' })
  readonly requestedBy!: string;

  @Field(() => String, { nullable: true, description: 'Name of that person or key at the time, where it has one.' })
  readonly requestedByName!: string | null;

  @Field(() => DateTime, { description: 'When it was made.' })
  readonly createdAt!: Date;

  @Field(() => DateTime, { description: 'When it expires, unless it is decided before.' })
  readonly expiresAt!: Date;

  @Field(() => String, { nullable: true, description: 'Who decided it.' })
  readonly decidedBy!: string | null;

  @Field(() => String, { nullable: true, description: 'Name of that person or key at the time, where it has one.' })
  readonly decidedByName!: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was decided.' })
  readonly decidedAt!: Date | null;

  @Field(() => String, { nullable: true, description: 'Why it was decided so, if told.' })
  readonly decisionReason!: string | null;
}

/** A page of requests. */
export const ModelTransitionRequestConnection = connectionOf('ModelTransitionRequest', () => ModelTransitionRequest);

/** What a request asks for. */
@ObjectType('RequestedThreshold', { description: 'A threshold that a request asks for.' })
export class RequestedThreshold {
  @Field(() => String, { description: 'Name of the label.' })
  readonly label!: string;

  @Field(() => Float, { description: 'Least probability that counts as positive, 0 to 1.' })
  readonly threshold!: number;
}

/** What became of a move. */
@ObjectType('MoveModelVersionPayload', { description: 'What became of a move.' })
export class MoveModelVersionPayload {
  @Field(() => ModelVersion, { description: 'The version, as it is now.' })
  readonly modelVersion!: ModelVersion;

  @Field(() => ModelTransitionRequest, {
    nullable: true,
    description:
      'The request that waits for a second administrator; null: the version is in the state that was wanted.',
  })
  readonly request!: ModelTransitionRequest | null;
}

/** A decided request. */
@ObjectType('DecideModelTransitionPayload', { description: 'A decided request.' })
export class DecideModelTransitionPayload {
  @Field(() => ModelTransitionRequest, { description: 'The request.' })
  readonly request!: ModelTransitionRequest;

  @Field(() => ModelVersion, { description: 'The version that it is about, as it is now.' })
  readonly modelVersion!: ModelVersion;
}
