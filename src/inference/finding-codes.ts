/**
 * The coded concepts of the ChestX-ray14 labels, from `finding-codes.json`. A code that could not be verified in a public
 * source is kept there with `verified: false` and the reason, and never used: a wrong code in a record does more harm than a
 * missing one.
 */
import { z } from 'zod';
import table from './finding-codes.json' with { type: 'json' };

const text = z.string().min(1);

const tableSchema = z.strictObject({
  version: z.iso.date().describe('day on which the table was last checked; changes with every change of it'),
  codes: z.array(
    z.strictObject({
      label: text,
      system: z.enum(['SCT', 'DCM', 'RADLEX']),
      code: text,
      display: text,
      verified: z.boolean(),
      source: text.describe('where the code was found, or why it is not used'),
    }),
  ),
});

const { codes } = tableSchema.parse(table);

/** Coding scheme designators of DICOM (PS3.16 table 8-1): SNOMED CT, the DICOM ontology and RadLex. */
export type CodingScheme = 'SCT' | 'DCM' | 'RADLEX';

/** A coded concept (PS3.3 section 8.8). */
export interface CodedConcept {
  /** Coding Scheme Designator. */
  readonly system: CodingScheme;
  /** Code Value. */
  readonly code: string;
  /** Code Meaning. */
  readonly display: string;
}

/** Which scheme a record gets when a label has codes in several. */
const PREFERENCE: readonly CodingScheme[] = ['SCT', 'DCM', 'RADLEX'];

/** Within a label, the first verified code of a scheme is the one used. */
const usable = codes
  .filter(({ verified }) => verified)
  .sort((one, other) => PREFERENCE.indexOf(one.system) - PREFERENCE.indexOf(other.system));

/** Every verified concept of a label, the one to record first; none for labels that are not known. */
export function codesOfLabel(label: string): readonly CodedConcept[] {
  return usable.filter((row) => row.label === label).map(({ system, code, display }) => ({ system, code, display }));
}

/**
 * The concept to record for a label: verified codes only, SNOMED CT before DICOM before RadLex; null when there is none.
 */
export function codeOfLabel(label: string): CodedConcept | null {
  return codesOfLabel(label)[0] ?? null;
}
