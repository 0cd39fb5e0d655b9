/**
 * The way through sequences and their items (PS3.5 section 7.5), the same for whoever reads or rewrites a data set: of defined length
 * to their end, of undefined length to their delimiter. How elements are read and bounded is the reader's.
 */
import { misplaced } from './bounded-elements.ts';
import {
  type ElementHeader,
  type Encoding,
  ITEM,
  ITEM_DELIMITATION,
  SEQUENCE_DELIMITATION,
  UNDEFINED_LENGTH,
} from './element.ts';

/** Reads elements within bounds. */
export interface ElementReader {
  read(position: number, encoding: Encoding): ElementHeader;
  /** End of a value of defined length. @param end - of what holds it */
  endOf(element: ElementHeader, end: number): number;
}

/** Where the items of a sequence lie. */
export interface ItemRange {
  readonly start: number;
  /** Of the sequence, or of what holds it when the sequence has an undefined length. */
  readonly end: number;
  /** It has an undefined length. */
  readonly isDelimited: boolean;
}

/** The items of a sequence of which only the header was read. @param end - of what holds it */
export function itemsOf(sequence: ElementHeader, end: number, reader: ElementReader): ItemRange {
  const isDelimited = sequence.length === UNDEFINED_LENGTH;
  return {
    start: sequence.valuePosition,
    end: isDelimited ? end : reader.endOf(sequence, end),
    isDelimited,
  };
}

/**
 * Goes through the items of a sequence.
 *
 * @param pass - gives the position after an item
 * @returns the position after the sequence
 * @throws GatewayError MALFORMED_DICOM, and what the reader throws
 */
export function passItems(
  { start, end, isDelimited }: ItemRange,
  encoding: Encoding,
  reader: ElementReader,
  pass: (item: ElementHeader) => number,
): number {
  let position = start;
  while (isDelimited || position < end) {
    const item = reader.read(position, encoding);
    if (isDelimited && item.tag === SEQUENCE_DELIMITATION) return item.valuePosition;
    if (item.tag !== ITEM) throw misplaced(item.tag, position);
    position = pass(item);
  }
  return position;
}

/**
 * Goes through the elements of an item.
 *
 * @param end - of the sequence
 * @param isWanted - otherwise an item of defined length is stepped over at once
 * @param pass - gives the position after an element, which must end by `itemEnd`
 * @returns the position after the item
 * @throws GatewayError what the reader throws
 */
export function passElements(
  item: ElementHeader,
  end: number,
  encoding: Encoding,
  reader: ElementReader,
  isWanted: boolean,
  pass: (element: ElementHeader, itemEnd: number) => number,
): number {
  const isDelimited = item.length === UNDEFINED_LENGTH;
  const itemEnd = isDelimited ? end : reader.endOf(item, end);
  if (!isDelimited && !isWanted) return itemEnd;
  let position = item.valuePosition;
  while (isDelimited || position < itemEnd) {
    const element = reader.read(position, encoding);
    if (isDelimited && element.tag === ITEM_DELIMITATION) return element.valuePosition;
    position = pass(element, itemEnd);
  }
  return position;
}
