/** Bits of packet headers: most significant first; after a byte of 255 only seven of the next count (T.800 section B.10.1). */
import { UnusualCodestream } from './unusual.ts';

/** Reads one packet header. */
export class PacketBitReader {
  readonly #bytes: Uint8Array;
  #position: number;
  #byte = 0;
  #left = 0;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.#position = position;
  }

  /** @throws UnusualCodestream when the bytes end */
  bit(): number {
    if (this.#left === 0) {
      this.#left = this.#byte === 0xff ? 7 : 8;
      const byte = this.#bytes[this.#position];
      if (byte === undefined) throw new UnusualCodestream('packet header');
      this.#byte = byte;
      this.#position += 1;
    }
    this.#left -= 1;
    return (this.#byte >> this.#left) & 1;
  }

  /** A number of up to 31 bits. */
  bits(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index += 1) value = (value << 1) | this.bit();
    return value;
  }

  /** Where the header ends. */
  end(): number {
    return this.#byte === 0xff ? this.#position + 1 : this.#position;
  }
}

/** Writes bytes, and packet headers among them. */
export class PacketBitWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  #byte = 0;
  #left = 8;
  /** The byte before in the same header. */
  #last = 0;

  /** @param expectedBytes - memory to begin with; it grows when it is not enough */
  constructor(expectedBytes: number) {
    this.#bytes = new Uint8Array(expectedBytes);
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** A number of up to 31 bits. */
  put(value: number, count: number): void {
    for (let index = count - 1; index >= 0; index -= 1) {
      this.#byte = (this.#byte << 1) | ((value >> index) & 1);
      this.#left -= 1;
      if (this.#left === 0) this.#push();
    }
  }

  /** Ends a packet header at a byte, which is never 255. */
  endHeader(): void {
    if (this.#left < (this.#last === 0xff ? 7 : 8)) {
      this.#byte <<= this.#left;
      this.#push();
    }
    if (this.#last === 0xff) this.#push();
    this.#last = 0;
    this.#left = 8;
  }

  /** Whole bytes, between headers. */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A 32-bit number over bytes that were written. */
  setUint32(position: number, value: number): void {
    new DataView(this.#bytes.buffer).setUint32(position, value);
  }

  /** The bytes that were written, in memory of their own size. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #push(): void {
    this.#reserve(1);
    this.#bytes[this.#length] = this.#byte;
    this.#length += 1;
    this.#last = this.#byte;
    this.#left = this.#byte === 0xff ? 7 : 8;
    this.#byte = 0;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
