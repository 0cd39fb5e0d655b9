/**
 * Reads the wire format of protocol buffers (https://protobuf.dev/programming-guides/encoding). No length is trusted:
 * everything is checked against the bytes that are there.
 */
import { GatewayError } from '../../../errors.ts';
import { WIRE } from './fields.ts';

const TWO_28 = 2 ** 28;
const MAX_VARINT_BYTES = 10;
const MAX_TAG = 2 ** 32 - 1;

/** A refusal of the file. */
export function malformed(problem: string): GatewayError {
  return new GatewayError('MODEL_INVALID', `The ONNX file cannot be read: ${problem}.`);
}

/** Fields of one message, one after the other: `while (reader.next()) switch (reader.field)`. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;
  #field = 0;
  #wireType: number = WIRE.varint;
  /** Whether the value of the present field still has to be read or passed over. */
  #pending = false;
  // The last varint in pieces of 28, 28 and 8 bits, so that 64 bits need no bigint on the way.
  #low = 0;
  #middle = 0;
  #high = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Number of the present field. */
  get field(): number {
    return this.#field;
  }

  /** Goes to the next field, past the value of the present one if nobody read it; false at the end. */
  next(): boolean {
    if (this.#pending) this.#skip();
    if (this.#offset >= this.#bytes.length) return false;
    const tag = this.#varint();
    if (tag < 8 || tag > MAX_TAG) throw malformed('it holds a field without a number');
    this.#field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    this.#pending = true;
    return true;
  }

  /** An int64 or int32, exact within 2^53. */
  integer(): number {
    this.#expect(WIRE.varint);
    return this.#varint();
  }

  float(): number {
    this.#expect(WIRE.fixed32);
    return this.#view.getFloat32(this.#take(4), true);
  }

  /** A length-delimited value; a view of the message, not a copy. */
  bytes(): Uint8Array {
    this.#expect(WIRE.bytes);
    return this.#delimited();
  }

  text(): string {
    const bytes = this.bytes();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  }

  message(): WireReader {
    return new WireReader(this.bytes());
  }

  /** The integers of a repeated field: all of them when packed, else the one that is here. */
  integers(): number[] {
    if (this.#wireType === WIRE.varint) return [this.integer()];
    const packed = this.message();
    const values: number[] = [];
    while (packed.#offset < packed.#bytes.length) values.push(packed.#varint());
    return values;
  }

  /** The same with 64 exact bits each. */
  integers64(): bigint[] {
    if (this.#wireType === WIRE.varint) {
      this.integer();
      return [this.#bits64()];
    }
    const packed = this.message();
    const values: bigint[] = [];
    while (packed.#offset < packed.#bytes.length) {
      packed.#varint();
      values.push(packed.#bits64());
    }
    return values;
  }

  /** The numbers of a repeated float field. */
  floats(): number[] {
    const bytes = this.fixed(4);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(4 * index, true));
  }

  /** The bytes of a repeated float or double field: all elements when packed, else the one that is here. */
  fixed(width: 4 | 8): Uint8Array {
    if (this.#wireType === WIRE.bytes) {
      const packed = this.bytes();
      if (packed.length % width !== 0) throw malformed('a list of numbers ends in the middle of one');
      return packed;
    }
    this.#expect(width === 4 ? WIRE.fixed32 : WIRE.fixed64);
    const start = this.#take(width);
    return this.#bytes.subarray(start, start + width);
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) throw malformed(`field ${this.#field} has wire type ${this.#wireType}`);
    this.#pending = false;
  }

  #skip(): void {
    this.#pending = false;
    if (this.#wireType === WIRE.varint) this.#varint();
    else if (this.#wireType === WIRE.fixed64) this.#take(8);
    else if (this.#wireType === WIRE.bytes) this.#delimited();
    else if (this.#wireType === WIRE.fixed32) this.#take(4);
    else throw malformed(`field ${this.#field} has wire type ${this.#wireType}`);
  }

  #delimited(): Uint8Array {
    const length = this.#varint();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  #varint(): number {
    const pieces: [number, number, number] = [0, 0, 0];
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = this.#bytes[this.#offset];
      if (byte === undefined) throw malformed('it ends in the middle of a number');
      this.#offset++;
      const piece = (index >> 2) as 0 | 1 | 2;
      pieces[piece] |= (byte & 0x7f) << (7 * (index & 3));
      if (byte < 0x80) {
        [this.#low, this.#middle] = pieces;
        this.#high = pieces[2] & 0xff;
        const signed = this.#high >= 0x80 ? this.#high - 0x100 : this.#high;
        return (signed * TWO_28 + this.#middle) * TWO_28 + this.#low;
      }
    }
    throw malformed('it holds a number of more than 64 bits');
  }

  #bits64(): bigint {
    return (BigInt(this.#high) << 56n) | (BigInt(this.#middle) << 28n) | BigInt(this.#low);
  }

  #take(length: number): number {
    const start = this.#offset;
    if (length < 0 || length > this.#bytes.length - start) {
      throw malformed('it is truncated, or a length in it is wrong');
    }
    this.#offset = start + length;
    return start;
  }
}
