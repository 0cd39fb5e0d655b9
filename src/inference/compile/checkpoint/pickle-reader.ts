/** The bytes of a pickle, read within their bounds. */
import { invalid } from './state-dict.ts';

/** A cursor over untrusted bytes. */
export class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  byte(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** A length of eight bytes. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  /** A double, big endian as pickle writes it. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Text in UTF-8, and in Latin-1 for what Python 2 wrote. */
  text(length: number, encoding: 'utf8' | 'latin1' = 'utf8'): string {
    const bytes = this.bytes(length);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);
  }

  /** Text up to the next line feed, which is left out. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#offset);
    if (end === -1) throw truncated();
    const text = this.text(end - this.#offset);
    this.#advance(1);
    return text;
  }

  /** A whole number of two's complement, little endian, of any length up to 1024 bytes. */
  long(length: number): number | bigint {
    if (length > 1024) throw invalid(`its pickle holds a number of ${length} bytes`);
    const bytes = this.bytes(length);
    let value = 0n;
    for (let index = length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index] as number);
    if (length > 0 && (bytes[length - 1] as number) >= 0x80) value -= 1n << BigInt(8 * length);
    return compact(value);
  }

  #advance(length: number): number {
    const start = this.#offset;
    if (length < 0 || length > this.#bytes.length - start) throw truncated();
    this.#offset = start + length;
    return start;
  }
}

/** A number where it is exact, as everywhere in the files this is for. */
export function compact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function truncated() {
  return invalid('its pickle ends too early');
}
