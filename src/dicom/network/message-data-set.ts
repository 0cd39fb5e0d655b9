/**
 * Data sets of DIMSE messages, whole in memory: identifiers and storage commitments, never films (those are walked in their
 * file, data-set-walker.ts). What a peer sends is bounded before it is understood: its bytes while they arrive, then
 * elements, nesting and the values that are kept.
 */
import { GatewayError } from '../../errors.ts';
import { ByteWindow, endOfFile } from '../byte-window.ts';
import {
  type ElementHeader,
  type Encoding,
  EXPLICIT_LITTLE_ENDIAN,
  IMPLICIT_LITTLE_ENDIAN,
  isDelimitation,
  readElement,
  UNDEFINED_LENGTH,
} from '../element.ts';
import { type ElementReader, itemsOf, passElements, passItems } from '../sequence-items.ts';

/** What to read, and how much of it at most. */
export interface MessageDataSetOptions {
  readonly explicitVr: boolean;
  /** Sequences whose items are kept, by tag; all others are stepped over. */
  readonly sequences?: ReadonlySet<number>;
  /** Most elements and items, at all levels. */
  readonly maxElements: number;
  /** Deepest nesting of sequences. */
  readonly maxDepth: number;
  /** Longer values are stepped over. */
  readonly maxValueBytes: number;
}

/** One data set, or one item of a sequence. */
export interface MessageDataSet {
  /** Values by tag. */
  readonly values: ReadonlyMap<number, Uint8Array>;
  /** Items of the sequences asked for, by tag. */
  readonly items: ReadonlyMap<number, readonly MessageDataSet[]>;
}

/**
 * Reads a data set in little endian.
 *
 * @throws GatewayError TRUNCATED_FILE, MALFORMED_DICOM
 */
export function readMessageDataSet(bytes: Uint8Array, options: MessageDataSetOptions): MessageDataSet {
  const found = new Found();
  new Walk(new MemoryWindow(bytes), options).dataSet(found);
  return found;
}

class Found implements MessageDataSet {
  readonly values = new Map<number, Uint8Array>();
  readonly items = new Map<number, Found[]>();
}

class Walk implements ElementReader {
  readonly #window: MemoryWindow;
  readonly #options: MessageDataSetOptions;
  #elements = 0;

  constructor(window: MemoryWindow, options: MessageDataSetOptions) {
    this.#window = window;
    this.#options = options;
  }

  dataSet(into: Found): void {
    const encoding = this.#options.explicitVr ? EXPLICIT_LITTLE_ENDIAN : IMPLICIT_LITTLE_ENDIAN;
    let position = 0;
    while (position < this.#window.size) {
      const element = this.read(position, encoding);
      position = this.#value(element, encoding, this.#window.size, into, 0);
    }
  }

  read(position: number, encoding: Encoding): ElementHeader {
    this.#elements += 1;
    const { maxElements } = this.#options;
    if (this.#elements > maxElements) throw malformed(`has more than ${maxElements} elements`);
    return readElement(this.#window, position, encoding);
  }

  endOf({ length, valuePosition }: ElementHeader, end: number): number {
    const next = valuePosition + length;
    if (next > end) throw endOfFile(next, end);
    return next;
  }

  /** Takes in or steps over a value; returns the position after it. */
  #value(element: ElementHeader, encoding: Encoding, end: number, into: Found | undefined, depth: number): number {
    const { tag, vr, length, valuePosition } = element;
    if (isDelimitation(tag)) throw malformed('has an item or a delimiter outside a sequence');
    const isWanted = this.#options.sequences?.has(tag) === true;
    if (length === UNDEFINED_LENGTH || isWanted) {
      const items: Found[] | undefined = into !== undefined && isWanted ? [] : undefined;
      if (items !== undefined) into?.items.set(tag, items);
      // The content of a sequence written as UN is Implicit VR Little Endian (PS3.5 section 6.2.2, note 4).
      return this.#items(element, vr === 'UN' ? IMPLICIT_LITTLE_ENDIAN : encoding, end, items, depth + 1);
    }
    const next = this.endOf(element, end);
    if (into !== undefined && length <= this.#options.maxValueBytes) {
      into.values.set(tag, this.#window.bytes(valuePosition, length));
    }
    return next;
  }

  /** Walks the items of a sequence; returns the position after it. */
  #items(sequence: ElementHeader, encoding: Encoding, end: number, items: Found[] | undefined, depth: number): number {
    const { maxDepth } = this.#options;
    if (depth > maxDepth) throw malformed(`is nested deeper than ${maxDepth} levels`);
    const range = itemsOf(sequence, end, this);
    return passItems(range, encoding, this, (item) => {
      const content = items === undefined ? undefined : new Found();
      if (content !== undefined) items?.push(content);
      return passElements(item, range.end, encoding, this, content !== undefined, (element, itemEnd) =>
        this.#value(element, encoding, itemEnd, content, depth),
      );
    });
  }
}

function malformed(problem: string): GatewayError {
  return new GatewayError('MALFORMED_DICOM', `The data set of a message ${problem}.`);
}

/** Bytes in memory. */
class MemoryWindow extends ByteWindow {
  readonly #all: Uint8Array;

  constructor(bytes: Uint8Array) {
    super(bytes.length);
    this.#all = bytes;
  }

  override readInto(target: Uint8Array, position: number): void {
    if (position + target.length > this.#all.length) throw endOfFile(position + target.length, this.#all.length);
    target.set(this.#all.subarray(position, position + target.length));
  }
}
