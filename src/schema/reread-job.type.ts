import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { RereadJobState } from './enums.ts';
import { Node } from './node.type.ts';
import { connectionOf } from './page.type.ts';
import { DateTime, DicomUid } from './scalars.ts';

/** A span of time. */
@ObjectType('RereadPeriod', { description: 'A span of time of a selection; a missing bound is open.' })
export class RereadPeriod {
  @Field(() => DateTime, { nullable: true, description: 'Beginning, inclusive.' })
  readonly from!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'End, exclusive.' })
  readonly until!: Date | null;
}

/** What a version has found. */
@ObjectType('RereadFinding', { description: 'What a version has found on the films of a selection.' })
export class RereadFinding {
  @Field(() => ID, { description: 'Global id of the model version.' })
  readonly modelVersionId!: string;

  @Field(() => String, { description: 'Name of the label.' })
  readonly label!: string;

  @Field(() => Boolean, { description: 'Whether it was over the threshold of that time.' })
  readonly positive!: boolean;
}

/** Which films. */
@ObjectType('RereadSelection', {
  description:
    'Which films a job reads, as it was requested: those of a study, those that all conditions hold of, or all.',
})
export class RereadSelection {
  @Field(() => Boolean, { description: 'All films.' })
  readonly all!: boolean;

  @Field(() => DicomUid, { nullable: true, description: 'Those of the study with this Study Instance UID.' })
  readonly studyInstanceUid!: string | null;

  @Field(() => ID, { nullable: true, description: 'Those of the patient with this global id.' })
  readonly patientId!: string | null;

  @Field(() => RereadPeriod, { nullable: true, description: 'When their study was made.' })
  readonly studyDate!: RereadPeriod | null;

  @Field(() => RereadPeriod, { nullable: true, description: 'When they were stored.' })
  readonly createdAt!: RereadPeriod | null;

  @Field(() => String, { nullable: true, description: 'AE title of who sent them.' })
  readonly callingAeTitle!: string | null;

  @Field(() => RereadFinding, { nullable: true, description: 'What a version has found on them.' })
  readonly finding!: RereadFinding | null;
}

/** How far a job is. */
@ObjectType('RereadProgress', {
  description: 'How far a job is, in films. A reading that a later job makes again counts for that one only.',
})
export class RereadProgress {
  @Field(() => Int, {
    description:
      'Films that matched when the job was made, without those that the gate refused; counted up to 1,000,000.',
  })
  readonly total!: number;

  @Field(() => Int, { description: 'Films whose reading has been queued by the job.' })
  readonly enqueued!: number;

  @Field(() => Int, { description: 'Films that were passed over: the version had read them, or was about to.' })
  readonly skipped!: number;

  @Field(() => Int, { description: 'Readings in the queue.' })
  readonly waiting!: number;

  @Field(() => Int, { description: 'Readings under way.' })
  readonly running!: number;

  @Field(() => Int, { description: 'Readings that ended with findings.' })
  readonly done!: number;

  @Field(() => Int, { description: 'Readings that ended as INELIGIBLE.' })
  readonly refused!: number;

  @Field(() => Int, { description: 'Readings that failed.' })
  readonly failed!: number;

  @Field(() => Int, { description: 'Readings that were cancelled, with the job or alone.' })
  readonly cancelled!: number;

  @Field(() => Float, { description: 'Share of the films that are past, 0 to 1.' })
  readonly fraction!: number;
}

/** Films that are read again. */
@ObjectType('RereadJob', {
  implements: Node,
  description: 'Stored films that are read again by one model version, below all live films.',
})
export class RereadJob extends Node {
  @Field(() => RereadJobState, { description: 'Where it stands.' })
  readonly state!: RereadJobState;

  @Field(() => String, { description: 'Why, in the words of who requested it.' })
  readonly reason!: string;

  @Field(() => String, { description: 'Who requested it.' })
  readonly createdBy!: string;

  @Field(() => String, { nullable: true, description: 'Name of that person or key at the time, where it has one.' })
  readonly createdByName!: string | null;

  @Field(() => DateTime, { description: 'When it was requested: films that were stored later are not of it.' })
  readonly createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it was done or cancelled.' })
  readonly completedAt!: Date | null;
}

/** A page of jobs. */
export const RereadJobConnection = connectionOf('RereadJob', () => RereadJob);

/** A job as a mutation leaves it. */
@ObjectType('RereadJobPayload', { description: 'A job as the mutation leaves it.' })
export class RereadJobPayload {
  @Field(() => RereadJob, { description: 'The job.' })
  readonly job!: RereadJob;
}

/** A job that has changed. */
@ObjectType('RereadJobChanged', { description: 'A job was requested, paused, resumed or cancelled, or is done.' })
export class RereadJobChanged {
  @Field(() => String, {
    description: 'Opaque place in the change feed: subscribe again with it as `after` to miss nothing.',
  })
  readonly cursor!: string;

  @Field(() => DateTime, { description: 'When it happened.' })
  readonly changedAt!: Date;

  @Field(() => RereadJob, { description: 'The job as it stands now.' })
  readonly job!: RereadJob;
}
