/** PNG films: 8 or 16 bits a sample; grey, RGB or palette, with or without alpha, which is ignored. */
import { type DecodedPng, decode } from 'fast-png';
import type { FilmLimits } from '../../config.ts';
import { GatewayError } from '../../errors.ts';
import type { GrayscaleSource } from '../resize.ts';
import { assertSize, IDENTITY, luma, SIXTEEN_TO_EIGHT } from './grey.ts';

/** Where IHDR has width and height (PNG, third edition, section 11.2.1). */
const WIDTH_AT = 16;
const HEIGHT_AT = 20;

/**
 * Decodes a PNG to grey.
 *
 * @throws GatewayError IMAGE_FORMAT_UNSUPPORTED for what is damaged or of fewer bits; IMAGE_DIMENSIONS_UNSUPPORTED
 */
export function decodePng(bytes: Uint8Array, limits: FilmLimits): GrayscaleSource {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEIGHT_AT + 4) throw unsupported('The PNG is truncated.');
  // The size is looked at before memory for the pixels is taken.
  assertSize(header.getUint32(HEIGHT_AT), header.getUint32(WIDTH_AT), limits);
  let png: DecodedPng;
  try {
    png = decode(bytes, { checkCrc: true });
  } catch (cause) {
    throw unsupported('The PNG is damaged.', cause);
  }
  const { depth, palette } = png;
  if (depth < 8) throw unsupported(`The PNG has ${depth} bit(s) a sample.`);
  const lookup = depth === 16 ? SIXTEEN_TO_EIGHT : palette === undefined ? IDENTITY : paletteLookup(palette);
  return { rows: png.height, columns: png.width, words: wordsOf(png), lookup };
}

/** One grey word a pixel, or one index into the palette. */
function wordsOf({ data, channels }: DecodedPng): Uint8Array | Uint16Array {
  if (channels >= 3) return luma(data, channels);
  if (channels === 2) return Uint16Array.from({ length: data.length / 2 }, (_, pixel) => data[2 * pixel] as number);
  return data instanceof Uint16Array ? data : new Uint8Array(data);
}

function paletteLookup(palette: readonly (readonly number[])[]): Uint8Array {
  const lookup = new Uint8Array(256);
  palette.forEach((colour, index) => {
    lookup[index] = luma(colour.slice(0, 3), 3)[0] as number;
  });
  return lookup;
}

function unsupported(problem: string, cause?: unknown): GatewayError {
  return new GatewayError('IMAGE_FORMAT_UNSUPPORTED', problem, {}, { cause });
}
