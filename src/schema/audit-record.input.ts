import { Field, ID, InputType } from 'type-graphql';
import type { AuditRecordFilter } from '../store/reads/audit-records.ts';
import { AuditAction, AuditOutcome } from './enums.ts';
import { TimeRangeInput } from './time-range.input.ts';

/** Which records. */
@InputType('AuditRecordFilter', { description: 'Which records of the audit; all conditions must hold.' })
export class AuditRecordFilterInput implements AuditRecordFilter {
  @Field(() => ID, { nullable: true, description: 'Global id of the patient whom it is about.' })
  readonly patientId?: string | null;

  @Field(() => String, { nullable: true, description: 'Exact subject of who did it.' })
  readonly subject?: string | null;

  @Field(() => [AuditAction], { nullable: true, description: 'One of these actions.' })
  readonly actions?: readonly AuditAction[] | null;

  @Field(() => [AuditOutcome], { nullable: true, description: 'With one of these outcomes.' })
  readonly outcomes?: readonly AuditOutcome[] | null;

  @Field(() => String, {
    nullable: true,
    description: 'Beginning of the operation, such as `mutation ` or `GET /instances`.',
  })
  readonly operationPrefix?: string | null;

  @Field(() => TimeRangeInput, { nullable: true, description: 'When it happened.' })
  readonly occurredAt?: TimeRangeInput | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'true: only what an opening without a grant made possible; false: only the rest.',
  })
  readonly breakGlass?: boolean | null;
}
