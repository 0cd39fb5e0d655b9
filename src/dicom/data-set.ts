/** Values of one data set as they lie in the file, and their decoding by value representation (PS3.5 section 6.2). */

import { GatewayError } from '../errors.ts';
import { type Keyword, nameOf } from './attributes.ts';

/** Most characters kept of a text that is only shown; longer ones are cut. LO allows 64. */
const MAXIMUM_TEXT = 256;

/** The collected attributes of a data set or of one sequence item. */
export class DataSet {
  readonly #values = new Map<Keyword, Uint8Array>();
  readonly #sequences = new Map<Keyword, readonly DataSet[]>();

  addValue(keyword: Keyword, bytes: Uint8Array): void {
    this.#values.set(keyword, bytes);
  }

  addSequence(keyword: Keyword, items: readonly DataSet[]): void {
    this.#sequences.set(keyword, items);
  }

  has(keyword: Keyword): boolean {
    return this.#values.has(keyword) || this.#sequences.has(keyword);
  }

  /** Items of a sequence; none when it is absent. */
  items(keyword: Keyword): readonly DataSet[] {
    return this.#sequences.get(keyword) ?? [];
  }

  /** The value's bytes; undefined when absent or empty. */
  bytes(keyword: Keyword): Uint8Array | undefined {
    const bytes = this.#values.get(keyword);
    return bytes === undefined || bytes.length === 0 ? undefined : bytes;
  }

  /** The values of a string attribute, trimmed; trailing spaces and NULs are padding (PS3.5 section 6.2). */
  strings(keyword: Keyword, decode: (bytes: Uint8Array) => string = decodeLatin1): readonly string[] {
    const bytes = this.bytes(keyword);
    if (bytes === undefined) return [];
    return decode(bytes).split('\\').map(clean);
  }

  /** First value of a string attribute, cut at 256 characters; null when absent or blank. */
  text(keyword: Keyword, decode?: (bytes: Uint8Array) => string): string | null {
    const first = this.strings(keyword, decode)[0] ?? '';
    return first === '' ? null : first.slice(0, MAXIMUM_TEXT);
  }

  /** First value of a code string in upper case, as CS requires and some senders do not write. */
  code(keyword: Keyword): string | null {
    return this.text(keyword)?.toUpperCase() ?? null;
  }

  /**
   * Every value of a code string, as {@link code}, joined as in the file: some senders write several where one is allowed, and
   * some write words of their language, to which CS has no right.
   */
  codes(keyword: Keyword, decode?: (bytes: Uint8Array) => string): string | null {
    const values = this.strings(keyword, decode).filter((value) => value !== '');
    return values.length === 0 ? null : values.join('\\').slice(0, MAXIMUM_TEXT).toUpperCase();
  }

  /** Numbers of a DS or IS attribute; values that are no finite numbers are null, so that positions are kept. */
  decimals(keyword: Keyword): readonly (number | null)[] {
    return this.strings(keyword).map((text) => {
      const value = text === '' ? Number.NaN : Number(text);
      return Number.isFinite(value) ? value : null;
    });
  }

  /** First number of a DS or IS attribute; null when absent or no number. */
  decimal(keyword: Keyword): number | null {
    return this.decimals(keyword)[0] ?? null;
  }

  /** Little-endian 16-bit numbers of a US, SS or OW attribute. */
  integers(keyword: Keyword, signed = false): readonly number[] {
    const bytes = this.bytes(keyword);
    if (bytes === undefined) return [];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: bytes.length >> 1 }, (_, index) =>
      signed ? view.getInt16(2 * index, true) : view.getUint16(2 * index, true),
    );
  }

  /** Little-endian 64-bit numbers of an OV attribute; those above 2^53 lose digits, but stay too large for any file. */
  longs(keyword: Keyword): readonly number[] {
    const bytes = this.bytes(keyword);
    if (bytes === undefined) return [];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: bytes.length >> 3 }, (_, index) => Number(view.getBigUint64(8 * index, true)));
  }

  /** First number of a US or SS attribute; null when absent. */
  integer(keyword: Keyword, signed = false): number | null {
    return this.integers(keyword, signed)[0] ?? null;
  }

  /**
   * First number of a US attribute that an image cannot do without.
   *
   * @throws GatewayError MISSING_ATTRIBUTE; INVALID_ATTRIBUTE when it is not one number of 16 bits
   */
  requiredInteger(keyword: Keyword): number {
    const value = this.integer(keyword);
    if (value === null) throw new GatewayError('MISSING_ATTRIBUTE', `${nameOf(keyword)} is missing or empty.`);
    const length = this.bytes(keyword)?.length;
    // 65,552 written as UL would pass for the 16 of its lower half.
    if (length !== 2) throw new GatewayError('INVALID_ATTRIBUTE', `${nameOf(keyword)} has ${length} bytes, not 2.`);
    return value;
  }
}

/** Removes padding and control characters, which no text VR may hold and PostgreSQL cannot store. */
function clean(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
  return text.replace(/[\u0000-\u001f\u007f]/g, '').trim();
}

function decodeLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
