import { Field, ObjectType } from 'type-graphql';
import { Node } from './node.type.ts';
import { DateTime, DicomUid } from './scalars.ts';

/** One acquisition within a study. */
@ObjectType('Series', { implements: Node, description: 'One acquisition of one modality within a study.' })
export class Series extends Node {
  @Field(() => DicomUid, { description: 'Series Instance UID (0020,000E).' })
  readonly seriesInstanceUid!: string;

  @Field(() => String, { nullable: true, description: 'Modality (0008,0060), for example DX or CR.' })
  readonly modality!: string | null;

  @Field(() => String, { nullable: true, description: 'Body Part Examined (0018,0015), for example CHEST.' })
  readonly bodyPart!: string | null;

  @Field(() => String, { nullable: true, description: 'View Position (0018,5101), for example PA or AP.' })
  readonly viewPosition!: string | null;

  @Field(() => String, { nullable: true, description: 'Series Description (0008,103E).' })
  readonly description!: string | null;

  @Field(() => DateTime, { description: 'When the first film of the series was stored.' })
  readonly createdAt!: Date;
}
