/**
 * From the samples that a codec gives to words as native Pixel Data would have them.
 *
 * JPEG and JPEG-LS do not know signed samples, and JPEG 2000 says itself whether they are. Where that and Pixel
 * Representation disagree, the header is right: the bits of a sample are read as Pixel Representation says, at the
 * precision of the codestream. So do GDCM and pydicom, and both get the -2000 of a CT's padding so.
 */
import type { ImageAttributes } from '../image-attributes.ts';
import type { CodestreamHeader } from './codestream.ts';
import { corrupt } from './corrupt.ts';

type Words = Uint8Array | Uint16Array;

/** How the bits of samples become those of words. */
interface Placement {
  /** Bits of a sample. */
  readonly precision: number;
  readonly signed: boolean;
  /** Bits to the left that a sample moves. */
  readonly shift: number;
  /** Values that lossy coding may have left; null where none is changed. */
  readonly range: { readonly minimum: number; readonly maximum: number } | null;
}

/**
 * Writes samples into words.
 *
 * @param samples - one a pixel, in the low bits, sign-extended or not
 * @param words - as wide as Bits Allocated
 */
export function placeSamples(samples: Words, header: CodestreamHeader, image: ImageAttributes, words: Words): void {
  const placement = placementOf(header, image);
  const { precision, signed, shift, range } = placement;
  const isFull = precision === samples.BYTES_PER_ELEMENT * 8 && samples.BYTES_PER_ELEMENT === words.BYTES_PER_ELEMENT;
  if (shift === 0 && range === null && (isFull || !(signed || header.signed))) words.set(samples);
  else placeEach(samples, placement, words);
}

function placeEach(samples: Words, { precision, signed, shift, range }: Placement, words: Words): void {
  const unused = 32 - precision;
  const minimum = range?.minimum ?? -(2 ** 31);
  const maximum = range?.maximum ?? 2 ** 31;
  for (let index = 0; index < samples.length; index += 1) {
    const bits = (samples[index] as number) << unused;
    const value = signed ? bits >> unused : bits >>> unused;
    words[index] = (value < minimum ? minimum : value > maximum ? maximum : value) << shift;
  }
}

/**
 * Where the bits of a sample go in a word.
 *
 * @throws GatewayError PIXEL_DATA_CORRUPT when the bits of the codestream cannot be those of the header
 */
export function placementOf(header: CodestreamHeader, image: ImageAttributes): Placement {
  const { precision } = header;
  const { bitsAllocated, bitsStored, highBit } = image;
  const signed = image.pixelRepresentation === 1;
  const raised = highBit - (bitsStored - 1);
  // A sample as wide as Bits Stored is the value alone; a wider one that reaches High Bit is the whole word.
  const isValue = precision <= bitsStored;
  if (precision > bitsAllocated || (raised > 0 && !isValue && precision <= highBit)) {
    throw corrupt(
      `The codestream has ${precision} bits, the header ${bitsStored} of ${bitsAllocated} below bit ${highBit}.`,
    );
  }
  const isClamped = !header.lossless && raised === 0 && precision > bitsStored;
  const half = 2 ** (bitsStored - 1);
  const range = signed ? { minimum: -half, maximum: half - 1 } : { minimum: 0, maximum: 2 * half - 1 };
  return { precision, signed, shift: isValue ? raised : 0, range: isClamped ? range : null };
}
