/**
 * Elements of a data set, read within bounds: how many there are, how far from its beginning they may lie, and that each ends within
 * what holds it. Whoever walks a data set by these takes bounded time, whatever the file says.
 */
import { GatewayError } from '../errors.ts';
import { formatTag } from './attributes.ts';
import { type ByteWindow, endOfFile } from './byte-window.ts';
import {
  type ElementHeader,
  type Encoding,
  IMPLICIT_LITTLE_ENDIAN,
  ITEM,
  readElement,
  SEQUENCE_DELIMITATION,
  UNDEFINED_LENGTH,
} from './element.ts';

/** Deepest nesting of sequences. */
export const MAXIMUM_DEPTH = 16;
/** Most elements of one data set, those of its items among them. */
export const MAXIMUM_ELEMENTS = 200_000;

/** One way through one data set. */
export class BoundedElements {
  readonly #window: ByteWindow;
  readonly #maxHeaderBytes: number;
  readonly #headerEnd: number;
  #elements = 0;

  /**
   * @param start - of the data set
   * @param maxHeaderBytes - most bytes from there to Pixel Data
   */
  constructor(window: ByteWindow, start: number, maxHeaderBytes: number) {
    this.#window = window;
    this.#maxHeaderBytes = maxHeaderBytes;
    this.#headerEnd = start + maxHeaderBytes;
  }

  /**
   * Reads an element's header and counts it.
   *
   * @throws GatewayError HEADER_TOO_LARGE, TRUNCATED_FILE, MALFORMED_DICOM
   */
  read(position: number, encoding: Encoding): ElementHeader {
    this.#elements += 1;
    if (this.#elements > MAXIMUM_ELEMENTS || position > this.#headerEnd) {
      throw new GatewayError(
        'HEADER_TOO_LARGE',
        `The data set before Pixel Data has more than ${this.#maxHeaderBytes} bytes or ${MAXIMUM_ELEMENTS} elements.`,
      );
    }
    return readElement(this.#window, position, encoding);
  }

  /**
   * End of a value of defined length, after comparing it with the file, the enclosing element and the limit.
   *
   * @param end - of what holds it
   * @throws GatewayError TRUNCATED_FILE, MALFORMED_DICOM, HEADER_TOO_LARGE
   */
  endOf(element: ElementHeader, end: number): number {
    const valueEnd = element.valuePosition + element.length;
    if (valueEnd > this.#window.size) throw endOfFile(valueEnd, this.#window.size);
    if (valueEnd > end) {
      throw new GatewayError('MALFORMED_DICOM', `${formatTag(element.tag)} is longer than the item that holds it.`);
    }
    if (valueEnd > this.#headerEnd) {
      throw new GatewayError('HEADER_TOO_LARGE', `${formatTag(element.tag)} ends past the limit of the header.`);
    }
    return valueEnd;
  }

  /** Position after encapsulated Pixel Data of an icon within a sequence (PS3.5 annex A.4). */
  endOfFragments(start: number, end: number): number {
    let position = start;
    for (;;) {
      const fragment = this.read(position, IMPLICIT_LITTLE_ENDIAN);
      if (fragment.tag === SEQUENCE_DELIMITATION) return fragment.valuePosition;
      if (fragment.tag !== ITEM || fragment.length === UNDEFINED_LENGTH) throw misplaced(fragment.tag, position);
      position = this.endOf(fragment, end);
    }
  }
}

/** MALFORMED_DICOM: an item or a delimiter where none may be, or none where one must be. */
export function misplaced(tag: number, position: number): GatewayError {
  return new GatewayError('MALFORMED_DICOM', `${formatTag(tag)} at byte ${position} does not belong there.`);
}
