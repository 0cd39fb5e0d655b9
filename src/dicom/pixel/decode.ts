/** From the bytes of a compressed frame to words. */
import { inflateRawSync } from 'node:zlib';
import type { ByteWindow } from '../byte-window.ts';
import type { ImageAttributes } from '../image-attributes.ts';
import type { PixelMemory } from '../pixel-memory.ts';
import type { DecodeCodestream } from './codecs/codec.ts';
import { decodeHighThroughput, decodeJpegLs } from './codecs/cornerstone.ts';
import { decodeJpeg16 } from './codecs/jpeg-dcmjs.ts';
import { decodeJpeg8 } from './codecs/jpeg-turbo.ts';
import type { CodestreamHeader } from './codestream.ts';
import { corrupt } from './corrupt.ts';
import type { CheckedFrame } from './frame-check.ts';
import { decodeInBands } from './jpeg2000/decode-in-bands.ts';
import { decodeRle } from './rle.ts';
import { placeSamples } from './samples.ts';

/**
 * Decodes a frame of one sample a pixel.
 *
 * @param window - the bytes of the frame
 * @param frame - what {@link checkFrame} of frame-check.ts found
 * @param bytes - memory of the words, exactly as many as the image has
 * @param spareThreads - threads that may help
 * @throws GatewayError PIXEL_DATA_CORRUPT, PIXEL_DATA_LENGTH_MISMATCH
 */
export async function decodeFrame(
  window: ByteWindow,
  frame: CheckedFrame,
  image: ImageAttributes,
  memory: PixelMemory,
  bytes: Buffer,
  spareThreads: number,
): Promise<void> {
  if (frame.coding === 'PLAIN') {
    readPlain(window, bytes);
    return;
  }
  const codestream = memory.takeCodestream(window.size);
  window.readInto(codestream, 0);
  if (frame.coding === 'DEFLATE') inflateFrame(codestream, bytes);
  else if (frame.coding === 'RLE') decodeRle(codestream, frame.segments, bytes);
  else {
    const { header } = frame;
    const words = wordsOf(bytes, image);
    await decoderOf(frame, spareThreads)(codestream.subarray(header.start), header, (samples, firstPixel) =>
      placeSamples(samples, header, image, words.subarray(firstPixel)),
    );
  }
}

/** Words as they are kept: one byte or two a pixel. */
export function wordsOf(bytes: Buffer, image: ImageAttributes): Uint8Array | Uint16Array {
  const pixels = image.rows * image.columns;
  return image.bitsAllocated === 16
    ? new Uint16Array(bytes.buffer, bytes.byteOffset, pixels)
    : new Uint8Array(bytes.buffer, bytes.byteOffset, pixels);
}

function decoderOf(frame: Extract<CheckedFrame, { header: CodestreamHeader }>, spareThreads: number): DecodeCodestream {
  switch (frame.coding) {
    case 'JPEG':
      return frame.process !== 'LOSSLESS' && frame.header.precision === 8 ? decodeJpeg8 : decodeJpeg16;
    case 'JPEG_LS':
      return decodeJpegLs;
    case 'JPEG_2000':
      return (codestream, header, take) => decodeInBands(codestream, header, take, spareThreads);
    case 'HTJ2K':
      return decodeHighThroughput;
  }
}

/** Encapsulated, but not compressed (PS3.5 section A.4.11); a byte may pad it to an even length. */
function readPlain(window: ByteWindow, bytes: Buffer): void {
  const padding = bytes.length % 2;
  if (window.size !== bytes.length && window.size !== bytes.length + padding) {
    throw corrupt(`The frame has ${window.size} bytes; the header says ${bytes.length}.`);
  }
  window.readInto(bytes, 0);
}

/** Never inflates more than the frame has, whatever the deflated bytes say. */
function inflateFrame(deflated: Buffer, bytes: Buffer): void {
  let inflated: Buffer;
  try {
    inflated = inflateRawSync(deflated, { maxOutputLength: bytes.length });
  } catch (error) {
    throw corrupt('The deflated frame is damaged, or longer than the header says.', error);
  }
  if (inflated.length !== bytes.length) {
    throw corrupt(`The frame inflates to ${inflated.length} bytes; the header says ${bytes.length}.`);
  }
  inflated.copy(bytes);
}
