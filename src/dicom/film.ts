/** The pixels of one film, ready to be looked up: stored words and the table from word to grey. */
import type { FilmLimits } from '../config.ts';
import { GatewayError } from '../errors.ts';
import { withFileWindow } from './file-window.ts';
import { buildGrayscale, type GrayscaleSource } from './grayscale.ts';
import { type FilmHeader, openFilm } from './header.ts';
import { PixelMemory } from './pixel-memory.ts';

export { GRAYSCALE_RULE } from './grayscale.ts';
export { PixelMemory } from './pixel-memory.ts';

/** A monochrome film. Grey of pixel (row, column) is `lookup[words[row * columns + column]]`. */
export interface Film {
  readonly rows: number;
  readonly columns: number;
  /** Words of the first frame as native Pixel Data has them, row-major, unmasked. */
  readonly words: Uint8Array | Uint16Array;
  /** 256 or 65,536 entries: word to grey 0 (black, air) to 255, MONOCHROME2 sense; masking, sign, rescale, VOI,
   * polarity and padding are all inside. */
  readonly lookup: Uint8Array;
  /** Step of the rule {@link GRAYSCALE_RULE} that made the grey levels. */
  readonly grayscale: GrayscaleSource;
  /** Wall time: `readMs` to parse the header and read the pixels, decompressed; `decodeMs` to build the table. */
  readonly timings: { readonly readMs: number; readonly decodeMs: number };
}

/**
 * Reads a film with its pixels, in whatever transfer syntax. Reads are synchronous: call it in worker threads. Of
 * several frames the first is read.
 *
 * @param memory - where the pixels go; memory of its own when absent
 * @param spareThreads - threads that may run beside this one: a JPEG 2000 film is decoded by them all
 * @throws GatewayError as readHeader; PIXEL_DATA_CORRUPT for pixels that cannot be decoded, IMAGE_FORMAT_UNSUPPORTED for
 *   an image that is not monochrome
 */
export async function readFilm(
  path: string,
  limits: FilmLimits,
  memory: PixelMemory = new PixelMemory(),
  spareThreads = 0,
): Promise<{ header: FilmHeader; film: Film }> {
  return withFileWindow(path, async (window) => {
    const started = performance.now();
    const { header, firstFrame } = await openFilm(window, limits);
    const { image } = header;
    if (image.samplesPerPixel !== 1 || !image.photometricInterpretation.startsWith('MONOCHROME')) {
      throw new GatewayError('IMAGE_FORMAT_UNSUPPORTED', `The image is ${image.photometricInterpretation}.`);
    }
    const words = await firstFrame.read(memory, spareThreads);
    const read = performance.now();
    const { lookup, source } = buildGrayscale(image, words);
    const timings = { readMs: read - started, decodeMs: performance.now() - read };
    return { header, film: { rows: image.rows, columns: image.columns, words, lookup, grayscale: source, timings } };
  });
}
