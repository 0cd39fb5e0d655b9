/** Tag, value representation and length of one data element (PS3.5 section 7.1). */
import { GatewayError } from '../errors.ts';
import { formatTag } from './attributes.ts';
import type { ByteWindow } from './byte-window.ts';

/** A length that is not known beforehand; the value ends with a delimiter (PS3.5 section 7.1.1). */
export const UNDEFINED_LENGTH = 0xffff_ffff;
/** Item, its end, and the end of a sequence (PS3.5 section 7.5). They have no VR in any transfer syntax. */
export const ITEM = 0xfffe_e000;
export const ITEM_DELIMITATION = 0xfffe_e00d;
export const SEQUENCE_DELIMITATION = 0xfffe_e0dd;

const DELIMITATION_GROUP = 0xfffe;

/** Explicit VRs with a 16-bit length (PS3.5 table 7.1-2); every other, also a future one, has 32 bits. */
const SHORT_LENGTH = new Set('AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US'.split(' '));

/** How elements are written. */
export interface Encoding {
  /** Each element states its value representation. */
  readonly explicitVr: boolean;
  readonly bigEndian: boolean;
}

export const IMPLICIT_LITTLE_ENDIAN: Encoding = { explicitVr: false, bigEndian: false };
export const EXPLICIT_LITTLE_ENDIAN: Encoding = { explicitVr: true, bigEndian: false };

/** An element without its value. */
export interface ElementHeader {
  readonly tag: number;
  /** Undefined in Implicit VR and for items and delimiters. */
  readonly vr: string | undefined;
  /** Bytes as the file says, unchecked, or {@link UNDEFINED_LENGTH}. */
  readonly length: number;
  readonly valuePosition: number;
}

/** Whether Explicit VR states the length of a value in 16 bits, else in 32. */
export function hasShortLength(vr: string): boolean {
  return SHORT_LENGTH.has(vr);
}

/** Whether a tag is an item or a delimiter. */
export function isDelimitation(tag: number): boolean {
  return Math.floor(tag / 0x1_0000) === DELIMITATION_GROUP;
}

/**
 * Reads the 8 or 12 bytes before a value.
 *
 * @throws GatewayError TRUNCATED_FILE, or MALFORMED_DICOM when there is no VR where one must be
 */
export function readElement(window: ByteWindow, position: number, encoding: Encoding): ElementHeader {
  const { explicitVr, bigEndian } = encoding;
  const tag = window.uint16(position, bigEndian) * 0x1_0000 + window.uint16(position + 2, bigEndian);
  if (!explicitVr || isDelimitation(tag)) {
    return { tag, vr: undefined, length: window.uint32(position + 4, bigEndian), valuePosition: position + 8 };
  }
  const vr = String.fromCharCode(window.uint8(position + 4), window.uint8(position + 5));
  if (!/^[A-Z]{2}$/.test(vr)) {
    throw new GatewayError('MALFORMED_DICOM', `${formatTag(tag)} at byte ${position} has no value representation.`);
  }
  return SHORT_LENGTH.has(vr)
    ? { tag, vr, length: window.uint16(position + 6, bigEndian), valuePosition: position + 8 }
    : { tag, vr, length: window.uint32(position + 8, bigEndian), valuePosition: position + 12 };
}
