/** Stored words to stored values (PS3.5 section 8.1.1) and their distribution over a film. */
import type { ImageAttributes } from './image-attributes.ts';

/** About this many pixels stand for the film in its statistics: a grid of at most 257 x 257. */
const SAMPLED_PIXELS = 65_536;

/**
 * The values that a film can store. An index is the stored bits of a word as an unsigned number; its value is the same
 * bits read as Pixel Representation says.
 */
export interface StoredValues {
  /** Number of indexes: 2 to the power of Bits Stored. */
  readonly count: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Index of a word: bits outside Bits Stored and High Bit, such as overlays, are dropped. */
  indexOf(word: number): number;
  /** Value of an index. */
  valueOf(index: number): number;
  /** Index of a value between minimum and maximum. */
  indexOfValue(value: number): number;
}

/** The values of an image's words. */
export function storedValuesOf(image: ImageAttributes): StoredValues {
  const count = 2 ** image.bitsStored;
  const shift = image.highBit - image.bitsStored + 1;
  const mask = count - 1;
  const signed = image.pixelRepresentation === 1;
  const half = count / 2;
  return {
    count,
    minimum: signed ? -half : 0,
    maximum: signed ? half - 1 : mask,
    indexOf: (word) => (word >> shift) & mask,
    indexOfValue: (value) => value & mask,
    valueOf: signed ? (index) => (index < half ? index : index - count) : (index) => index,
  };
}

/** How often each index occurs among the sampled pixels that are not padding. */
export interface Histogram {
  readonly counts: Uint32Array;
  readonly total: number;
}

/**
 * Counts the words of every k-th pixel of every k-th row. The grid is square, so that no columns stand for the whole
 * film, as they would with every n-th word.
 *
 * @param words - row-major, one a pixel
 */
export function sampleHistogram(
  words: Uint8Array | Uint16Array,
  image: ImageAttributes,
  values: StoredValues,
  isPadding: (word: number) => boolean,
): Histogram {
  const counts = new Uint32Array(values.count);
  const step = Math.max(1, Math.floor(Math.sqrt((image.rows * image.columns) / SAMPLED_PIXELS)));
  let total = 0;
  for (let row = 0; row < image.rows; row += step) {
    const end = (row + 1) * image.columns;
    for (let position = row * image.columns; position < end; position += step) {
      const word = words[position] ?? 0;
      if (isPadding(word)) continue;
      const index = values.indexOf(word);
      counts[index] = (counts[index] ?? 0) + 1;
      total += 1;
    }
  }
  return { counts, total };
}

/**
 * Whether a word is padding: its value, or the whole word where the padding value needs more bits than are stored, lies
 * between Pixel Padding Value and Pixel Padding Range Limit (PS3.3 section C.7.5.1.1.2).
 */
export function paddingTest(image: ImageAttributes, values: StoredValues): (word: number) => boolean {
  const { pixelPaddingValue: value } = image;
  if (value === null) return () => false;
  const limit = image.pixelPaddingRangeLimit ?? value;
  const [low, high] = [Math.min(value, limit), Math.max(value, limit)];
  const signed = image.pixelRepresentation === 1;
  const unusedBits = 32 - image.bitsAllocated;
  return (word) => {
    const stored = values.valueOf(values.indexOf(word));
    if (stored >= low && stored <= high) return true;
    const whole = signed ? (word << unusedBits) >> unusedBits : word;
    return whole >= low && whole <= high;
  };
}
