/** The attributes that the gateway reads, with tag and value representation of PS3.6. Everything else is skipped. */

/** Value representations of PS3.5 table 6.2-1 among the attributes below; `xs` is US or SS by Pixel Representation. */
type ValueRepresentation =
  | 'AS'
  | 'CS'
  | 'DA'
  | 'DS'
  | 'IS'
  | 'LO'
  | 'OV'
  | 'OW'
  | 'PN'
  | 'SH'
  | 'SQ'
  | 'SS'
  | 'TM'
  | 'UI'
  | 'US'
  | 'xs';

/** Tags are numbers: group * 65536 + element. */
export const ATTRIBUTES = {
  MediaStorageSOPClassUID: [0x0002_0002, 'UI'],
  MediaStorageSOPInstanceUID: [0x0002_0003, 'UI'],
  TransferSyntaxUID: [0x0002_0010, 'UI'],
  SpecificCharacterSet: [0x0008_0005, 'CS'],
  ImageType: [0x0008_0008, 'CS'],
  SOPClassUID: [0x0008_0016, 'UI'],
  SOPInstanceUID: [0x0008_0018, 'UI'],
  StudyDate: [0x0008_0020, 'DA'],
  StudyTime: [0x0008_0030, 'TM'],
  AccessionNumber: [0x0008_0050, 'SH'],
  Modality: [0x0008_0060, 'CS'],
  PresentationIntentType: [0x0008_0068, 'CS'],
  CodeValue: [0x0008_0100, 'SH'],
  CodingSchemeDesignator: [0x0008_0102, 'SH'],
  CodeMeaning: [0x0008_0104, 'LO'],
  TimezoneOffsetFromUTC: [0x0008_0201, 'SH'],
  StudyDescription: [0x0008_1030, 'LO'],
  SeriesDescription: [0x0008_103e, 'LO'],
  AnatomicRegionSequence: [0x0008_2218, 'SQ'],
  PatientName: [0x0010_0010, 'PN'],
  PatientID: [0x0010_0020, 'LO'],
  IssuerOfPatientID: [0x0010_0021, 'LO'],
  PatientBirthDate: [0x0010_0030, 'DA'],
  PatientSex: [0x0010_0040, 'CS'],
  BodyPartExamined: [0x0018_0015, 'CS'],
  ProtocolName: [0x0018_1030, 'LO'],
  ViewPosition: [0x0018_5101, 'CS'],
  StudyInstanceUID: [0x0020_000d, 'UI'],
  SeriesInstanceUID: [0x0020_000e, 'UI'],
  PatientOrientation: [0x0020_0020, 'CS'],
  SamplesPerPixel: [0x0028_0002, 'US'],
  PhotometricInterpretation: [0x0028_0004, 'CS'],
  NumberOfFrames: [0x0028_0008, 'IS'],
  Rows: [0x0028_0010, 'US'],
  Columns: [0x0028_0011, 'US'],
  BitsAllocated: [0x0028_0100, 'US'],
  BitsStored: [0x0028_0101, 'US'],
  HighBit: [0x0028_0102, 'US'],
  PixelRepresentation: [0x0028_0103, 'US'],
  PixelPaddingValue: [0x0028_0120, 'xs'],
  PixelPaddingRangeLimit: [0x0028_0121, 'xs'],
  PixelIntensityRelationship: [0x0028_1040, 'CS'],
  PixelIntensityRelationshipSign: [0x0028_1041, 'SS'],
  WindowCenter: [0x0028_1050, 'DS'],
  WindowWidth: [0x0028_1051, 'DS'],
  RescaleIntercept: [0x0028_1052, 'DS'],
  RescaleSlope: [0x0028_1053, 'DS'],
  VOILUTFunction: [0x0028_1056, 'CS'],
  ModalityLUTSequence: [0x0028_3000, 'SQ'],
  LUTDescriptor: [0x0028_3002, 'xs'],
  LUTData: [0x0028_3006, 'OW'],
  VOILUTSequence: [0x0028_3010, 'SQ'],
  RequestAttributesSequence: [0x0040_0275, 'SQ'],
  RequestedProcedurePriority: [0x0040_1003, 'SH'],
  ViewCodeSequence: [0x0054_0220, 'SQ'],
  PresentationLUTShape: [0x2050_0020, 'CS'],
  ExtendedOffsetTable: [0x7fe0_0001, 'OV'],
  ExtendedOffsetTableLengths: [0x7fe0_0002, 'OV'],
} as const satisfies Record<string, readonly [tag: number, vr: ValueRepresentation]>;

/** Keyword (PS3.6) of an attribute that the gateway reads. */
export type Keyword = keyof typeof ATTRIBUTES;

/** Pixel Data. */
export const PIXEL_DATA = 0x7fe0_0010;

const KEYWORDS: ReadonlyMap<number, Keyword> = new Map(
  Object.entries(ATTRIBUTES).map(([keyword, [tag]]) => [tag, keyword as Keyword]),
);

/** Keyword of a tag, or undefined for attributes that the gateway does not read. */
export function keywordOf(tag: number): Keyword | undefined {
  return KEYWORDS.get(tag);
}

/** `(gggg,eeee)`, for messages. */
export function formatTag(tag: number): string {
  const digits = tag.toString(16).toUpperCase().padStart(8, '0');
  return `(${digits.slice(0, 4)},${digits.slice(4)})`;
}

/** `Rows (0028,0010)`, for messages. */
export function nameOf(keyword: Keyword): string {
  return `${keyword} ${formatTag(ATTRIBUTES[keyword][0])}`;
}
