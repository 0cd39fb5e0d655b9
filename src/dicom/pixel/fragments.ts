/**
 * Encapsulated Pixel Data (PS3.5 annex A.4): an item with the Basic Offset Table, items with fragments, a delimiter. Found
 * out here is which fragments make the first frame:
 *
 * - of a single frame all fragments are the frame, whatever a Basic Offset Table says;
 * - an Extended Offset Table (PS3.3 section C.7.6.3.1.8) gives the first frame one fragment and its length to the byte;
 * - a Basic Offset Table says at which fragment the second frame begins;
 * - without tables, as many fragments as frames are one a frame; more are parted by the start marker of the next
 *   codestream, and where the coding has none (RLE, deflate, uncompressed), refused.
 */
import { GatewayError } from '../../errors.ts';
import type { ByteWindow } from '../byte-window.ts';
import { IMPLICIT_LITTLE_ENDIAN, ITEM, readElement, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from '../element.ts';
import { corrupt } from './corrupt.ts';
import type { Run } from './frame-window.ts';

/** 512 MiB in the fragments of 4 KiB that the smallest writers make are half of it. */
const MAXIMUM_FRAGMENTS = 262_144;
const ITEM_HEADER_BYTES = 8;
const BASIC_ENTRY_BYTES = 4;

/** What the header says of frames. */
export interface FrameTables {
  readonly numberOfFrames: number;
  /** Extended Offset Table and its lengths; empty when absent. */
  readonly extendedOffsets: readonly number[];
  readonly extendedLengths: readonly number[];
  /** First bytes of every codestream of this coding; undefined when it has no such mark. */
  readonly startMarker: Uint8Array | undefined;
}

interface Encapsulation {
  /** Basic Offset Table: number of entries, and the first two. */
  readonly basic: { readonly entries: number; readonly first: number; readonly second: number };
  readonly fragments: readonly Run[];
}

/**
 * Walks encapsulated Pixel Data to its end and returns the bytes of the first frame.
 *
 * @param offset - of the value of Pixel Data
 * @throws GatewayError TRUNCATED_FILE, NO_PIXEL_DATA, PIXEL_DATA_CORRUPT
 */
export function firstFrame(window: ByteWindow, offset: number, tables: FrameTables): readonly Run[] {
  const { basic, fragments } = walkFragments(window, offset);
  const [first] = fragments;
  if (first === undefined || fragments.every(({ length }) => length === 0)) {
    throw new GatewayError('NO_PIXEL_DATA', 'Pixel Data holds no fragment with a byte in it.');
  }
  const { numberOfFrames, extendedOffsets } = tables;
  if (extendedOffsets.length > 0) return [cutByExtendedTable(first, fragments.length, tables)];
  if (numberOfFrames === 1) return fragments;
  if (basic.entries > 0) {
    if (basic.entries !== numberOfFrames || basic.first !== 0) throw wrongTable('Basic');
    // Offsets count from the item tag of the first fragment.
    const boundary = first.offset + basic.second;
    const count = fragments.findIndex((fragment) => fragment.offset === boundary);
    if (count < 1) throw wrongTable('Basic');
    return fragments.slice(0, count);
  }
  if (fragments.length === numberOfFrames) return [first];
  return fragments.slice(0, nextCodestream(window, fragments, tables));
}

function walkFragments(window: ByteWindow, offset: number): Encapsulation {
  let position = offset;
  const next = (): Run | undefined => {
    const { tag, length, valuePosition } = readElement(window, position, IMPLICIT_LITTLE_ENDIAN);
    if (tag === SEQUENCE_DELIMITATION) return undefined;
    if (tag !== ITEM || length === UNDEFINED_LENGTH) {
      throw corrupt(`At byte ${position} of Pixel Data there is no fragment.`);
    }
    position = valuePosition + length;
    // One more header must follow, if only the delimiter's.
    if (position + ITEM_HEADER_BYTES > window.size) {
      throw new GatewayError('TRUNCATED_FILE', 'The file ends within Pixel Data.');
    }
    return { offset: valuePosition, length };
  };
  const table = next();
  if (table === undefined) throw new GatewayError('NO_PIXEL_DATA', 'Pixel Data holds no item.');
  if (table.length % BASIC_ENTRY_BYTES !== 0) throw wrongTable('Basic');
  const entries = table.length / BASIC_ENTRY_BYTES;
  const entry = (index: number): number =>
    index < entries ? window.uint32(table.offset + index * BASIC_ENTRY_BYTES) : 0;
  const basic = { entries, first: entry(0), second: entry(1) };
  const fragments: Run[] = [];
  for (let fragment = next(); fragment !== undefined; fragment = next()) {
    if (fragments.length === MAXIMUM_FRAGMENTS)
      throw corrupt(`Pixel Data has more than ${MAXIMUM_FRAGMENTS} fragments.`);
    fragments.push(fragment);
  }
  return { basic, fragments };
}

/** The first fragment without the byte that pads it to an even length. */
function cutByExtendedTable(first: Run, fragments: number, tables: FrameTables): Run {
  const { numberOfFrames, extendedOffsets, extendedLengths } = tables;
  const [length = -1] = extendedLengths;
  const isConsistent =
    extendedOffsets.length === numberOfFrames &&
    extendedLengths.length === numberOfFrames &&
    fragments === numberOfFrames &&
    extendedOffsets[0] === 0 &&
    (length === first.length || length === first.length - 1);
  if (!isConsistent) throw wrongTable('Extended');
  return { offset: first.offset, length };
}

/** Number of fragments before the second codestream. */
function nextCodestream(window: ByteWindow, fragments: readonly Run[], tables: FrameTables): number {
  const { startMarker, numberOfFrames } = tables;
  if (fragments.length > numberOfFrames && startMarker !== undefined) {
    const count = fragments.findIndex(
      ({ offset, length }, index) =>
        index > 0 &&
        length >= startMarker.length &&
        Buffer.from(window.bytes(offset, startMarker.length)).equals(startMarker),
    );
    if (count > 0) return count;
  }
  throw corrupt(`Pixel Data has ${fragments.length} fragments for ${numberOfFrames} frames and no offset table.`);
}

function wrongTable(name: 'Basic' | 'Extended'): GatewayError {
  return corrupt(`The ${name} Offset Table does not fit the frames.`);
}
