/**
 * Writes the data set of a film anew up to Pixel Data, without what tells whose it is. The structure is as little believed
 * as in data-set-walker.ts, with the same bounds. What cannot be understood cannot be cleaned: a sequence of defined length that is
 * none is removed, one without an end ends the whole.
 *
 * In Implicit VR, and where a value representation is UN, nothing says that a value is a sequence. Every sequence with an item begins
 * with the tag of an item, so a value that does is gone through as one.
 */
import { GatewayError } from '../../errors.ts';
import { ATTRIBUTES, formatTag, keywordOf, PIXEL_DATA } from '../attributes.ts';
import { BoundedElements, MAXIMUM_DEPTH, misplaced } from '../bounded-elements.ts';
import type { ByteWindow } from '../byte-window.ts';
import {
  type ElementHeader,
  type Encoding,
  IMPLICIT_LITTLE_ENDIAN,
  isDelimitation,
  UNDEFINED_LENGTH,
} from '../element.ts';
import { type ItemRange, passElements, passItems } from '../sequence-items.ts';
import { type Action, actionOf, vrOf } from './actions.ts';
import { dummyValue } from './dummy-values.ts';
import { encodeElement, encodeItems } from './encode-element.ts';
import { replaceUids } from './replace-uids.ts';

/** Values of top-level attributes that are looked at, no longer than this. */
const MAXIMUM_NOTED_BYTES = 1024;

/** How to rewrite. */
export interface RewriteOptions {
  /** Where the data set begins. */
  readonly start: number;
  readonly encoding: Encoding;
  /** Most bytes of the data set before Pixel Data. */
  readonly maxHeaderBytes: number;
  /** The UID that stands for another. */
  readonly replaceUid: (uid: string) => string;
}

/** A rewritten data set. */
export interface RewrittenDataSet {
  /** Elements by tag, each with its header. */
  readonly elements: Map<number, Uint8Array>;
  /** Pixel Data as it stands in the file. */
  readonly pixelData: ElementHeader;
  /** Original values, as bytes, of the top-level attributes with these tags. */
  readonly noted: ReadonlyMap<number, Uint8Array>;
}

/**
 * Rewrites the data set of a film up to Pixel Data. Synchronous: for threads of their own.
 *
 * @param noted - tags of which the original values are wanted
 * @throws GatewayError TRUNCATED_FILE, MALFORMED_DICOM, HEADER_TOO_LARGE, NO_PIXEL_DATA
 */
export function rewriteDataSet(
  window: ByteWindow,
  options: RewriteOptions,
  noted: ReadonlySet<number>,
): RewrittenDataSet {
  return new DataSetRewriter(window, options).rewrite(noted);
}

class DataSetRewriter {
  readonly #window: ByteWindow;
  readonly #options: RewriteOptions;
  readonly #elements: BoundedElements;

  constructor(window: ByteWindow, options: RewriteOptions) {
    this.#window = window;
    this.#options = options;
    this.#elements = new BoundedElements(window, options.start, options.maxHeaderBytes);
  }

  rewrite(tags: ReadonlySet<number>): RewrittenDataSet {
    const { start, encoding } = this.#options;
    const elements = new Map<number, Uint8Array>();
    const noted = new Map<number, Uint8Array>();
    let position = start;
    while (position < this.#window.size) {
      const element = this.#elements.read(position, encoding);
      if (element.tag === PIXEL_DATA) return { elements, pixelData: element, noted };
      const { tag, length, valuePosition } = element;
      if (tags.has(tag) && length <= MAXIMUM_NOTED_BYTES) noted.set(tag, this.#window.bytes(valuePosition, length));
      position = this.#rewriteElement(element, encoding, this.#window.size, 0, elements);
    }
    throw new GatewayError('NO_PIXEL_DATA', 'The data set has no Pixel Data (7FE0,0010).');
  }

  /** Writes one element, or not; returns the position after it. */
  #rewriteElement(
    element: ElementHeader,
    encoding: Encoding,
    end: number,
    depth: number,
    into: Map<number, Uint8Array> | undefined,
  ): number {
    const { tag, vr, valuePosition } = element;
    if (isDelimitation(tag)) throw misplaced(tag, valuePosition);
    // Of pixels within a sequence nobody can say what they show.
    const action: Action = tag === PIXEL_DATA ? 'REMOVE' : actionOf(tag, vr);
    const isKept = into !== undefined && action === 'KEEP' && !into.has(tag);
    const items: Uint8Array[] | undefined = isKept ? [] : undefined;
    const next = this.#passValue(element, encoding, end, depth, items);
    if (into === undefined || into.has(tag)) return next;
    const written = isKept
      ? this.#kept(element, encoding, depth, items ?? [])
      : this.#replaced(element, action, encoding);
    const writtenVr = isKept ? vr : this.#writtenVr(element);
    if (written !== undefined) into.set(tag, encodeElement(tag, writtenVr, written, encoding));
    return next;
  }

  /** Passes a value of undefined length item by item; one of defined length at once. */
  #passValue(
    element: ElementHeader,
    encoding: Encoding,
    end: number,
    depth: number,
    items: Uint8Array[] | undefined,
  ): number {
    const { tag, vr, length, valuePosition } = element;
    if (length !== UNDEFINED_LENGTH) return this.#elements.endOf(element, end);
    if (tag === PIXEL_DATA) return this.#elements.endOfFragments(valuePosition, end);
    if (vr !== undefined && vr !== 'SQ' && vr !== 'UN') {
      throw new GatewayError('MALFORMED_DICOM', `${formatTag(tag)} of VR ${vr} has an undefined length.`);
    }
    const range = { start: valuePosition, end, isDelimited: true };
    return this.#rewriteItems(range, contentEncoding(element, encoding), depth + 1, items);
  }

  /** The value of an element that stays; undefined when it is a sequence that cannot be gone through. */
  #kept(
    element: ElementHeader,
    encoding: Encoding,
    depth: number,
    items: readonly Uint8Array[],
  ): Uint8Array | undefined {
    const { length, valuePosition } = element;
    const content = contentEncoding(element, encoding);
    if (length === UNDEFINED_LENGTH) return encodeItems(items, content);
    if (!this.#isSequence(element)) return this.#window.bytes(valuePosition, length);
    const found: Uint8Array[] = [];
    try {
      const range = { start: valuePosition, end: valuePosition + length, isDelimited: false };
      this.#rewriteItems(range, content, depth + 1, found);
    } catch (error) {
      if (error instanceof GatewayError && ['MALFORMED_DICOM', 'TRUNCATED_FILE'].includes(error.code)) return undefined;
      throw error;
    }
    return encodeItems(found, content);
  }

  #isSequence({ tag, vr, length, valuePosition }: ElementHeader): boolean {
    if (vr === 'SQ') return length > 0;
    const keyword = keywordOf(tag);
    const isKnownValue = keyword !== undefined && ATTRIBUTES[keyword][1] !== 'SQ';
    if ((vr !== undefined && vr !== 'UN') || isKnownValue || length < 8) return false;
    // Little endian also in big-endian files, whose values of VR UN are Implicit VR Little Endian.
    return this.#window.uint16(valuePosition) === 0xfffe && this.#window.uint16(valuePosition + 2) === 0xe000;
  }

  /** The value that takes the place of one that must go; undefined where the element goes with it. */
  #replaced(element: ElementHeader, action: Action, encoding: Encoding): Uint8Array | undefined {
    const vr = this.#writtenVr(element) ?? vrOf(element.tag) ?? 'UN';
    switch (action) {
      case 'EMPTY':
        return new Uint8Array(0);
      case 'DUMMY':
        return vr === 'SQ' ? encodeItems([new Uint8Array(0)], encoding) : dummyValue(vr);
      case 'REPLACE_UIDS':
        if (element.length === UNDEFINED_LENGTH || vr === 'SQ') return undefined;
        return replaceUids(this.#window.bytes(element.valuePosition, element.length), this.#options.replaceUid);
      default:
        return undefined;
    }
  }

  /** As the file states it; an UN of the tables by its right name, since the value is a new one. */
  #writtenVr({ tag, vr }: ElementHeader): string | undefined {
    return vr === 'UN' ? (vrOf(tag) ?? vr) : vr;
  }

  /** Goes through items to the end of their sequence; returns the position after it. */
  #rewriteItems(range: ItemRange, encoding: Encoding, depth: number, items: Uint8Array[] | undefined): number {
    if (depth > MAXIMUM_DEPTH) {
      throw new GatewayError('HEADER_TOO_LARGE', `Sequences are nested more than ${MAXIMUM_DEPTH} deep.`);
    }
    return passItems(range, encoding, this.#elements, (item) => {
      const elements = items === undefined ? undefined : new Map<number, Uint8Array>();
      const next = passElements(item, range.end, encoding, this.#elements, elements !== undefined, (element, itemEnd) =>
        this.#rewriteElement(element, encoding, itemEnd, depth, elements),
      );
      if (elements !== undefined) items?.push(concatenateInOrder(elements));
      return next;
    });
  }
}

/** Elements in the order of their tags, as PS3.5 section 7.1 wants them. */
export function concatenateInOrder(elements: ReadonlyMap<number, Uint8Array>): Buffer {
  return Buffer.concat([...elements].sort(([one], [other]) => one - other).map(([, bytes]) => bytes));
}

/** The content of a sequence written as UN is Implicit VR Little Endian (PS3.5 section 6.2.2, note 4). */
function contentEncoding({ vr }: ElementHeader, encoding: Encoding): Encoding {
  return vr === 'UN' ? IMPLICIT_LITTLE_ENDIAN : encoding;
}
