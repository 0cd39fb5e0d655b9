import { Field, ObjectType } from 'type-graphql';
import { DateTime } from './scalars.ts';

/** A report of a model version; its document is a field of its own, made when it is asked for. */
@ObjectType('AuditReport', {
  description:
    'Everything that is recorded of a model version, as a document to print and sign: card, moves, thresholds, evaluation, comparisons, reviews, drift. Figures of patients whom the caller may see, none of a single patient.',
})
export class AuditReport {
  @Field(() => String, {
    description:
      "Address of a report over the same period, relative to the gateway's own. PDF by the print of a browser.",
  })
  readonly url!: string;

  @Field(() => DateTime, { description: 'The time of the report.' })
  readonly createdAt!: Date;
}
