/**
 * The coded concept of each ChestX-ray14 label. A code that could not be verified in a public source is kept here with
 * `verified: false` and never used: a wrong code in a record does more harm than a missing one.
 */

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

interface FindingCode extends CodedConcept {
  readonly label: string;
  readonly verified: boolean;
  /** Where the code was found, or why it is not used. */
  readonly source: string;
}

/** Day on which the table was last checked; changes with every change of it. */
export const FINDING_CODES_VERSION = '2026-11-24';

/** Which scheme a record gets when a label has codes in several. */
const PREFERENCE: readonly CodingScheme[] = ['SCT', 'DCM', 'RADLEX'];

/** Within a label, the first verified code of a scheme is the one used. */
const FINDING_CODES: readonly FindingCode[] = [
  {
    label: 'Atelectasis',
    system: 'SCT',
    code: '46621007',
    display: 'Atelectasis',
    verified: true,
    source: 'several public sources agree',
  },
  {
    label: 'Atelectasis',
    system: 'RADLEX',
    code: 'RID28493',
    display: 'atelectasis',
    verified: true,
    source: 'RadLex 4.3 and BioPortal',
  },
  {
    label: 'Cardiomegaly',
    system: 'SCT',
    code: '8186001',
    display: 'Cardiomegaly',
    verified: true,
    source: 'several public sources; PS3.16 also lists 287272002 in fetal context groups only',
  },
  {
    label: 'Effusion',
    system: 'SCT',
    code: '60046008',
    display: 'Pleural effusion',
    verified: true,
    source: 'DICOM PS3.16',
  },
  {
    label: 'Effusion',
    system: 'RADLEX',
    code: 'RID34539',
    display: 'pleural effusion',
    verified: true,
    source: 'RadLex 4.3 and BioPortal',
  },
  {
    label: 'Infiltration',
    system: 'DCM',
    code: '112121',
    display: 'Infiltrate',
    verified: true,
    source: 'DICOM PS3.16 CID 6104',
  },
  {
    label: 'Infiltration',
    system: 'SCT',
    code: '409609008',
    display: 'Radiologic infiltrate of lung',
    verified: false,
    source: 'UMLS 2016AA; active status not verified',
  },
  { label: 'Mass', system: 'SCT', code: '309529002', display: 'Lung mass', verified: true, source: 'HL7 examples' },
  { label: 'Mass', system: 'SCT', code: '4147007', display: 'Mass', verified: true, source: 'DICOM PS3.16 (generic)' },
  {
    label: 'Mass',
    system: 'RADLEX',
    code: 'RID39056',
    display: 'mass',
    verified: false,
    source: 'one public note only',
  },
  {
    label: 'Nodule',
    system: 'SCT',
    code: '786838002',
    display: 'Nodule of lung',
    verified: true,
    source: 'SNOMED CT 2023 edition (427359005 means solitary nodule: not used)',
  },
  {
    label: 'Nodule',
    system: 'RADLEX',
    code: 'RID50149',
    display: 'pulmonary nodule',
    verified: true,
    source: 'RadLex 4.3 and BioPortal',
  },
  {
    label: 'Pneumonia',
    system: 'SCT',
    code: '233604007',
    display: 'Pneumonia',
    verified: true,
    source: 'several public sources',
  },
  { label: 'Pneumonia', system: 'RADLEX', code: 'RID5350', display: 'pneumonia', verified: true, source: 'RadLex 4.3' },
  {
    label: 'Pneumothorax',
    system: 'SCT',
    code: '36118008',
    display: 'Pneumothorax',
    verified: true,
    source: 'DICOM PS3.16',
  },
  {
    label: 'Pneumothorax',
    system: 'RADLEX',
    code: 'RID5352',
    display: 'pneumothorax',
    verified: true,
    source: 'RadLex 4.3 and BioPortal',
  },
  {
    label: 'Consolidation',
    system: 'SCT',
    code: '95436008',
    display: 'Lung consolidation',
    verified: true,
    source: 'OMOP vocabulary row; not in PS3.16',
  },
  {
    label: 'Consolidation',
    system: 'RADLEX',
    code: 'RID43255',
    display: 'consolidation',
    verified: true,
    source: 'RadLex 4.3 and BioPortal',
  },
  {
    label: 'Edema',
    system: 'SCT',
    code: '19242006',
    display: 'Pulmonary edema',
    verified: true,
    source: 'DICOM PS3.16 (267038008 has no lung site: not used)',
  },
  {
    label: 'Edema',
    system: 'RADLEX',
    code: 'RID4866',
    display: 'pulmonary edema',
    verified: true,
    source: 'RadLex 4.3',
  },
  {
    label: 'Emphysema',
    system: 'SCT',
    code: '87433001',
    display: 'Pulmonary emphysema',
    verified: true,
    source: 'HL7 national lung guide',
  },
  { label: 'Emphysema', system: 'RADLEX', code: 'RID4799', display: 'emphysema', verified: true, source: 'BioPortal' },
  {
    label: 'Fibrosis',
    system: 'SCT',
    code: '51615001',
    display: 'Fibrosis of lung',
    verified: true,
    source: 'EFO and MedDRA maps',
  },
  {
    label: 'Fibrosis',
    system: 'RADLEX',
    code: 'RID3820',
    display: 'fibrosis',
    verified: false,
    source: 'generic term',
  },
  {
    label: 'Pleural_Thickening',
    system: 'RADLEX',
    code: 'RID28509',
    display: 'thickening',
    verified: false,
    source: 'generic; needs RID1362 pleura beside it',
  },
  {
    label: 'Hernia',
    system: 'SCT',
    code: '84089009',
    display: 'Hiatal hernia',
    verified: false,
    source: 'several non-authoritative sources; 414403008 is a morphologic abnormality: not used',
  },
  { label: 'Hernia', system: 'RADLEX', code: 'RID4895', display: 'hernia', verified: false, source: 'generic term' },
];

const usable = FINDING_CODES.filter((row) => row.verified).sort(
  (one, other) => PREFERENCE.indexOf(one.system) - PREFERENCE.indexOf(other.system),
);

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
