/** Samples of pictures as grey values of 8 bits, in the sense of MONOCHROME2: lungs dark. */
import type { FilmLimits } from '../../config.ts';
import { GatewayError } from '../../errors.ts';

/** Grey values of 8 bits are what they are. */
export const IDENTITY: Uint8Array = Uint8Array.from({ length: 256 }, (_, grey) => grey);

/** Samples of 16 bits: black stays black and white white (PNG, third edition, section 12.4: scaling of sample depth). */
export const SIXTEEN_TO_EIGHT: Uint8Array = Uint8Array.from({ length: 65_536 }, (_, word) => Math.round(word / 257));

/**
 * Brightness of colour pixels by ITU-R BT.601, in the whole-number arithmetic of Pillow's `convert('L')`.
 *
 * @param samples - 8 or 16 bits each: red, green, blue, and whatever else a pixel has
 * @param channels - samples of a pixel, at least 3
 */
export function luma(samples: ArrayLike<number>, channels: number): Uint16Array {
  const grey = new Uint16Array(samples.length / channels);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    const red = samples[pixel * channels] as number;
    const green = samples[pixel * channels + 1] as number;
    const blue = samples[pixel * channels + 2] as number;
    grey[pixel] = (red * 19_595 + green * 38_470 + blue * 7471 + 0x8000) >>> 16;
  }
  return grey;
}

/** @throws GatewayError IMAGE_DIMENSIONS_UNSUPPORTED beyond the limits of films */
export function assertSize(rows: number, columns: number, { maxDimension }: FilmLimits): void {
  if (rows < 1 || columns < 1 || rows > maxDimension || columns > maxDimension) {
    throw new GatewayError(
      'IMAGE_DIMENSIONS_UNSUPPORTED',
      `The image is ${columns} x ${rows}; films have 1 to ${maxDimension} (DICOM_MAX_DIMENSION) rows and columns.`,
    );
  }
}
