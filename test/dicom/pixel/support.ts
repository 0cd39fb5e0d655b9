/** Small films of a phantom in every encapsulated transfer syntax. */
import type { Elements } from '../../../src/dicom/part10-writer.ts';
import { encapsulatedFilm } from '../../support/encoded-films.ts';
import { ENCODERS, type Grey } from '../../support/encoders.ts';
import { smallFilm } from '../support.ts';

export const ROWS = 61;
export const COLUMNS = 83;

/** A rounded shape with noise, as films have both: 61 x 83 pixels, which no block size divides. */
export function grey(precision: number, { signed = false } = {}): Grey {
  const range = 2 ** precision;
  let state = 12345;
  const values = Array.from({ length: ROWS * COLUMNS }, (_, index) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const [row, column] = [Math.floor(index / COLUMNS), index % COLUMNS];
    const shape = Math.sin((Math.PI * row) / ROWS) * Math.sin((Math.PI * column) / COLUMNS);
    const value = Math.floor(range * (0.05 + 0.85 * shape + 0.05 * (state / 2 ** 32)));
    return signed ? value - range / 2 : value;
  });
  const words = precision > 8 ? Uint16Array.from(values) : Uint8Array.from(values);
  return { rows: ROWS, columns: COLUMNS, precision, signed, words };
}

/** Elements of a film of {@link grey} without its pixels. */
export function elementsOf({ precision, signed = false, words }: Grey, elements: Elements = {}): Elements {
  return smallFilm({
    '00280010': ['US', ROWS],
    '00280011': ['US', COLUMNS],
    '00280100': ['US', words.BYTES_PER_ELEMENT * 8],
    '00280101': ['US', precision],
    '00280102': ['US', precision - 1],
    '00280103': ['US', signed ? 1 : 0],
    ...elements,
  });
}

export async function encode(syntaxUid: string, image: Grey): Promise<Uint8Array> {
  const encoder = ENCODERS[syntaxUid];
  if (encoder === undefined) throw new Error(`No encoder for ${syntaxUid}`);
  return encoder(image);
}

/** A film of one frame in one fragment. */
export async function encodedFilm(syntaxUid: string, image: Grey, elements: Elements = {}): Promise<Buffer> {
  return encapsulatedFilm(elementsOf(image, elements), syntaxUid, [await encode(syntaxUid, image)]);
}
