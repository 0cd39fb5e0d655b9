/**
 * Random access to a file through one 64 KiB window: memory stays the same however large the film is.
 *
 * Reads are synchronous. Headers are parsed in worker threads, where a promise for each few bytes would cost more than
 * the read itself (a header of 100 elements takes 1 read this way).
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { GatewayError } from '../errors.ts';

const WINDOW_BYTES = 64 * 1024;

/** An open file; dispose it to close it. */
export class FileWindow implements Disposable {
  /** Size of the file in bytes when it was opened. */
  readonly size: number;
  readonly #descriptor: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #start = 0;
  #length = 0;

  /** @throws GatewayError BLOB_UNREADABLE when the file cannot be opened */
  constructor(path: string) {
    this.#descriptor = unreadable(() => openSync(path, 'r'));
    this.size = unreadable(() => fstatSync(this.#descriptor).size);
    this.#bytes = new Uint8Array(Math.min(WINDOW_BYTES, Math.max(this.size, 1)));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Little-endian unsigned 16-bit number at a position. */
  uint16(position: number): number {
    return this.#view.getUint16(this.#locate(position, 2), true);
  }

  /** Little-endian unsigned 32-bit number at a position. */
  uint32(position: number): number {
    return this.#view.getUint32(this.#locate(position, 4), true);
  }

  /** One byte at a position. */
  uint8(position: number): number {
    return this.#view.getUint8(this.#locate(position, 1));
  }

  /** Copy of a range. The caller bounds `length`: that many bytes are allocated. */
  bytes(position: number, length: number): Uint8Array {
    if (position + length > this.size) throw endOfFile(position + length, this.size);
    const copy = new Uint8Array(length);
    this.readInto(copy, position);
    return copy;
  }

  /**
   * Fills `target` from a position, past the window.
   *
   * @throws GatewayError TRUNCATED_FILE when the file ends before `target` is full
   */
  readInto(target: Uint8Array, position: number): void {
    let filled = 0;
    while (filled < target.length) {
      const read = unreadable(() =>
        readSync(this.#descriptor, target, filled, target.length - filled, position + filled),
      );
      if (read === 0) throw endOfFile(position + target.length, position + filled);
      filled += read;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }

  /** Offset within the window of `length` bytes at a position, after moving the window there if need be. */
  #locate(position: number, length: number): number {
    if (position + length > this.size) throw endOfFile(position + length, this.size);
    if (position < this.#start || position + length > this.#start + this.#length) {
      this.#start = position;
      this.#length = Math.min(this.#bytes.length, this.size - position);
      this.readInto(this.#bytes.subarray(0, this.#length), position);
    }
    return position - this.#start;
  }
}

/**
 * Opens a file for the time of one call. Without the `using` declaration, which Node 22 does not know: worker threads run
 * this file as it stands in the tests.
 */
export function withFileWindow<T>(path: string, use: (window: FileWindow) => T): T {
  const window = new FileWindow(path);
  try {
    return use(window);
  } finally {
    window[Symbol.dispose]();
  }
}

/** TRUNCATED_FILE: the structure needs more bytes than there are. */
export function endOfFile(needed: number, size: number): GatewayError {
  return new GatewayError('TRUNCATED_FILE', `The file ends at byte ${size}, but its structure reaches byte ${needed}.`);
}

/** Runs a file operation; what the operating system refuses becomes BLOB_UNREADABLE. */
function unreadable<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    const systemCode = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new GatewayError('BLOB_UNREADABLE', `The film's file cannot be read (${systemCode}).`, {}, { cause: error });
  }
}
