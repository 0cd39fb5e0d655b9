/** Writes DICOM Part 10 files (PS3.10 section 7): little endian, implicit or explicit VR, sequences of defined length. */
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from './implementation.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from './transfer-syntaxes.ts';

/** Numbers, texts joined by `\`, bytes as they are, or the items of a sequence. */
export type ElementValue = string | number | readonly number[] | readonly string[] | Uint8Array | readonly Elements[];

/** Elements by tag, `ggggeeee` in lower-case hexadecimal; undefined leaves an element out. */
export interface Elements {
  readonly [tag: string]: readonly [vr: string, value: ElementValue] | undefined;
}

const PREAMBLE_BYTES = 128;
const LONG_LENGTH = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

/**
 * Builds a complete file. Elements are written in the order of their tags.
 *
 * @param elements - the data set; (0008,0016) and (0008,0018) also go into the file meta information
 * @throws TypeError for a VR with a value that it cannot hold, or a transfer syntax that is not one of the two
 */
export function writePart10(
  elements: Elements,
  transferSyntaxUid: string = EXPLICIT_VR_LITTLE_ENDIAN,
): Uint8Array<ArrayBuffer> {
  if (transferSyntaxUid !== EXPLICIT_VR_LITTLE_ENDIAN && transferSyntaxUid !== IMPLICIT_VR_LITTLE_ENDIAN) {
    throw new TypeError(`Transfer syntax ${transferSyntaxUid} is not written.`);
  }
  const meta = fileMeta(elements['00080016'], elements['00080018'], ['UI', transferSyntaxUid]);
  return concatenate([meta, ...dataSetParts(elements, transferSyntaxUid)]);
}

/** What the file meta information says of a data set that came without it. */
export interface FileMetaValues {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
}

/** Everything that a file has before its data set: preamble, `DICM` and file meta information (PS3.10 section 7.1). */
export function writeFileMeta({ sopClassUid, sopInstanceUid, transferSyntaxUid }: FileMetaValues): Uint8Array {
  return fileMeta(['UI', sopClassUid], ['UI', sopInstanceUid], ['UI', transferSyntaxUid]);
}

function fileMeta(
  sopClass: Elements[string],
  sopInstance: Elements[string],
  transferSyntax: Elements[string],
): Uint8Array<ArrayBuffer> {
  const meta = writeDataSet(
    {
      '00020001': ['OB', Uint8Array.of(0, 1)],
      '00020002': sopClass,
      '00020003': sopInstance,
      '00020010': transferSyntax,
      '00020012': ['UI', IMPLEMENTATION_CLASS_UID],
      '00020013': ['SH', IMPLEMENTATION_VERSION_NAME],
    },
    true,
  );
  const preamble = new Uint8Array(PREAMBLE_BYTES + 4);
  preamble.set(Buffer.from('DICM'), PREAMBLE_BYTES);
  return concatenate([preamble, ...writeElement('00020000', 'UL', meta.length, true), meta]);
}

function dataSetParts(elements: Elements, transferSyntaxUid: string): Uint8Array[] {
  return [writeDataSet(elements, transferSyntaxUid === EXPLICIT_VR_LITTLE_ENDIAN)];
}

/** One data set without preamble and meta information; elements in the order of their tags. */
export function writeDataSet(elements: Elements, explicit: boolean): Uint8Array {
  const tags = Object.keys(elements).sort();
  return concatenate(
    tags.flatMap((tag) => {
      const element = elements[tag];
      return element === undefined ? [] : writeElement(tag, element[0], element[1], explicit);
    }),
  );
}

/** Header and value of one element. */
function writeElement(tag: string, vr: string, value: ElementValue, explicit: boolean): Uint8Array[] {
  const bytes = vr === 'SQ' ? writeItems(value, explicit) : encodeValue(vr, value);
  const padded = bytes.length % 2 === 0 ? bytes : concatenate([bytes, Uint8Array.of(paddingOf(vr))]);
  const isLong = explicit && LONG_LENGTH.has(vr);
  const header = new Uint8Array(isLong ? 12 : 8);
  const view = new DataView(header.buffer);
  view.setUint16(0, Number.parseInt(tag.slice(0, 4), 16), true);
  view.setUint16(2, Number.parseInt(tag.slice(4), 16), true);
  if (explicit) header.set(Buffer.from(vr, 'latin1'), 4);
  if (!explicit) view.setUint32(4, padded.length, true);
  else if (isLong) view.setUint32(8, padded.length, true);
  else view.setUint16(6, padded.length, true);
  return [header, padded];
}

function writeItems(value: ElementValue, explicit: boolean): Uint8Array {
  if (!isItems(value)) throw new TypeError('SQ needs items.');
  return concatenate(
    value.flatMap((item) => {
      const content = writeDataSet(item, explicit);
      const header = new Uint8Array(8);
      const view = new DataView(header.buffer);
      view.setUint16(0, 0xfffe, true);
      view.setUint16(2, 0xe000, true);
      view.setUint32(4, content.length, true);
      return [header, content];
    }),
  );
}

function isItems(value: ElementValue): value is readonly Elements[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'object');
}

function paddingOf(vr: string): number {
  return vr === 'UI' || vr.startsWith('O') || vr === 'UN' ? 0x00 : 0x20;
}

const NUMBER_BYTES: Readonly<Record<string, number>> = { US: 2, SS: 2, UL: 4, SL: 4 };

function encodeValue(vr: string, value: ElementValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const width = NUMBER_BYTES[vr];
  if (width === undefined) return Buffer.from(values.join('\\'), 'utf8');
  const bytes = new Uint8Array(width * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((number, index) => {
    if (typeof number !== 'number') throw new TypeError(`${vr} needs numbers.`);
    if (width === 2) view.setUint16(2 * index, number, true);
    else view.setUint32(4 * index, number, true);
  });
  return bytes;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
