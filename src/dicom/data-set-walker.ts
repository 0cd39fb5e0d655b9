/**
 * Walks the structure of a data set (PS3.5 section 7) from its first element to Pixel Data and collects the values of
 * {@link ATTRIBUTES}. Nothing the file says is believed before it is checked:
 *
 * - every length is compared with the enclosing sequence and with the file before anything is read or allocated;
 * - values that the gateway does not read are stepped over unread, sequences of defined length among them (a broken
 *   private sequence costs no film); sequences of undefined length have to be walked to find their end;
 * - nesting, number of elements and bytes are capped, so the time is bounded: 200,000 elements take about 50 ms.
 */
import { GatewayError } from '../errors.ts';
import { ATTRIBUTES, formatTag, type Keyword, keywordOf, PIXEL_DATA } from './attributes.ts';
import { BoundedElements, MAXIMUM_DEPTH, misplaced } from './bounded-elements.ts';
import { type ByteWindow, endOfFile } from './byte-window.ts';
import { DataSet } from './data-set.ts';
import {
  type ElementHeader,
  type Encoding,
  IMPLICIT_LITTLE_ENDIAN,
  isDelimitation,
  UNDEFINED_LENGTH,
} from './element.ts';
import { itemsOf, passElements, passItems } from './sequence-items.ts';

/** Largest value that is collected: a LUT of 65,536 entries of 16 bits. */
const MAXIMUM_VALUE_BYTES = 131_072;

/** Value representations of which a big-endian file swaps the bytes, among those that are collected. */
const WORDS = new Set(['US', 'SS', 'OW']);

/** Where the value of Pixel Data lies. */
export interface PixelDataElement {
  readonly offset: number;
  /** Null when it is encapsulated: its end is found by its fragments. */
  readonly length: number | null;
  /** Undefined in Implicit VR. */
  readonly vr: string | undefined;
}

/** One walk over one data set. */
export class DataSetWalker {
  readonly #window: ByteWindow;
  readonly #maxHeaderBytes: number;
  #elements: BoundedElements;

  /** @param maxHeaderBytes - most bytes from the start of the data set to Pixel Data */
  constructor(window: ByteWindow, maxHeaderBytes: number) {
    this.#window = window;
    this.#maxHeaderBytes = maxHeaderBytes;
    this.#elements = new BoundedElements(window, 0, maxHeaderBytes);
  }

  /**
   * Walks from `start` to Pixel Data.
   *
   * @param into - receives what is read, also when the walk fails later
   * @returns the place of Pixel Data, or undefined when the file ends without it
   * @throws GatewayError TRUNCATED_FILE, MALFORMED_DICOM, HEADER_TOO_LARGE
   */
  walk(start: number, encoding: Encoding, into: DataSet): PixelDataElement | undefined {
    this.#elements = new BoundedElements(this.#window, start, this.#maxHeaderBytes);
    let position = start;
    while (position < this.#window.size) {
      const element = this.#elements.read(position, encoding);
      if (element.tag === PIXEL_DATA) {
        const length = element.length === UNDEFINED_LENGTH ? null : element.length;
        const end = element.valuePosition + (length ?? 0);
        if (end > this.#window.size) throw endOfFile(end, this.#window.size);
        return { offset: element.valuePosition, length, vr: element.vr };
      }
      position = this.#walkValue(element, encoding, this.#window.size, 0, into);
    }
    return undefined;
  }

  /** Takes in or steps over the value of one element; returns the position after it. */
  #walkValue(
    element: ElementHeader,
    encoding: Encoding,
    end: number,
    depth: number,
    into: DataSet | undefined,
  ): number {
    const { tag, vr, length, valuePosition } = element;
    if (isDelimitation(tag)) throw misplaced(tag, valuePosition);
    const keyword = into === undefined ? undefined : keywordOf(tag);
    if (keyword !== undefined && into?.has(keyword) === true) {
      throw new GatewayError('MALFORMED_DICOM', `${formatTag(tag)} occurs twice in one data set.`);
    }
    if (length === UNDEFINED_LENGTH && tag === PIXEL_DATA) return this.#elements.endOfFragments(valuePosition, end);
    const isKnownSequence = keyword !== undefined && ATTRIBUTES[keyword][1] === 'SQ';
    const isUntyped = vr === undefined || vr === 'UN';
    if (length === UNDEFINED_LENGTH || (isKnownSequence && (isUntyped || vr === 'SQ'))) {
      if (vr !== 'SQ' && !isUntyped) {
        throw new GatewayError('MALFORMED_DICOM', `${formatTag(tag)} of VR ${vr} has an undefined length.`);
      }
      const items: DataSet[] | undefined = isKnownSequence ? [] : undefined;
      if (keyword !== undefined && items !== undefined) into?.addSequence(keyword, items);
      // The content of a sequence written as UN is Implicit VR Little Endian (PS3.5 section 6.2.2, note 4).
      return this.#walkItems(element, vr === 'UN' ? IMPLICIT_LITTLE_ENDIAN : encoding, end, depth + 1, items);
    }
    const next = this.#elements.endOf(element, end);
    if (keyword !== undefined && vr !== 'SQ' && !isKnownSequence) this.#collect(keyword, element, encoding, into);
    return next;
  }

  #collect(keyword: Keyword, element: ElementHeader, encoding: Encoding, into: DataSet | undefined): void {
    if (element.length > MAXIMUM_VALUE_BYTES) {
      // An offset table of 16,000 frames is no error, and the first of them is found without it.
      if (ATTRIBUTES[keyword][1] === 'OV') return;
      throw new GatewayError('MALFORMED_DICOM', `${formatTag(element.tag)} has a value of ${element.length} bytes.`);
    }
    const value = this.#window.bytes(element.valuePosition, element.length);
    const isSwapped = encoding.bigEndian && WORDS.has(element.vr ?? '');
    into?.addValue(keyword, isSwapped ? swapBytes(value, element.tag) : value);
  }

  /** Walks the items of a sequence (PS3.5 section 7.5); returns the position after the sequence. */
  #walkItems(
    sequence: ElementHeader,
    encoding: Encoding,
    end: number,
    depth: number,
    items: DataSet[] | undefined,
  ): number {
    if (depth > MAXIMUM_DEPTH) {
      throw new GatewayError('MALFORMED_DICOM', `Sequences are nested more than ${MAXIMUM_DEPTH} deep.`);
    }
    const range = itemsOf(sequence, end, this.#elements);
    return passItems(range, encoding, this.#elements, (item) => {
      const content = items === undefined ? undefined : new DataSet();
      if (content !== undefined) items?.push(content);
      return passElements(item, range.end, encoding, this.#elements, content !== undefined, (element, itemEnd) =>
        this.#walkValue(element, encoding, itemEnd, depth, content),
      );
    });
  }
}

/** Big-endian 16-bit words to little endian, in place. */
function swapBytes(value: Uint8Array, tag: number): Uint8Array {
  if (value.length % 2 !== 0) throw new GatewayError('MALFORMED_DICOM', `${formatTag(tag)} has half a word.`);
  Buffer.from(value.buffer, value.byteOffset, value.length).swap16();
  return value;
}
