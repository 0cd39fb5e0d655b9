import { Field, Int, ObjectType } from 'type-graphql';
import { Eligibility } from './enums.ts';
import { Node } from './node.type.ts';
import { DateTime, DicomUid } from './scalars.ts';

/** One film. */
@ObjectType('Instance', {
  implements: Node,
  description: 'One DICOM object: a film, stored byte for byte as received.',
})
export class Instance extends Node {
  @Field(() => DicomUid, { description: 'SOP Instance UID (0008,0018).' })
  readonly sopInstanceUid!: string;

  @Field(() => DicomUid, { description: 'SOP Class UID (0008,0016): what kind of object it is.' })
  readonly sopClassUid!: string;

  @Field(() => DicomUid, { description: 'Transfer Syntax UID (0002,0010): how the file is encoded.' })
  readonly transferSyntaxUid!: string;

  @Field(() => Int, { description: 'Rows (0028,0010): height in pixels.' })
  readonly rows!: number;

  @Field(() => Int, { description: 'Columns (0028,0011): width in pixels.' })
  readonly columns!: number;

  @Field(() => Int, { description: 'Number of Frames (0028,0008); of several, the first is read.' })
  readonly numberOfFrames!: number;

  @Field(() => String, {
    description: 'Photometric Interpretation (0028,0004): MONOCHROME1 shows low values white, MONOCHROME2 black.',
  })
  readonly photometricInterpretation!: string;

  @Field(() => String, { description: 'SHA-256 of the file as received: 64 hexadecimal digits.' })
  readonly sha256!: string;

  @Field(() => Eligibility, { description: 'Whether the header lets the model read it.' })
  readonly eligibility!: Eligibility;

  @Field(() => [String], { description: 'Why it was judged so: `RULE_NAME: sentence`. Empty when nothing was noted.' })
  readonly eligibilityReasons!: readonly string[];

  @Field(() => DateTime, { description: 'When the film was stored.' })
  readonly createdAt!: Date;
}
