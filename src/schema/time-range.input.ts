import { Field, InputType } from 'type-graphql';
import type { TimeRange } from '../store/reads/conditions.ts';
import { DateTime } from './scalars.ts';

/** A span of time. */
@InputType('TimeRange', { description: 'A span of time; a missing bound is open.' })
export class TimeRangeInput implements TimeRange {
  @Field(() => DateTime, { nullable: true, description: 'Beginning, inclusive.' })
  readonly from?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'End, exclusive.' })
  readonly until?: Date | null;
}
