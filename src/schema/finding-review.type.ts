import { Field, ObjectType } from 'type-graphql';
import { ReviewVerdict } from './enums.ts';
import { Finding } from './finding.type.ts';
import { Inference } from './inference.type.ts';
import { DateTime } from './scalars.ts';

/** What somebody says of a finding. */
@ObjectType('FindingReview', {
  description:
    'What a clinician says of a finding, or of one that is missing. Never changed or removed: of what one reviewer says of one label of one reading the newest counts.',
})
export class FindingReview {
  @Field(() => String, { description: 'What it is about: a label of the model, or what the reviewer calls it.' })
  readonly label!: string;

  @Field(() => ReviewVerdict, { description: 'What the reviewer says.' })
  readonly verdict!: ReviewVerdict;

  @Field(() => Boolean, { description: 'The same reviewer has said something else since; it counts no more.' })
  readonly superseded!: boolean;

  @Field(() => DateTime, { description: 'When it was said.' })
  readonly createdAt!: Date;
}

/** A recorded review. */
@ObjectType('RecordReviewPayload', { description: 'A recorded review.' })
export class RecordReviewPayload {
  @Field(() => FindingReview, { description: 'The review.' })
  readonly review!: FindingReview;

  @Field(() => Finding, { description: 'What it is about.' })
  readonly finding!: Finding;
}

/** A recorded missed finding. */
@ObjectType('RecordMissedFindingPayload', { description: 'A recorded missed finding.' })
export class RecordMissedFindingPayload {
  @Field(() => FindingReview, { description: 'The review, with verdict MISSED.' })
  readonly review!: FindingReview;

  @Field(() => Inference, { description: 'The reading that has missed it.' })
  readonly inference!: Inference;
}
