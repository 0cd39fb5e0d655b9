/** JPEG films. The decoder is libjpeg-turbo compiled to WebAssembly, loaded when the first JPEG comes. */
import type { JpegModule } from '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs';
import type { FilmLimits } from '../../config.ts';
import { GatewayError } from '../../errors.ts';
import type { GrayscaleSource } from '../resize.ts';
import { assertSize, IDENTITY, luma } from './grey.ts';

let decoder: Promise<JpegModule> | undefined;

/**
 * Decodes a JPEG of 8 bits, baseline or progressive, grey or colour, to grey.
 *
 * @throws GatewayError IMAGE_FORMAT_UNSUPPORTED for what is damaged, CMYK or not of 8 bits; IMAGE_DIMENSIONS_UNSUPPORTED
 */
export async function decodeJpeg(bytes: Uint8Array, limits: FilmLimits): Promise<GrayscaleSource> {
  decoder ??= import('@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs').then((module) => module.default());
  const { JPEGDecoder } = await decoder;
  const jpeg = new JPEGDecoder();
  try {
    jpeg.getEncodedBuffer(bytes.length).set(bytes);
    // The size is looked at before memory for the pixels is taken.
    decoding(() => jpeg.readHeader());
    const { width, height, componentCount } = jpeg.getFrameInfo();
    assertSize(height, width, limits);
    decoding(() => jpeg.decode());
    // A view of the decoder's own memory: copied before that is freed.
    const samples = jpeg.getDecodedBuffer();
    const words = componentCount === 1 ? Uint16Array.from(samples) : luma(samples, componentCount);
    return { rows: height, columns: width, words, lookup: IDENTITY };
  } finally {
    jpeg.delete();
  }
}

/** The decoder throws addresses of C++ exceptions. */
function decoding(step: () => void): void {
  try {
    step();
  } catch {
    throw new GatewayError('IMAGE_FORMAT_UNSUPPORTED', 'The JPEG is damaged, or neither grey nor RGB of 8 bits.');
  }
}
