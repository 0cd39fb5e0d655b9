/** Small valid films, one an encoding, that mutations begin with. */
import { type Elements, writePart10 } from '../../src/dicom/part10-writer.ts';
import { makePhantom } from '../../src/dicom/phantom.ts';
import { IMPLICIT_VR_LITTLE_ENDIAN, JPEG_BASELINE, JPEG_EXTENDED } from '../../src/dicom/transfer-syntaxes.ts';
import { bigEndianFilm, cut, deflatedFilm, encapsulatedFilm } from '../../test/support/encoded-films.ts';
import { ENCODERS } from '../../test/support/encoders.ts';
import { Random } from '../random.ts';
import { deflateBomb, plainElements, SIDE } from './structure.ts';

/** More than any limit, in a file of a megabyte. */
const BOMB_MEBIBYTES = 1024;

/** Cuts a small frame into a few. */
const FRAGMENT_BYTES = 200;

/** A film in every encoding that is read, and a deflated one that grows beyond every limit. */
export async function smallFilms(): Promise<Uint8Array[]> {
  const random = new Random(0, 0);
  return [
    makePhantom({ seed: 1, rows: SIDE, columns: SIDE }),
    makePhantom({ seed: 2, rows: SIDE, columns: SIDE, bitsStored: 8, photometricInterpretation: 'MONOCHROME1' }),
    writePart10(plainElements(12, random), IMPLICIT_VR_LITTLE_ENDIAN),
    deflatedFilm(plainElements(12, random)),
    bigEndianFilm(plainElements(12, random)),
    deflateBomb(BOMB_MEBIBYTES),
    ...(await encapsulatedFilms()),
  ];
}

async function encapsulatedFilms(): Promise<Uint8Array[]> {
  const films: Uint8Array[] = [];
  for (const [syntax, encode] of Object.entries(ENCODERS)) {
    for (const precision of precisionsOf(syntax)) {
      const elements = shapeElements(precision);
      const frame = await encode({ rows: SIDE, columns: SIDE, precision, signed: false, words: ramp(precision) });
      films.push(encapsulatedFilm(elements, syntax, [frame]));
      films.push(encapsulatedFilm(elements, syntax, cut(frame, FRAGMENT_BYTES), { basicOffsets: [0] }));
    }
  }
  return films;
}

function precisionsOf(syntax: string): readonly number[] {
  if (syntax === JPEG_BASELINE) return [8];
  return syntax === JPEG_EXTENDED ? [12] : [8, 12];
}

function shapeElements(precision: number): Elements {
  return plainElements(precision, new Random(0, precision));
}

/** Neither flat nor noise, so that every coding has something to say. */
function ramp(precision: number): Uint8Array | Uint16Array {
  const values = Array.from({ length: SIDE * SIDE }, (_, index) => (index * 37) % 2 ** precision);
  return precision > 8 ? Uint16Array.from(values) : Uint8Array.from(values);
}
