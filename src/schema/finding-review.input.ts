import { Field, ID, InputType, registerEnumType } from 'type-graphql';

export const FindingVerdict = { AGREE: 'AGREE', DISAGREE: 'DISAGREE', NOT_ASSESSABLE: 'NOT_ASSESSABLE' } as const;

registerEnumType(FindingVerdict, {
  name: 'FindingVerdict',
  description: 'A verdict on a finding as it stands, positive or negative.',
  valuesConfig: {
    AGREE: { description: 'The finding is right.' },
    DISAGREE: { description: 'The finding is wrong.' },
    NOT_ASSESSABLE: { description: 'The film does not let one say.' },
  },
});

/** A verdict on a finding. */
@InputType('RecordReviewInput', { description: 'A verdict on a finding.' })
export class RecordReviewInput {
  @Field(() => ID, { description: 'Global id of the finding.' })
  readonly findingId!: string;

  @Field(() => FindingVerdict, { description: 'Whether it is right.' })
  readonly verdict!: keyof typeof FindingVerdict;

  @Field(() => String, { nullable: true, description: 'Why: at most 2,000 characters.' })
  readonly comment?: string | null;
}

/** A finding that a reading lacks. */
@InputType('RecordMissedFindingInput', { description: 'A finding that a reading lacks.' })
export class RecordMissedFindingInput {
  @Field(() => ID, { description: 'Global id of the inference.' })
  readonly inferenceId!: string;

  @Field(() => String, {
    description:
      'What it has missed: a label of the model, in any case, or words of your own; 1 to 200 characters. Of a label of the model it counts as disagreeing with the negative finding.',
  })
  readonly label!: string;

  @Field(() => String, { nullable: true, description: 'Where and why: at most 2,000 characters.' })
  readonly comment?: string | null;
}
