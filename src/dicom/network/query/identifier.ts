/**
 * Identifiers of C-FIND, C-MOVE and C-GET: small data sets without pixels (PS3.4 annex C).
 *
 * What a peer sends is bounded before it is understood: bytes while they arrive, then elements and nesting. Values below
 * the top level are stepped over, since no study-level attribute that the gateway reads lies in a sequence.
 */
import { collectBytes } from '../../../collect-bytes.ts';
import { GatewayError } from '../../../errors.ts';
import { textDecoder } from '../../character-sets.ts';
import { type Elements, writeDataSet } from '../../part10-writer.ts';

/** A study-level answer has some 20 elements and 1 kB; private ones make some larger. */
export const MAXIMUM_IDENTIFIER_BYTES = 1024 * 1024;
const MAXIMUM_ELEMENTS = 10_000;
const MAXIMUM_DEPTH = 16;

/** Longer values are no identifiers, names or lists of modalities. */
const MAXIMUM_VALUE_BYTES = 16 * 1024;

const SPECIFIC_CHARACTER_SET = '00080005';
const UNDEFINED_LENGTH = 0xffff_ffff;
const ITEM = 0xfffe_e000;
const ITEM_END = 0xfffe_e00d;
const SEQUENCE_END = 0xfffe_e0dd;

/** Explicit VRs with a length of 16 bits (PS3.5 table 7.1-2). */
const SHORT_LENGTH = new Set('AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US'.split(' '));

/**
 * Encodes an identifier. Texts beyond ASCII are written in UTF-8 and say so (ISO_IR 192).
 *
 * @param elements - by tag, `ggggeeee` in lower-case hexadecimal; an empty text is a return key
 * @param explicit - Explicit or Implicit VR, both little endian
 */
export function encodeIdentifier(elements: Elements, explicit: boolean): Uint8Array {
  const isPlain = Object.values(elements).every(
    (element) => typeof element?.[1] !== 'string' || /^[\x20-\x7e]*$/.test(element[1]),
  );
  const characterSet: Elements = isPlain ? {} : { [SPECIFIC_CHARACTER_SET]: ['CS', 'ISO_IR 192'] };
  return writeDataSet({ ...elements, ...characterSet }, explicit);
}

/** The texts of a decoded identifier. */
export interface Identifier {
  /** Values of a text attribute, trimmed; empty when it is absent. */
  strings(tag: string): readonly string[];
  /** First value; null when absent or blank. */
  text(tag: string): string | null;
}

/**
 * Decodes an identifier of a peer.
 *
 * @throws GatewayError DICOM_NODE_FAILED when lengths lead past its end, or it has too many elements or levels
 */
export function decodeIdentifier(bytes: Uint8Array, explicit: boolean): Identifier {
  const values = new Map<string, Uint8Array>();
  new Walk(bytes, values).dataSet(explicit);
  const plain = textsOf(values.get(SPECIFIC_CHARACTER_SET), (value) => Buffer.from(value).toString('latin1'));
  const decode = textDecoder(plain);
  const strings = (tag: string) => textsOf(values.get(tag), decode);
  return { strings, text: (tag) => strings(tag)[0] || null };
}

/** Collects what a peer sends of one data set. @throws GatewayError DICOM_NODE_FAILED beyond {@link MAXIMUM_IDENTIFIER_BYTES} */
export async function collectIdentifier(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const tooLong = () => malformed(`has more than ${MAXIMUM_IDENTIFIER_BYTES} bytes`);
  return collectBytes(chunks, MAXIMUM_IDENTIFIER_BYTES, tooLong);
}

/** Trimmed, without control characters, which are padding or what PostgreSQL cannot store. */
function textsOf(value: Uint8Array | undefined, decode: (bytes: Uint8Array) => string): readonly string[] {
  if (value === undefined || value.length === 0) return [];
  return decode(value)
    .split('\\')
    .map((text) => text.replace(/\p{Cc}/gu, '').trim());
}

function malformed(problem: string): GatewayError {
  return new GatewayError('DICOM_NODE_FAILED', `An answer of the node ${problem}.`);
}

/** One pass over the bytes. */
class Walk {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #values: Map<string, Uint8Array>;
  #position = 0;
  #elements = 0;

  constructor(bytes: Uint8Array, values: Map<string, Uint8Array>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#values = values;
  }

  dataSet(explicit: boolean): void {
    while (this.#position < this.#bytes.length) this.#element(explicit, 0);
  }

  /** Reads one element; returns its tag. */
  #element(explicit: boolean, depth: number): number {
    this.#elements += 1;
    if (this.#elements > MAXIMUM_ELEMENTS) throw malformed(`has more than ${MAXIMUM_ELEMENTS} elements`);
    const tag = this.#uint16() * 0x1_0000 + this.#uint16();
    const { vr, length } = this.#lengthOf(explicit && tag < ITEM ? this.#vr() : undefined);
    if (length === UNDEFINED_LENGTH) {
      // A sequence of unknown VR is Implicit VR inside (PS3.5 section 6.2.2).
      this.#items(explicit && vr !== 'UN', depth + 1);
      return tag;
    }
    const end = this.#position + length;
    if (end > this.#bytes.length) throw malformed('ends within an element');
    if (depth === 0 && length <= MAXIMUM_VALUE_BYTES) {
      this.#values.set(tag.toString(16).padStart(8, '0'), this.#bytes.subarray(this.#position, end));
    }
    this.#position = end;
    return tag;
  }

  /** Steps over the items of a sequence of undefined length. */
  #items(explicit: boolean, depth: number): void {
    if (depth > MAXIMUM_DEPTH) throw malformed(`is nested deeper than ${MAXIMUM_DEPTH} levels`);
    for (;;) {
      this.#elements += 1;
      const tag = this.#uint16() * 0x1_0000 + this.#uint16();
      const length = this.#uint32();
      if (tag === SEQUENCE_END) return;
      if (tag !== ITEM) throw malformed('has a sequence without items');
      if (length !== UNDEFINED_LENGTH) this.#skip(length);
      else while (this.#element(explicit, depth) !== ITEM_END);
    }
  }

  #vr(): string {
    const vr = String.fromCharCode(this.#uint8(), this.#uint8());
    if (!/^[A-Z]{2}$/.test(vr)) throw malformed('has an element without value representation');
    return vr;
  }

  #lengthOf(vr: string | undefined): { readonly vr: string | undefined; readonly length: number } {
    if (vr === undefined) return { vr, length: this.#uint32() };
    if (SHORT_LENGTH.has(vr)) return { vr, length: this.#uint16() };
    this.#skip(2);
    return { vr, length: this.#uint32() };
  }

  #skip(length: number): void {
    if (this.#position + length > this.#bytes.length) throw malformed('ends within an element');
    this.#position += length;
  }

  #uint8(): number {
    this.#skip(1);
    return this.#view.getUint8(this.#position - 1);
  }

  #uint16(): number {
    this.#skip(2);
    return this.#view.getUint16(this.#position - 2, true);
  }

  #uint32(): number {
    this.#skip(4);
    return this.#view.getUint32(this.#position - 4, true);
  }
}
