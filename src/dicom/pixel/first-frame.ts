/**
 * The first frame of a film: where it lies, whether it can be what the header says, and its words. The first two are
 * done at the door, the last in the thread that reads the film.
 */
import type { FilmLimits } from '../../config.ts';
import { GatewayError } from '../../errors.ts';
import type { ByteWindow } from '../byte-window.ts';
import type { DataSet } from '../data-set.ts';
import type { PixelDataElement } from '../data-set-walker.ts';
import { checkInflatedSize, inflateInto } from '../deflated-data-set.ts';
import { type ImageAttributes, pixelDataBytes } from '../image-attributes.ts';
import type { PixelMemory } from '../pixel-memory.ts';
import type { PixelCoding, TransferSyntax } from '../transfer-syntaxes.ts';
import { decodeFrame, wordsOf } from './decode.ts';
import { firstFrame } from './fragments.ts';
import { checkFrame } from './frame-check.ts';
import { FrameWindow } from './frame-window.ts';

/** A film whose structure was walked. */
export interface WalkedFilm {
  /** The file. */
  readonly file: ByteWindow;
  /** Where its data set begins. */
  readonly start: number;
  readonly syntax: TransferSyntax;
  /** The data set as far as it was walked: the file itself, or the inflated beginning. */
  readonly window: ByteWindow;
  readonly dataSet: DataSet;
  readonly pixelData: PixelDataElement;
}

/** The first frame of a film. Reads as long as the film's file is open. */
export interface FirstFrame {
  /**
   * Makes sure of what only costs time to find out, and what reading finds out by itself: that a deflated data set has an
   * end, and ends where it should.
   *
   * @throws GatewayError TRUNCATED_FILE, MALFORMED_DICOM, PAYLOAD_TOO_LARGE
   */
  check(): Promise<void>;
  /**
   * Words as native Pixel Data would have them, row-major, unmasked; of one sample a pixel only.
   *
   * @param spareThreads - threads that may help, where decoding takes long
   * @throws GatewayError PIXEL_DATA_CORRUPT, TRUNCATED_FILE, MALFORMED_DICOM, BLOB_UNREADABLE
   */
  read(memory: PixelMemory, spareThreads: number): Promise<Uint8Array | Uint16Array>;
}

/**
 * Finds the first frame and compares it with the header.
 *
 * @throws GatewayError PIXEL_DATA_LENGTH_MISMATCH, PIXEL_DATA_CORRUPT, NO_PIXEL_DATA, TRUNCATED_FILE
 */
export function findFirstFrame(film: WalkedFilm, image: ImageAttributes, limits: FilmLimits): FirstFrame {
  if (film.pixelData.length === null) return findEncapsulated(film, image);
  const { offset, length } = film.pixelData;
  const expected = pixelDataBytes(image);
  if (length !== expected && length !== expected + (expected % 2)) {
    throw new GatewayError(
      'PIXEL_DATA_LENGTH_MISMATCH',
      `Pixel Data has ${length} bytes; the header says ${expected}.`,
    );
  }
  // A deflated film whose beginning is all of it was inflated already.
  if (Number.isFinite(film.window.size))
    return { check: nothing, read: async (memory) => readNative(film, image, memory) };
  const end = offset + length;
  return {
    // As much may follow Pixel Data as may precede it.
    check: () =>
      checkInflatedSize(film.file, film.start, end, Math.min(limits.maxFileBytes, end + limits.maxHeaderBytes)),
    read: async (memory) => {
      const bytes = memory.take(frameBytes(image));
      await inflateInto(film.file, film.start, offset, bytes);
      return wordsOf(bytes, image);
    },
  };
}

const nothing = async (): Promise<void> => {};

function frameBytes({ rows, columns, bitsAllocated }: ImageAttributes): number {
  return rows * columns * (bitsAllocated / 8);
}

/** Little endian is the order of every supported host, so only big-endian words are swapped. */
function readNative(
  { window, pixelData, syntax }: WalkedFilm,
  image: ImageAttributes,
  memory: PixelMemory,
): Uint8Array | Uint16Array {
  const length = frameBytes(image);
  // Two pixels of 8 bits make a word of OW (PS3.5 section 8.1.2), and the last word of a frame may be shared with the next.
  const isSwapped = syntax.bigEndian && (image.bitsAllocated === 16 || pixelData.vr === 'OW');
  const bytes = memory.take(isSwapped ? length + (length % 2) : length);
  window.readInto(bytes, pixelData.offset);
  if (isSwapped) bytes.swap16();
  return wordsOf(bytes, image);
}

/** First bytes of a codestream, where its format has such a mark. */
const START_MARKERS: Partial<Record<PixelCoding, Uint8Array>> = {
  JPEG: Uint8Array.of(0xff, 0xd8, 0xff),
  JPEG_LS: Uint8Array.of(0xff, 0xd8, 0xff),
  JPEG_2000: Uint8Array.of(0xff, 0x4f, 0xff, 0x51),
  HTJ2K: Uint8Array.of(0xff, 0x4f, 0xff, 0x51),
};

function findEncapsulated({ window, pixelData, dataSet, syntax }: WalkedFilm, image: ImageAttributes): FirstFrame {
  const runs = firstFrame(window, pixelData.offset, {
    numberOfFrames: image.numberOfFrames,
    extendedOffsets: dataSet.longs('ExtendedOffsetTable'),
    extendedLengths: dataSet.longs('ExtendedOffsetTableLengths'),
    startMarker: START_MARKERS[syntax.coding],
  });
  const frame = new FrameWindow(window, runs);
  const checked = checkFrame(frame, syntax.coding, image);
  return {
    check: nothing,
    read: async (memory, spareThreads) => {
      const bytes = memory.take(frameBytes(image));
      await decodeFrame(frame, checked, image, memory, bytes, spareThreads);
      return wordsOf(bytes, image);
    },
  };
}
