/** Transfer syntaxes of PS3.6 annex A: which ones are read, and the names of the others. */

/** Implicit VR Little Endian, the default of DICOM. */
export const IMPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2';
export const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
export const ENCAPSULATED_UNCOMPRESSED = '1.2.840.10008.1.2.1.98';
export const DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1.99';
export const EXPLICIT_VR_BIG_ENDIAN = '1.2.840.10008.1.2.2';
export const JPEG_BASELINE = '1.2.840.10008.1.2.4.50';
export const JPEG_EXTENDED = '1.2.840.10008.1.2.4.51';
export const JPEG_LOSSLESS = '1.2.840.10008.1.2.4.57';
export const JPEG_LOSSLESS_FIRST_ORDER = '1.2.840.10008.1.2.4.70';
export const JPEG_LS_LOSSLESS = '1.2.840.10008.1.2.4.80';
export const JPEG_LS_NEAR_LOSSLESS = '1.2.840.10008.1.2.4.81';
export const JPEG_2000_LOSSLESS = '1.2.840.10008.1.2.4.90';
export const JPEG_2000 = '1.2.840.10008.1.2.4.91';
export const HTJ2K_LOSSLESS = '1.2.840.10008.1.2.4.201';
export const HTJ2K_LOSSLESS_RPCL = '1.2.840.10008.1.2.4.202';
export const HTJ2K = '1.2.840.10008.1.2.4.203';
export const RLE_LOSSLESS = '1.2.840.10008.1.2.5';
export const DEFLATED_IMAGE_FRAME = '1.2.840.10008.1.2.8.1';

/** What services without pixels offer and take, in the order of preference. */
export const PLAIN_TRANSFER_SYNTAXES: readonly string[] = [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN];

/** How the pixels of a frame are coded; PLAIN are words as they are. */
export type PixelCoding = 'PLAIN' | 'DEFLATE' | 'RLE' | 'JPEG' | 'JPEG_LS' | 'JPEG_2000' | 'HTJ2K';

/** A transfer syntax that films may come in. */
export interface TransferSyntax {
  readonly uid: string;
  /** UID Name of PS3.6 table A-1. */
  readonly name: string;
  /** Whether the syntax itself keeps every pixel as it was. */
  readonly lossless: boolean;
  /** Pixel Data is a sequence of fragments (PS3.5 annex A.4); else the words lie in it one after another. */
  readonly encapsulated: boolean;
  readonly explicitVr: boolean;
  readonly bigEndian: boolean;
  /** The data set as a whole is deflated (PS3.5 annex A.5). */
  readonly deflated: boolean;
  readonly coding: PixelCoding;
}

const NATIVE = { lossless: true, encapsulated: false, explicitVr: true, bigEndian: false, deflated: false } as const;

function native(uid: string, name: string, differences: Partial<TransferSyntax> = {}): TransferSyntax {
  return { uid, name, ...NATIVE, coding: 'PLAIN', ...differences };
}

function encapsulated(uid: string, name: string, coding: PixelCoding, lossless: boolean): TransferSyntax {
  return { uid, name, ...NATIVE, encapsulated: true, coding, lossless };
}

/** Every transfer syntax whose films are read, at every door, in the order of their UIDs. */
export const READABLE_TRANSFER_SYNTAXES: readonly TransferSyntax[] = [
  native(IMPLICIT_VR_LITTLE_ENDIAN, 'Implicit VR Little Endian', { explicitVr: false }),
  native(EXPLICIT_VR_LITTLE_ENDIAN, 'Explicit VR Little Endian'),
  encapsulated(ENCAPSULATED_UNCOMPRESSED, 'Encapsulated Uncompressed Explicit VR Little Endian', 'PLAIN', true),
  native(DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, 'Deflated Explicit VR Little Endian', { deflated: true }),
  native(EXPLICIT_VR_BIG_ENDIAN, 'Explicit VR Big Endian', { bigEndian: true }),
  encapsulated(JPEG_BASELINE, 'JPEG Baseline (Process 1)', 'JPEG', false),
  encapsulated(JPEG_EXTENDED, 'JPEG Extended (Process 2 & 4)', 'JPEG', false),
  encapsulated(JPEG_LOSSLESS, 'JPEG Lossless, Non-Hierarchical (Process 14)', 'JPEG', true),
  encapsulated(
    JPEG_LOSSLESS_FIRST_ORDER,
    'JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1])',
    'JPEG',
    true,
  ),
  encapsulated(JPEG_LS_LOSSLESS, 'JPEG-LS Lossless Image Compression', 'JPEG_LS', true),
  encapsulated(JPEG_LS_NEAR_LOSSLESS, 'JPEG-LS Lossy (Near-Lossless) Image Compression', 'JPEG_LS', false),
  encapsulated(JPEG_2000_LOSSLESS, 'JPEG 2000 Image Compression (Lossless Only)', 'JPEG_2000', true),
  encapsulated(JPEG_2000, 'JPEG 2000 Image Compression', 'JPEG_2000', false),
  encapsulated(HTJ2K_LOSSLESS, 'High-Throughput JPEG 2000 Image Compression (Lossless Only)', 'HTJ2K', true),
  encapsulated(
    HTJ2K_LOSSLESS_RPCL,
    'High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)',
    'HTJ2K',
    true,
  ),
  encapsulated(HTJ2K, 'High-Throughput JPEG 2000 Image Compression', 'HTJ2K', false),
  encapsulated(RLE_LOSSLESS, 'RLE Lossless', 'RLE', true),
  encapsulated(DEFLATED_IMAGE_FRAME, 'Deflated Image Frame Compression', 'DEFLATE', true),
];

const READABLE: ReadonlyMap<string, TransferSyntax> = new Map(
  READABLE_TRANSFER_SYNTAXES.map((syntax) => [syntax.uid, syntax]),
);

/** Names of syntaxes that are not read, for messages. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  '1.2.840.10008.1.2.4.92': 'JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)',
  '1.2.840.10008.1.2.4.93': 'JPEG 2000 Part 2 Multi-component Image Compression',
  '1.2.840.10008.1.2.4.94': 'JPIP Referenced',
  '1.2.840.10008.1.2.4.95': 'JPIP Referenced Deflate',
  '1.2.840.10008.1.2.4.100': 'MPEG2 Main Profile / Main Level',
  '1.2.840.10008.1.2.4.102': 'MPEG-4 AVC/H.264 High Profile / Level 4.1',
  '1.2.840.10008.1.2.4.110': 'JPEG XL Lossless',
  '1.2.840.10008.1.2.4.111': 'JPEG XL JPEG Recompression',
  '1.2.840.10008.1.2.4.112': 'JPEG XL',
};

/** The transfer syntax of a UID; undefined when its films are not read. */
export function transferSyntaxOf(uid: string): TransferSyntax | undefined {
  return READABLE.get(uid);
}

/** Name with UID, for messages; the UID alone when it is not in the table. */
export function nameOfTransferSyntax(uid: string): string {
  const name = READABLE.get(uid)?.name ?? OTHER_NAMES[uid];
  return name === undefined ? uid : `${name} (${uid})`;
}
