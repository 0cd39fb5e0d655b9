import { Field, Int, ObjectType } from 'type-graphql';
import { DicomTransferKind, DicomTransferState } from './enums.ts';
import { Node } from './node.type.ts';
import { connectionOf } from './page.type.ts';
import { DateTime, DicomUid } from './scalars.ts';

/** A study on its way. */
@ObjectType('DicomTransfer', {
  implements: Node,
  description: 'A study that is fetched from, or sent to, another DICOM node.',
})
export class DicomTransfer extends Node {
  @Field(() => DicomTransferKind, { description: 'Which way it goes.' })
  readonly kind!: DicomTransferKind;

  @Field(() => String, { description: 'Name of the node.' })
  readonly node!: string;

  @Field(() => DicomUid, { description: 'Study Instance UID of the study.' })
  readonly studyInstanceUid!: string;

  @Field(() => DicomTransferState, { description: 'Where it stands.' })
  readonly state!: DicomTransferState;

  @Field(() => Int, { description: 'Attempts so far, the present one included.' })
  readonly attempts!: number;

  @Field(() => Int, { description: 'Films that the last attempt has moved; those that were there already count.' })
  readonly completed!: number;

  @Field(() => Int, {
    description: 'Objects that the last attempt could not move, such as reports, which are no films.',
  })
  readonly failed!: number;

  @Field(() => DateTime, { description: 'When it was requested.' })
  readonly createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When its first attempt began.' })
  readonly startedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'When it ended.' })
  readonly completedAt!: Date | null;
}

/** A page of transfers. */
export const DicomTransferConnection = connectionOf('DicomTransfer', () => DicomTransfer);

/** A requested transfer. */
@ObjectType('RequestDicomTransferPayload', { description: 'A requested transfer.' })
export class RequestDicomTransferPayload {
  @Field(() => DicomTransfer, { description: 'The transfer.' })
  readonly transfer!: DicomTransfer;

  @Field(() => Boolean, { description: 'It was queued by this request; false: it was waiting or running already.' })
  readonly created!: boolean;
}

/** Requested transfers of prior studies. */
@ObjectType('RetrievePriorStudiesPayload', { description: 'Requested transfers of prior studies.' })
export class RetrievePriorStudiesPayload {
  @Field(() => [DicomTransfer], {
    description: 'One a study that the node has, the latest first; empty when it has none.',
  })
  readonly transfers!: readonly DicomTransfer[];
}
