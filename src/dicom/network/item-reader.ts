/** Steps through the items of an association PDU (PS3.8 section 9.3.2): type, reserved byte, 16-bit length, content. */
import { MalformedPdu } from './malformed-pdu.ts';

const ITEM_HEADER_BYTES = 4;
/** PS3.5 section 9: longest UID. */
const MAXIMUM_UID = 64;

/** One item. */
export interface Item {
  readonly type: number;
  readonly content: Buffer;
}

/**
 * The items of a content, in their order.
 *
 * @param maximum - most items that are taken
 * @throws MalformedPdu when a length leads past the content, or there are too many
 */
export function* itemsOf(content: Buffer, maximum: number): Generator<Item, void, void> {
  let position = 0;
  for (let count = 0; position < content.length; count += 1) {
    if (count === maximum)
      throw new MalformedPdu('INVALID_PARAMETER', `A PDU has more than ${maximum} items of a kind.`);
    if (position + ITEM_HEADER_BYTES > content.length) throw tooShort();
    const length = content.readUInt16BE(position + 2);
    const start = position + ITEM_HEADER_BYTES;
    if (length > content.length - start) throw tooShort();
    yield { type: content.readUInt8(position), content: content.subarray(start, start + length) };
    position = start + length;
  }
}

/** Encodes one item. */
export function encodeItem(type: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const header = Buffer.alloc(ITEM_HEADER_BYTES);
  header.writeUInt8(type);
  header.writeUInt16BE(body.length, 2);
  return Buffer.concat([header, body]);
}

/**
 * A UID as items hold it: not padded by the standard, but some peers pad with a zero byte or a space.
 *
 * @throws MalformedPdu when it is longer than a UID
 */
export function decodeUid(content: Buffer): string {
  const uid = decodeText(content);
  if (uid.length > MAXIMUM_UID) throw new MalformedPdu('INVALID_PARAMETER', 'A UID is longer than 64 characters.');
  return uid;
}

/** A text without its padding. */
export function decodeText(content: Buffer): string {
  return content
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trimStart();
}

/** The content from `start` on. @throws MalformedPdu when it is shorter */
export function contentFrom(content: Buffer, start: number): Buffer {
  if (content.length < start) throw tooShort();
  return content.subarray(start);
}

function tooShort(): MalformedPdu {
  return new MalformedPdu('INVALID_PARAMETER', 'An item of a PDU is longer than what holds it.');
}
