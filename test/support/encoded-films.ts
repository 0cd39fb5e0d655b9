/** Part 10 files in the transfer syntaxes that part10-writer.ts does not write. */
import { deflateRawSync } from 'node:zlib';
import { type Elements, writeDataSet, writeFileMeta } from '../../src/dicom/part10-writer.ts';
import { DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN } from '../../src/dicom/transfer-syntaxes.ts';
import type { Encode } from './encoders.ts';

const ITEM = 0xe000;
const SEQUENCE_END = 0xe0dd;

/** How fragments are told apart. */
export interface Encapsulation {
  /** Entries of the Basic Offset Table; empty when absent. */
  readonly basicOffsets?: readonly number[];
}

/** A film with encapsulated Pixel Data. */
export function encapsulatedFilm(
  elements: Elements,
  transferSyntaxUid: string,
  fragments: readonly Uint8Array[],
  { basicOffsets = [] }: Encapsulation = {},
): Buffer {
  const { '7fe00010': _, ...others } = elements;
  return Buffer.concat([
    metaOf(elements, transferSyntaxUid),
    writeDataSet(others, true),
    encapsulated(fragments, basicOffsets),
  ]);
}

/**
 * An uncompressed film with its pixels in another transfer syntax.
 *
 * @param film - Explicit VR Little Endian, 16 bits allocated, Pixel Data last
 * @param encode - one frame to the bytes of its fragment
 */
export async function recoded(film: Uint8Array, transferSyntaxUid: string, encode: Encode): Promise<Buffer> {
  const bytes = Buffer.from(film);
  const dataSet = bytes.subarray(META_LENGTH_END + bytes.readUInt32LE(META_LENGTH_END - 4));
  const pixelData = dataSet.lastIndexOf(Buffer.from('e07f10004f570000', 'hex'));
  const header = dataSet.subarray(0, pixelData);
  const number = (element: number): number => {
    const at = header.indexOf(Uint8Array.of(0x28, 0x00, element & 0xff, element >> 8, 0x55, 0x53));
    return header.readUInt16LE(at + 8);
  };
  const words = new Uint16Array(Uint8Array.from(dataSet.subarray(pixelData + 12)).buffer);
  const grey = { rows: number(0x0010), columns: number(0x0011), precision: number(0x0101), words };
  const text = (element: number): string => {
    const at = header.indexOf(Uint8Array.of(0x08, 0x00, element, 0x00, 0x55, 0x49));
    return header.toString('latin1', at + 8, at + 8 + header.readUInt16LE(at + 6)).replace(/\0$/, '');
  };
  const meta = writeFileMeta({ sopClassUid: text(0x16), sopInstanceUid: text(0x18), transferSyntaxUid });
  return Buffer.concat([meta, header, encapsulated([await encode(grey)], [])]);
}

/** End of the element that holds the length of the file meta information. */
const META_LENGTH_END = 144;

/** Pixel Data with its fragments. */
function encapsulated(fragments: readonly Uint8Array[], basicOffsets: readonly number[]): Buffer {
  return Buffer.concat([
    Buffer.from('e07f10004f420000ffffffff', 'hex'),
    item(ITEM, new Uint8Array(Uint32Array.from(basicOffsets).buffer)),
    ...fragments.map((fragment) => item(ITEM, fragment)),
    item(SEQUENCE_END, new Uint8Array(0)),
  ]);
}

/** Bytes of an item, with its content padded to an even length. */
function item(element: number, content: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(0xfffe, 0);
  header.writeUInt16LE(element, 2);
  header.writeUInt32LE(content.length + (content.length % 2), 4);
  return Buffer.concat([header, content, Buffer.alloc(content.length % 2)]);
}

/** The parts of equal length that a frame is cut into. */
export function cut(bytes: Uint8Array, length: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );
}

/** A film whose data set is deflated. */
export function deflatedFilm(elements: Elements): Buffer {
  return Buffer.concat([
    metaOf(elements, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
    deflateRawSync(writeDataSet(elements, true)),
  ]);
}

/** A film in Explicit VR Big Endian; Pixel Data is given in little endian, of VR OW or OB. Sequences are not written. */
export function bigEndianFilm(elements: Elements): Buffer {
  return Buffer.concat([metaOf(elements, EXPLICIT_VR_BIG_ENDIAN), swapped(Buffer.from(writeDataSet(elements, true)))]);
}

const LONG_LENGTH = new Set(['OB', 'OW', 'OV', 'UN']);

/** Swaps the numbers of a data set without sequences in place. */
function swapped(bytes: Buffer): Buffer {
  for (let position = 0; position < bytes.length; ) {
    const vr = bytes.toString('latin1', position + 4, position + 6);
    const isLong = LONG_LENGTH.has(vr);
    const value = position + (isLong ? 12 : 8);
    const length = isLong ? bytes.readUInt32LE(position + 8) : bytes.readUInt16LE(position + 6);
    bytes.subarray(position, position + 4).swap16();
    if (isLong) bytes.subarray(position + 8, position + 12).swap32();
    else bytes.subarray(position + 6, position + 8).swap16();
    if (['US', 'SS', 'OW'].includes(vr)) bytes.subarray(value, value + length).swap16();
    position = value + length;
  }
  return bytes;
}

function metaOf(elements: Elements, transferSyntaxUid: string): Uint8Array {
  const text = (tag: string): string => String(elements[tag]?.[1] ?? '');
  return writeFileMeta({ sopClassUid: text('00080016'), sopInstanceUid: text('00080018'), transferSyntaxUid });
}
