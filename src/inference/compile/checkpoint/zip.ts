/** The entries of a zip file in memory (APPNOTE 6.3, with its 64-bit form): stored, or deflated up to a bound. */
import { crc32, inflateRawSync } from 'node:zlib';
import { invalid } from './state-dict.ts';

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const END64_LOCATOR_SIGNATURE = 0x07064b50;
const END64_LOCATOR_BYTES = 20;
const END64_SIGNATURE = 0x06064b50;
const END64_BYTES = 56;
const CENTRAL_SIGNATURE = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const EXTRA_ZIP64 = 0x0001;
const UINT32_MAX = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;

/** DenseNet-121 has 730 tensors, an entry each. */
const MAXIMUM_ENTRIES = 65_536;

/** Most bytes of one deflated entry. */
const MAXIMUM_INFLATED_BYTES = 2 ** 30;

interface Entry {
  readonly flags: number;
  readonly method: number;
  readonly checksum: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly offset: number;
}

/** A zip file whose directory was read. */
export class ZipFile {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #entries = new Map<string, Entry>();

  /** @throws GatewayError MODEL_INVALID when the directory is damaged or missing */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#readDirectory();
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /**
   * One entry's content.
   *
   * @throws GatewayError MODEL_INVALID when there is none of this name, it is damaged or packed in another way
   */
  read(name: string): Uint8Array {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw invalid(`its zip has no entry ${name}`);
    const { offset } = entry;
    this.#assertWithin(offset, LOCAL_BYTES);
    if (this.#view.getUint32(offset, true) !== LOCAL_SIGNATURE)
      throw invalid(`its zip entry ${name} is not in its place`);
    const start =
      offset + LOCAL_BYTES + this.#view.getUint16(offset + 26, true) + this.#view.getUint16(offset + 28, true);
    this.#assertWithin(start, entry.compressedSize);
    const content = unpack(name, entry, this.#bytes.subarray(start, start + entry.compressedSize));
    if (content.length !== entry.size) throw invalid(`its zip entry ${name} has another size than its directory says`);
    // Torch can be told to leave checksums out; they are 0 then.
    if (entry.checksum !== 0 && crc32(content) !== entry.checksum) throw invalid(`its zip entry ${name} is damaged`);
    return content;
  }

  #readDirectory(): void {
    const { entries, size, offset } = this.#readEnd();
    if (entries > MAXIMUM_ENTRIES) throw invalid(`its zip has ${entries} entries`);
    this.#assertWithin(offset, size);
    let position = offset;
    for (let index = 0; index < entries; index++) {
      this.#assertWithin(position, CENTRAL_BYTES);
      if (this.#view.getUint32(position, true) !== CENTRAL_SIGNATURE) throw invalid("its zip's directory is damaged");
      const nameBytes = this.#view.getUint16(position + 28, true);
      const extraBytes = this.#view.getUint16(position + 30, true);
      const commentBytes = this.#view.getUint16(position + 32, true);
      this.#assertWithin(position + CENTRAL_BYTES, nameBytes + extraBytes + commentBytes);
      const extra = position + CENTRAL_BYTES + nameBytes;
      const name = Buffer.from(this.#bytes.subarray(position + CENTRAL_BYTES, extra)).toString('utf8');
      if (this.#entries.has(name)) throw invalid(`its zip has two entries ${name}`);
      this.#entries.set(name, this.#entry(position, extra, extraBytes));
      position = extra + extraBytes + commentBytes;
    }
  }

  #entry(position: number, extra: number, extraBytes: number): Entry {
    const view = this.#view;
    const wide = this.#wideNumbers(extra, extraBytes);
    const number = (at: number) => {
      const value = view.getUint32(position + at, true);
      if (value !== UINT32_MAX) return value;
      const next = wide.shift();
      if (next === undefined) throw invalid("its zip's directory lacks a 64-bit size");
      return next;
    };
    // In the order in which the 64-bit forms follow each other.
    const size = number(24);
    const compressedSize = number(20);
    const offset = number(42);
    return {
      flags: view.getUint16(position + 8, true),
      method: view.getUint16(position + 10, true),
      checksum: view.getUint32(position + 16, true),
      size,
      compressedSize,
      offset,
    };
  }

  /** The 64-bit numbers of an entry's extra field; they stand for those that read as 0xffffffff. */
  #wideNumbers(start: number, length: number): number[] {
    const end = start + length;
    let position = start;
    while (position + 4 <= end) {
      const id = this.#view.getUint16(position, true);
      const size = this.#view.getUint16(position + 2, true);
      position += 4;
      if (position + size > end) break;
      if (id === EXTRA_ZIP64) {
        return Array.from({ length: Math.floor(size / 8) }, (_, index) => this.#uint64(position + 8 * index));
      }
      position += size;
    }
    return [];
  }

  #readEnd(): { entries: number; size: number; offset: number } {
    const view = this.#view;
    const first = Math.max(0, view.byteLength - END_BYTES - 0xffff);
    for (let position = view.byteLength - END_BYTES; position >= first; position--) {
      if (view.getUint32(position, true) !== END_SIGNATURE) continue;
      const end = {
        entries: view.getUint16(position + 10, true),
        size: view.getUint32(position + 12, true),
        offset: view.getUint32(position + 16, true),
      };
      return this.#readEnd64(position - END64_LOCATOR_BYTES) ?? end;
    }
    throw invalid('it is a zip without its end: the file is truncated');
  }

  #readEnd64(locator: number): { entries: number; size: number; offset: number } | null {
    if (locator < 0 || this.#view.getUint32(locator, true) !== END64_LOCATOR_SIGNATURE) return null;
    const position = this.#uint64(locator + 8);
    this.#assertWithin(position, END64_BYTES);
    if (this.#view.getUint32(position, true) !== END64_SIGNATURE) throw invalid("its zip's end is damaged");
    return {
      entries: this.#uint64(position + 32),
      size: this.#uint64(position + 40),
      offset: this.#uint64(position + 48),
    };
  }

  #uint64(position: number): number {
    return Number(this.#view.getBigUint64(position, true));
  }

  #assertWithin(start: number, length: number): void {
    if (start + length > this.#view.byteLength) throw invalid('its zip refers to bytes beyond its end');
  }
}

function unpack(name: string, { flags, method, size }: Entry, packed: Uint8Array): Uint8Array {
  if ((flags & ENCRYPTED) !== 0) throw invalid(`its zip entry ${name} is encrypted`);
  if (method === STORED) return packed;
  if (method !== DEFLATED) throw invalid(`its zip entry ${name} is packed by method ${method}`);
  if (size > MAXIMUM_INFLATED_BYTES)
    throw invalid(`its zip entry ${name} is larger than ${MAXIMUM_INFLATED_BYTES} bytes`);
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch (cause) {
    throw invalid(`its zip entry ${name} cannot be inflated to the size its directory gives`, cause);
  }
}
