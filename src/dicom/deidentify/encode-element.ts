/** Elements, items and sequences as bytes, in each of the encodings that films come in. */
import { GatewayError } from '../../errors.ts';
import { formatTag } from '../attributes.ts';
import { type Encoding, hasShortLength, ITEM } from '../element.ts';

/** Of values whose length is stated in 16 bits; even, as every value. */
const LARGEST_SHORT = 0xfffe;

/** Header and value of one element, padded to an even length. */
export function encodeElement(tag: number, vr: string | undefined, value: Uint8Array, encoding: Encoding): Buffer {
  const padding = value.length % 2 === 0 ? [] : [Uint8Array.of(paddingOf(vr))];
  return Buffer.concat([elementHeader(tag, vr, value.length + padding.length, encoding), value, ...padding]);
}

/**
 * Tag, value representation where the encoding has it, and length; that may be UNDEFINED_LENGTH.
 *
 * @throws GatewayError HEADER_TOO_LARGE for a value that its representation has no length for
 */
export function elementHeader(tag: number, vr: string | undefined, length: number, encoding: Encoding): Buffer {
  const isShort = encoding.explicitVr && vr !== undefined && hasShortLength(vr);
  const isLong = encoding.explicitVr && vr !== undefined && !isShort;
  const header = Buffer.alloc(isLong ? 12 : 8);
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  const little = !encoding.bigEndian;
  view.setUint16(0, Math.floor(tag / 0x1_0000), little);
  view.setUint16(2, tag % 0x1_0000, little);
  if (encoding.explicitVr && vr !== undefined) header.write(vr, 4, 'latin1');
  if (isShort && length > LARGEST_SHORT) {
    throw new GatewayError('HEADER_TOO_LARGE', `${formatTag(tag)} becomes larger than its representation allows.`);
  }
  if (isShort) view.setUint16(6, length, little);
  else view.setUint32(isLong ? 8 : 4, length, little);
  return header;
}

/** The value of a sequence with these items. */
export function encodeItems(items: readonly Uint8Array[], encoding: Encoding): Buffer {
  return Buffer.concat(items.flatMap((item) => [elementHeader(ITEM, undefined, item.length, encoding), item]));
}

/** UIDs and bytes are padded by zero, texts by a space (PS3.5 section 6.2). */
function paddingOf(vr: string | undefined): number {
  return vr === 'UI' || vr === 'UN' || vr?.startsWith('O') === true ? 0x00 : 0x20;
}
