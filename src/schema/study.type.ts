import { Field, ObjectType } from 'type-graphql';
import { Node } from './node.type.ts';
import { connectionOf } from './page.type.ts';
import { DateTime, DicomUid } from './scalars.ts';

/** One imaging procedure. */
@ObjectType('Study', { implements: Node, description: 'One imaging procedure of one patient.' })
export class Study extends Node {
  @Field(() => DicomUid, { description: 'Study Instance UID (0020,000D).' })
  readonly studyInstanceUid!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Accession Number (0008,0050): the order in the radiology information system.',
  })
  readonly accessionNumber!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Study Date and Time (0008,0020), (0008,0030), read as UTC where the film gives no time zone.',
  })
  readonly studyDate!: Date | null;

  @Field(() => String, { nullable: true, description: 'Study Description (0008,1030).' })
  readonly description!: string | null;

  @Field(() => DateTime, { description: 'When the first film of the study was stored.' })
  readonly createdAt!: Date;
}

/** A page of studies. */
export const StudyConnection = connectionOf('Study', () => Study);
