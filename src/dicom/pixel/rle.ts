/**
 * RLE (PS3.5 annex G), decoded strictly: a frame is a header of 64 bytes and one segment a byte of a pixel, most
 * significant first. A segment that yields other than one byte a pixel, runs past its end or goes on after it, is refused.
 */
import type { ByteWindow } from '../byte-window.ts';
import { corrupt } from './corrupt.ts';
import type { Run } from './frame-window.ts';

const HEADER_BYTES = 64;
const MAXIMUM_SEGMENTS = 15;
/** The longest run: 2 bytes for 128. */
const BEST_RATIO = 64;

/**
 * The segments of a frame.
 *
 * @param expected - bytes of a pixel: Samples per Pixel times bytes allocated
 * @param pixels - rows times columns
 * @throws GatewayError PIXEL_DATA_CORRUPT
 */
export function readRleSegments(window: ByteWindow, expected: number, pixels: number): readonly Run[] {
  const count = window.uint32(0);
  if (count !== expected || count > MAXIMUM_SEGMENTS) throw corrupt(`RLE: ${count} segments, not ${expected}.`);
  const offsets = Array.from({ length: count }, (_, index) => window.uint32(4 + 4 * index));
  if (offsets[0] !== HEADER_BYTES) throw corrupt(`RLE: the first segment begins at byte ${offsets[0]}.`);
  return offsets.map((offset, index) => {
    const length = (offsets[index + 1] ?? window.size) - offset;
    if (length * BEST_RATIO < pixels || offset + length > window.size) {
      throw corrupt(`RLE: segment ${index + 1} of ${count} has ${length} bytes for ${pixels} pixels.`);
    }
    return { offset, length };
  });
}

/**
 * Decodes a frame of one sample a pixel into words, little endian.
 *
 * @param segments - as {@link readRleSegments} gives them for these bytes
 * @param target - exactly one byte a pixel and segment
 * @throws GatewayError PIXEL_DATA_CORRUPT
 */
export function decodeRle(bytes: Uint8Array, segments: readonly Run[], target: Uint8Array): void {
  segments.forEach(({ offset, length }, index) => {
    const leftOver = decodeSegment(bytes, offset, length, target, segments.length - 1 - index, segments.length);
    if (!leftOver.every((byte) => byte === 0)) throw corrupt('RLE: a segment goes on after its last pixel.');
  });
}

/** Decodes one segment to every `step`-th byte from `first` on; returns what follows the last pixel. */
function decodeSegment(
  bytes: Uint8Array,
  offset: number,
  length: number,
  target: Uint8Array,
  first: number,
  step: number,
): Uint8Array {
  const end = offset + length;
  let source = offset;
  let position = first;
  while (position < target.length) {
    if (source >= end) throw corrupt('RLE: a segment ends before its last pixel.');
    const control = bytes[source] as number;
    source += 1;
    if (control === 128) continue;
    const isRun = control > 128;
    const count = isRun ? 257 - control : control + 1;
    const past = position + count * step;
    if (source + (isRun ? 1 : count) > end || past - step >= target.length) throw corrupt('RLE: a run is too long.');
    if (isRun) {
      const value = bytes[source] as number;
      source += 1;
      for (; position < past; position += step) target[position] = value;
    } else {
      for (; position < past; position += step, source += 1) target[position] = bytes[source] as number;
    }
  }
  return bytes.subarray(source, end);
}
