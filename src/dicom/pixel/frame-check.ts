/**
 * What can be known of a compressed frame without decoding it. A film is refused for it at the door, and again before
 * it is decoded: no decoder sees a codestream whose dimensions are not those of the header.
 */
import type { ByteWindow } from '../byte-window.ts';
import type { ImageAttributes } from '../image-attributes.ts';
import type { PixelCoding } from '../transfer-syntaxes.ts';
import type { CodestreamHeader } from './codestream.ts';
import { corrupt } from './corrupt.ts';
import { type JpegProcess, readJpegHeader } from './jpeg-header.ts';
import { readJpeg2000Header } from './jpeg2000/header.ts';
import { readRleSegments } from './rle.ts';
import { placementOf } from './samples.ts';

/** A frame that was checked, with what its decoder needs to know. */
export type CheckedFrame =
  | { readonly coding: 'PLAIN' }
  | { readonly coding: 'DEFLATE' }
  | { readonly coding: 'RLE'; readonly segments: ReturnType<typeof readRleSegments> }
  | { readonly coding: 'JPEG'; readonly header: CodestreamHeader; readonly process: JpegProcess }
  | { readonly coding: 'JPEG_LS' | 'JPEG_2000' | 'HTJ2K'; readonly header: CodestreamHeader };

/** A codestream may be larger than its pixels, but not by more than this: application segments and incompressible noise. */
const ALLOWANCE_BYTES = 16 * 1024 * 1024;

/**
 * Compares a frame with the header of its film.
 *
 * @param window - the bytes of the frame
 * @throws GatewayError PIXEL_DATA_CORRUPT, PIXEL_DATA_LENGTH_MISMATCH
 */
export function checkFrame(window: ByteWindow, coding: PixelCoding, image: ImageAttributes): CheckedFrame {
  const { rows, columns, samplesPerPixel, bitsAllocated } = image;
  const pixelBytes = samplesPerPixel * (bitsAllocated / 8);
  if (window.size > 2 * rows * columns * pixelBytes + ALLOWANCE_BYTES) {
    throw corrupt(`The frame has ${window.size} bytes for ${rows} x ${columns} pixels.`);
  }
  switch (coding) {
    case 'PLAIN':
      return { coding };
    case 'DEFLATE':
      return { coding };
    case 'RLE':
      return { coding, segments: readRleSegments(window, pixelBytes, rows * columns) };
    case 'JPEG': {
      const { process, ...header } = readJpegHeader(window);
      if (process === 'JPEG_LS') throw corrupt('The frame is JPEG-LS, the transfer syntax JPEG.');
      return { coding, process, header: compared(header, image) };
    }
    case 'JPEG_LS': {
      const { process, ...header } = readJpegHeader(window);
      if (process !== 'JPEG_LS') throw corrupt('The frame is JPEG, the transfer syntax JPEG-LS.');
      return { coding, header: compared(header, image) };
    }
    case 'JPEG_2000':
    case 'HTJ2K': {
      const { highThroughput, ...header } = readJpeg2000Header(window);
      // OpenJPEG reads both kinds of JPEG 2000, OpenJPH the one of HTJ2K alone: what the frame is decides, not its label.
      return { coding: highThroughput ? 'HTJ2K' : 'JPEG_2000', header: compared(header, image) };
    }
  }
}

function compared<T extends CodestreamHeader>(header: T, image: ImageAttributes): T {
  if (header.rows !== image.rows || header.columns !== image.columns || header.components !== image.samplesPerPixel) {
    throw corrupt(
      `The codestream has ${header.rows} x ${header.columns} pixels of ${header.components} samples, ` +
        `the header ${image.rows} x ${image.columns} of ${image.samplesPerPixel}.`,
    );
  }
  placementOf(header, image);
  return header;
}
