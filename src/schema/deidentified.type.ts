/**
 * Studies without their identity. No object of these types is a row of the store: each has its fields and nothing more, so that
 * nothing is shown by having been forgotten. An identity that is granted de-identified views only may ask for these types alone.
 */
import { Extensions, Field, Float, Int, ObjectType } from 'type-graphql';
import type { FindingRow, InstanceRow, SeriesRow, StudyRow } from '../store/reads/tables.ts';
import { Eligibility } from './enums.ts';
import { connectionOf } from './page.type.ts';
import { DicomUid } from './scalars.ts';

/** The mark that access/permissions.ts calls DEIDENTIFIED. */
const MARK = { deidentified: true };

/** One study. */
@Extensions(MARK)
@ObjectType('DeidentifiedStudy', {
  description:
    "A study without its identity, after PS3.15's Basic Application Level Confidentiality Profile: no dates, no age, no sex, no descriptions, and pseudonyms instead of UIDs.",
})
export class DeidentifiedStudy {
  /** Whose it is; not shown. */
  readonly row!: StudyRow;

  @Field(() => DicomUid, {
    description: "Pseudonym, also the Study Instance UID of the study's de-identified DICOM files.",
  })
  readonly id!: string;

  @Field(() => DicomUid, {
    description: "Pseudonym of the patient: the same for all of a patient's studies, and the Patient ID of the files.",
  })
  readonly patientPseudonym!: string;
}

/** One series. */
@Extensions(MARK)
@ObjectType('DeidentifiedSeries', { description: 'A series without its identity.' })
export class DeidentifiedSeries {
  /** Whose it is; not shown. */
  readonly row!: SeriesRow;

  @Field(() => DicomUid, { description: 'Pseudonym, also the Series Instance UID of the de-identified DICOM files.' })
  readonly id!: string;

  @Field(() => String, { nullable: true, description: 'Modality (0008,0060), which the profile keeps.' })
  readonly modality!: string | null;

  @Field(() => String, { nullable: true, description: 'Body Part Examined (0018,0015), which the profile keeps.' })
  readonly bodyPart!: string | null;

  @Field(() => String, { nullable: true, description: 'View Position (0018,5101), which the profile keeps.' })
  readonly viewPosition!: string | null;
}

/** One film. */
@Extensions(MARK)
@ObjectType('DeidentifiedInstance', { description: 'A film without its identity.' })
export class DeidentifiedInstance {
  /** Whose it is; not shown. */
  readonly row!: InstanceRow;

  @Field(() => DicomUid, { description: 'Pseudonym, also the SOP Instance UID of the de-identified DICOM file.' })
  readonly id!: string;

  @Field(() => Int, { description: 'Rows (0028,0010): height in pixels.' })
  readonly rows!: number;

  @Field(() => Int, { description: 'Columns (0028,0011): width in pixels.' })
  readonly columns!: number;

  @Field(() => Eligibility, { description: 'Whether the header lets the model read it.' })
  readonly eligibility!: Eligibility;

  @Field(() => String, {
    description:
      'The film as 8-bit grey PNG: path relative to the address of the gateway. DEIDENTIFICATION_REFUSED when its pixels may identify the patient.',
  })
  readonly previewUrl!: string;

  @Field(() => String, {
    description:
      'The film as de-identified DICOM file: path relative to the address of the gateway. DEIDENTIFICATION_REFUSED when its pixels may identify the patient.',
  })
  readonly dicomUrl!: string;
}

/** One label's result. */
@Extensions(MARK)
@ObjectType('DeidentifiedFinding', {
  description: "One label's result in one reading by a model version in clinical use. Never a diagnosis.",
})
export class DeidentifiedFinding {
  /** Whose it is; not shown. */
  readonly row!: FindingRow;

  @Field(() => String, { description: 'What was looked for, as the model names it, for example Effusion.' })
  readonly label!: string;

  @Field(() => Float, { description: "The model's probability of the label, 0 to 1." })
  readonly probability!: number;

  @Field(() => Float, { description: 'Least probability that counts as positive with this model version, 0 to 1.' })
  readonly threshold!: number;

  @Field(() => Boolean, { description: 'The probability has reached the threshold.' })
  readonly positive!: boolean;
}

/** What made a finding. */
@Extensions(MARK)
@ObjectType('DeidentifiedFindingModel', { description: 'The model version that made a finding.' })
export class DeidentifiedFindingModel {
  @Field(() => String, { description: 'Name of the model.' })
  readonly name!: string;

  @Field(() => String, { description: 'Its version.' })
  readonly version!: string;

  @Field(() => String, { description: "SHA-256 of the version's file: 64 hexadecimal digits." })
  readonly digest!: string;
}

/** A page of studies. */
export const DeidentifiedStudyConnection = connectionOf('DeidentifiedStudy', () => DeidentifiedStudy, MARK);
