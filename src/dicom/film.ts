/** The pixels of one film, ready to be looked up: stored words and the table from word to grey. */
import type { FilmLimits } from '../config.ts';
import { GatewayError } from '../errors.ts';
import { type FileWindow, withFileWindow } from './file-window.ts';
import { buildGrayscale, type GrayscaleSource } from './grayscale.ts';
import { type FilmHeader, readHeaderOf } from './header.ts';

export { GRAYSCALE_RULE } from './grayscale.ts';

/** A monochrome film. Grey of pixel (row, column) is `lookup[words[row * columns + column]]`. */
export interface Film {
  readonly rows: number;
  readonly columns: number;
  /** Stored words of the first frame as they lie in the file, row-major, unmasked. */
  readonly words: Uint8Array | Uint16Array;
  /** 256 or 65,536 entries: word to grey 0 (black, air) to 255, MONOCHROME2 sense; masking, sign, rescale, VOI,
   * polarity and padding are all inside. */
  readonly lookup: Uint8Array;
  /** Step of the rule {@link GRAYSCALE_RULE} that made the grey levels. */
  readonly grayscale: GrayscaleSource;
  /** Wall time: `readMs` to parse the header and read the pixels, `decodeMs` to build the table. */
  readonly timings: { readonly readMs: number; readonly decodeMs: number };
}

/**
 * Memory for the pixels of one film after another: a film that was read into it is valid until the next one is. Fresh memory
 * for each film costs more than it looks, since the kernel clears every page of it at its first use.
 */
export class PixelMemory {
  #bytes = Buffer.alloc(0);

  /** This many bytes, aligned for 16-bit views, with whatever they held before. */
  take(length: number): Buffer {
    if (length <= this.#bytes.length) return this.#bytes.subarray(0, length);
    // Not from Node's shared pool, whose parts do not begin at even offsets.
    const bytes = Buffer.allocUnsafeSlow(length);
    if (length <= KEPT_BYTES) this.#bytes = bytes;
    return bytes;
  }
}

/** 6000x5600 pixels of 16 bits: above every detector of today; a larger film's memory is not kept. */
const KEPT_BYTES = 64 * 1024 * 1024;

/**
 * Reads a film with its pixels. Reads are synchronous: call it in worker threads. The film is read once, into one
 * buffer that the words are a view of.
 *
 * @param memory - where the pixels go; memory of its own when absent
 * @throws GatewayError as readHeader, and IMAGE_FORMAT_UNSUPPORTED for an image that is not monochrome
 */
export async function readFilm(
  path: string,
  limits: FilmLimits,
  memory: PixelMemory = new PixelMemory(),
): Promise<{ header: FilmHeader; film: Film }> {
  return withFileWindow(path, (window) => {
    const started = performance.now();
    const header = readHeaderOf(window, limits);
    const { image } = header;
    if (image.samplesPerPixel !== 1 || !image.photometricInterpretation.startsWith('MONOCHROME')) {
      throw new GatewayError('IMAGE_FORMAT_UNSUPPORTED', `The image is ${image.photometricInterpretation}.`);
    }
    const words = readWords(window, header, memory);
    const read = performance.now();
    const { lookup, source } = buildGrayscale(image, words);
    const timings = { readMs: read - started, decodeMs: performance.now() - read };
    return { header, film: { rows: image.rows, columns: image.columns, words, lookup, grayscale: source, timings } };
  });
}

/** The first frame. Its length was compared with the file before; little endian is the order of every supported host. */
function readWords(
  window: FileWindow,
  { image, pixelData }: FilmHeader,
  memory: PixelMemory,
): Uint8Array | Uint16Array {
  const pixels = image.rows * image.columns;
  const bytes = memory.take(pixels * (image.bitsAllocated / 8));
  window.readInto(bytes, pixelData.offset);
  return image.bitsAllocated === 16
    ? new Uint16Array(bytes.buffer, bytes.byteOffset, pixels)
    : new Uint8Array(bytes.buffer, bytes.byteOffset, pixels);
}
