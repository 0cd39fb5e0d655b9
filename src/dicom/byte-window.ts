/**
 * Random access to a run of bytes, whatever holds them, through one 64 KiB window: memory stays the same however many
 * there are.
 *
 * Reads are synchronous. Films are parsed in worker threads, where a promise for each few bytes would cost more than
 * the read itself (a header of 100 elements takes 1 read this way).
 */
import { GatewayError } from '../errors.ts';

const WINDOW_BYTES = 64 * 1024;

/** Bytes that can be looked at anywhere. A read past the end throws TRUNCATED_FILE, or what a subclass makes of it. */
export abstract class ByteWindow {
  /** Number of bytes. */
  readonly size: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #start = 0;
  #length = 0;

  protected constructor(size: number) {
    this.size = size;
    this.#bytes = new Uint8Array(Math.min(WINDOW_BYTES, Math.max(size, 1)));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /**
   * Fills `target` from a position, past the window.
   *
   * @throws GatewayError TRUNCATED_FILE when the bytes end before `target` is full
   */
  abstract readInto(target: Uint8Array, position: number): void;

  /** Unsigned 16-bit number at a position, little endian unless told. */
  uint16(position: number, bigEndian = false): number {
    return this.#view.getUint16(this.#locate(position, 2), !bigEndian);
  }

  /** Unsigned 32-bit number at a position, little endian unless told. */
  uint32(position: number, bigEndian = false): number {
    return this.#view.getUint32(this.#locate(position, 4), !bigEndian);
  }

  /** One byte at a position. */
  uint8(position: number): number {
    return this.#view.getUint8(this.#locate(position, 1));
  }

  /** Copy of a range. The caller bounds `length`: that many bytes are allocated. */
  bytes(position: number, length: number): Uint8Array {
    if (position + length > this.size) throw this.ended(position + length);
    const copy = new Uint8Array(length);
    this.readInto(copy, position);
    return copy;
  }

  /** The error for a read that needs more bytes than there are. */
  protected ended(needed: number): GatewayError {
    return endOfFile(needed, this.size);
  }

  /** Offset within the window of `length` bytes at a position, after moving the window there if need be. */
  #locate(position: number, length: number): number {
    if (position + length > this.size) throw this.ended(position + length);
    if (position < this.#start || position + length > this.#start + this.#length) {
      this.#start = position;
      this.#length = Math.min(this.#bytes.length, this.size - position);
      this.readInto(this.#bytes.subarray(0, this.#length), position);
    }
    return position - this.#start;
  }
}

/** TRUNCATED_FILE: the structure needs more bytes than there are. */
export function endOfFile(needed: number, size: number): GatewayError {
  return new GatewayError('TRUNCATED_FILE', `The file ends at byte ${size}, but its structure reaches byte ${needed}.`);
}
