/** Writes the wire format of protocol buffers (https://protobuf.dev/programming-guides/encoding). */
import { WIRE } from './fields.ts';

/** Collects one message. */
export class WireWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** An int64 or int32 field. */
  integer(field: number, value: number): this {
    this.#tag(field, WIRE.varint);
    this.#push(varint(value));
    return this;
  }

  float(field: number, value: number): this {
    this.#tag(field, WIRE.fixed32);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#push(bytes);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, WIRE.bytes);
    this.#push(varint(value.length));
    this.#push(value);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'));
  }

  message(field: number, value: WireWriter): this {
    this.#tag(field, WIRE.bytes);
    this.#push(varint(value.#length));
    for (const part of value.#parts) this.#push(part);
    return this;
  }

  /** The message so far, in one piece. */
  finish(): Uint8Array {
    const result = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      result.set(part, offset);
      offset += part.length;
    }
    return result;
  }

  #tag(field: number, wireType: number): void {
    this.#push(varint(field * 8 + wireType));
  }

  #push(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }
}

const INT64_MAX = 2n ** 63n - 1n;

function varint(value: number): Uint8Array {
  // As a float64 the greatest int64 is 2^63, one too many.
  const exact = BigInt(value);
  let rest = BigInt.asUintN(64, exact > INT64_MAX ? INT64_MAX : exact);
  const bytes: number[] = [];
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
