/**
 * Whether two files hold the same film. The bytes differ when one came without file meta information (C-STORE), or passed a
 * sender that writes data sets anew: lengths of sequences become defined or undefined, group lengths come and go, Explicit VR
 * becomes Implicit. None of that is part of the film (PS3.5 section 7); every value is, and must be equal byte for byte.
 *
 * Big-endian and deflated data sets, and pixels under another compression, are equal only if their bytes are: unequal is the
 * safe answer, as it asks a person.
 */
import { GatewayError } from '../errors.ts';
import { MAXIMUM_DEPTH, MAXIMUM_ELEMENTS } from './bounded-elements.ts';
import type { ByteWindow } from './byte-window.ts';
import {
  type ElementHeader,
  type Encoding,
  ITEM,
  ITEM_DELIMITATION,
  readElement,
  SEQUENCE_DELIMITATION,
  UNDEFINED_LENGTH,
} from './element.ts';
import { withFileWindow } from './file-window.ts';
import { readFileMeta } from './part10.ts';
import { transferSyntaxOf } from './transfer-syntaxes.ts';

const COMPARED_BYTES = 256 * 1024;
/** Data Set Trailing Padding (PS3.5 section 7.2). */
const TRAILING_PADDING = 0xfffc_fffc;

/**
 * Compares two Part 10 files; reads them synchronously, so it is for threads of their own.
 *
 * @throws GatewayError NOT_DICOM, TRUNCATED_FILE, MALFORMED_DICOM, BLOB_UNREADABLE
 */
export function isSameDataSet(first: string, second: string): Promise<boolean> {
  return withFileWindow(first, (one) => withFileWindow(second, async (other) => compare(one, other)));
}

function compare(one: ByteWindow, other: ByteWindow): boolean {
  const [meta, otherMeta] = [readFileMeta(one), readFileMeta(other)];
  const isSameSyntax = meta.transferSyntaxUid === otherMeta.transferSyntaxUid;
  const sides = [new Side(one, meta), new Side(other, otherMeta)] as const;
  const [left, right] = sides;
  const [length, otherLength] = [one.size - left.start, other.size - right.start];
  if (isSameSyntax && length === otherLength && sameBytes(sides, left.start, right.start, length)) return true;
  const isComparable = (side: Side) => !side.encoding.bigEndian && !side.isDeflated;
  if (!isComparable(left) || !isComparable(right)) return false;
  if (!isSameSyntax && (left.isEncapsulated || right.isEncapsulated)) return false;
  return new Comparison(sides).areSame(
    { at: left.start, end: one.size, isDelimited: false },
    { at: right.start, end: other.size, isDelimited: false },
  );
}

/** One of the two files. */
class Side {
  readonly window: ByteWindow;
  readonly start: number;
  readonly encoding: Encoding;
  readonly isDeflated: boolean;
  readonly isEncapsulated: boolean;

  constructor(window: ByteWindow, { transferSyntaxUid, dataSetStart }: ReturnType<typeof readFileMeta>) {
    const syntax = transferSyntaxOf(transferSyntaxUid);
    if (syntax === undefined)
      throw new GatewayError('TRANSFER_SYNTAX_UNSUPPORTED', 'A film of this kind is not stored.');
    this.window = window;
    this.start = dataSetStart;
    this.encoding = syntax;
    this.isDeflated = syntax.deflated;
    this.isEncapsulated = syntax.encapsulated;
  }
}

/** A place in one of the files, and where what is walked there ends at the latest. */
interface Place {
  at: number;
  readonly end: number;
  /** Ends with a delimiter before that. */
  readonly isDelimited: boolean;
}

/** Thrown where two data sets turn out to differ, or to be too deep or too long to tell. */
class Differs extends Error {}

class Comparison {
  readonly #sides: readonly [Side, Side];
  #elements = 0;

  constructor(sides: readonly [Side, Side]) {
    this.#sides = sides;
  }

  areSame(one: Place, other: Place): boolean {
    try {
      this.#walk([one, other], 0);
      return true;
    } catch (error) {
      if (error instanceof Differs) return false;
      throw error;
    }
  }

  /** Walks two data sets or items side by side; the places end behind them. */
  #walk(places: readonly [Place, Place], depth: number): void {
    if (depth > MAXIMUM_DEPTH) throw new Differs();
    for (;;) {
      const [element, otherElement] = [this.#next(0, places[0]), this.#next(1, places[1])];
      if (element === undefined && otherElement === undefined) return;
      if (element === undefined || otherElement === undefined || element.tag !== otherElement.tag) throw new Differs();
      this.#values(element, otherElement, places, depth);
    }
  }

  /** The next element that is part of the film; undefined at the end, of which a delimiter is taken in. */
  #next(side: 0 | 1, place: Place): ElementHeader | undefined {
    const { window, encoding } = this.#sides[side];
    while (place.at < place.end) {
      this.#elements += 1;
      if (this.#elements > 2 * MAXIMUM_ELEMENTS) throw new Differs();
      const element = readElement(window, place.at, encoding);
      place.at = element.valuePosition;
      if (element.tag === ITEM_DELIMITATION) {
        if (!place.isDelimited) throw new Differs();
        return undefined;
      }
      const isNoise = element.tag % 0x1_0000 === 0 || element.tag === TRAILING_PADDING;
      if (!isNoise || element.length === UNDEFINED_LENGTH) return element;
      place.at += element.length;
    }
    if (place.at > place.end) throw new Differs();
    return undefined;
  }

  /** Compares two values of one tag; the places end behind them. */
  #values(element: ElementHeader, otherElement: ElementHeader, places: readonly [Place, Place], depth: number): void {
    const isSequence = [element, otherElement].some(({ vr, length }) => vr === 'SQ' || length === UNDEFINED_LENGTH);
    if (!isSequence && this.#areEqual(element, otherElement)) {
      places[0].at += element.length;
      places[1].at += otherElement.length;
      return;
    }
    // Implicit VR does not tell a sequence of defined length from other values.
    if (!isSequence && (element.vr !== undefined || otherElement.vr !== undefined)) throw new Differs();
    this.#items(element, otherElement, places, depth);
  }

  #areEqual(element: ElementHeader, otherElement: ElementHeader): boolean {
    const { length } = element;
    if (length !== otherElement.length) return false;
    return sameBytes(this.#sides, element.valuePosition, otherElement.valuePosition, length);
  }

  /** Compares two sequences of items, or of fragments of pixels. */
  #items(element: ElementHeader, otherElement: ElementHeader, places: readonly [Place, Place], depth: number): void {
    const areFragments = element.vr?.startsWith('O') ?? false;
    const inner = [placeOf(element, places[0]), placeOf(otherElement, places[1])] as const;
    for (;;) {
      const [item, otherItem] = [this.#item(0, inner[0]), this.#item(1, inner[1])];
      if (item === undefined && otherItem === undefined) break;
      if (item === undefined || otherItem === undefined) throw new Differs();
      if (areFragments) {
        if (!this.#areEqual(item, otherItem)) throw new Differs();
        inner[0].at += item.length;
        inner[1].at += otherItem.length;
      } else {
        const contents = [placeOf(item, inner[0]), placeOf(otherItem, inner[1])] as const;
        this.#walk(contents, depth + 1);
        inner[0].at = contents[0].at;
        inner[1].at = contents[1].at;
      }
    }
    places[0].at = inner[0].at;
    places[1].at = inner[1].at;
  }

  /** The next item of a sequence; undefined at its end. */
  #item(side: 0 | 1, place: Place): ElementHeader | undefined {
    if (!place.isDelimited && place.at >= place.end) return undefined;
    this.#elements += 1;
    if (this.#elements > 2 * MAXIMUM_ELEMENTS) throw new Differs();
    const item = readElement(this.#sides[side].window, place.at, this.#sides[side].encoding);
    place.at = item.valuePosition;
    if (item.tag === SEQUENCE_DELIMITATION) return undefined;
    if (item.tag !== ITEM) throw new Differs();
    return item;
  }
}

/** Where the content of a sequence or item lies, which is within what holds it. */
function placeOf({ length, valuePosition }: ElementHeader, holder: Place): Place {
  if (length === UNDEFINED_LENGTH) return { at: valuePosition, end: holder.end, isDelimited: true };
  if (valuePosition + length > holder.end) throw new Differs();
  return { at: valuePosition, end: valuePosition + length, isDelimited: false };
}

function sameBytes([one, other]: readonly [Side, Side], at: number, otherAt: number, length: number): boolean {
  for (let done = 0; done < length; done += COMPARED_BYTES) {
    const chunk = Math.min(COMPARED_BYTES, length - done);
    const [bytes, otherBytes] = [one.window.bytes(at + done, chunk), other.window.bytes(otherAt + done, chunk)];
    if (Buffer.compare(bytes, otherBytes) !== 0) return false;
  }
  return true;
}
