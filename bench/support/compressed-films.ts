/** One film in every transfer syntax, made by DCMTK's and GDCM's encoders where they are installed, else by the tests' own. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFilm } from '../../src/dicom/film.ts';
import type { Elements } from '../../src/dicom/part10-writer.ts';
import { makePhantom } from '../../src/dicom/phantom.ts';
import * as Syntax from '../../src/dicom/transfer-syntaxes.ts';
import { encapsulatedFilm } from '../../test/support/encoded-films.ts';
import { ENCODERS } from '../../test/support/encoders.ts';
import { LIMITS } from './built.ts';
import { isInstalled } from './native-tool.ts';

/** A film on disk. */
export interface CompressedFilm {
  readonly syntax: Syntax.TransferSyntax;
  readonly path: string;
  /** Size of its pixels when they are decoded. */
  readonly pixelBytes: number;
}

export const SIDE = 2048;
const BITS = 12;

/** Commands that make the film from the uncompressed one. JPEG baseline has 8 bits, so its film has too. */
const NATIVE: Readonly<Record<string, readonly string[]>> = {
  [Syntax.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN]: ['dcmconv', '+td'],
  [Syntax.EXPLICIT_VR_BIG_ENDIAN]: ['dcmconv', '+tb'],
  [Syntax.IMPLICIT_VR_LITTLE_ENDIAN]: ['dcmconv', '+ti'],
  [Syntax.EXPLICIT_VR_LITTLE_ENDIAN]: ['dcmconv', '+te'],
  [Syntax.JPEG_BASELINE]: ['dcmcjpeg', '+eb'],
  [Syntax.JPEG_EXTENDED]: ['dcmcjpeg', '+ee'],
  [Syntax.JPEG_LOSSLESS]: ['dcmcjpeg', '+el'],
  [Syntax.JPEG_LOSSLESS_FIRST_ORDER]: ['dcmcjpeg', '+e1'],
  [Syntax.JPEG_LS_LOSSLESS]: ['dcmcjpls', '+el'],
  [Syntax.JPEG_LS_NEAR_LOSSLESS]: ['dcmcjpls', '+en'],
  [Syntax.JPEG_2000_LOSSLESS]: ['gdcmconv', '--j2k'],
  [Syntax.JPEG_2000]: ['gdcmconv', '--j2k', '--lossy', '--irreversible', '-r', '10'],
  [Syntax.RLE_LOSSLESS]: ['dcmcrle'],
};

/** Writes the films that can be made here. A JPEG film of 12 bits needs DCMTK: the tests' own encoder makes mosaics. */
export async function compressedFilms(folder: string): Promise<CompressedFilm[]> {
  const original = (bits: number) => join(folder, `original-${bits}.dcm`);
  for (const bits of [8, BITS]) {
    writeFileSync(original(bits), makePhantom({ seed: 3, rows: SIDE, columns: SIDE, bitsStored: bits }));
  }
  const films: CompressedFilm[] = [];
  for (const syntax of Syntax.READABLE_TRANSFER_SYNTAXES) {
    const bits = syntax.uid === Syntax.JPEG_BASELINE ? 8 : BITS;
    const path = join(folder, `${syntax.uid}.dcm`);
    const [command = '', ...options] = NATIVE[syntax.uid] ?? [];
    if (isInstalled(command)) {
      execFileSync(command, [...options, original(bits), path], { stdio: 'ignore' });
    } else if (syntax.uid === Syntax.JPEG_EXTENDED || ENCODERS[syntax.uid] === undefined) {
      continue;
    } else {
      writeFileSync(path, await encoded(original(bits), bits, syntax.uid));
    }
    films.push({ syntax, path, pixelBytes: SIDE * SIDE * (bits === 8 ? 1 : 2) });
  }
  return films;
}

async function encoded(original: string, precision: number, uid: string): Promise<Uint8Array> {
  const { film } = await readFilm(original, LIMITS);
  const frame = await ENCODERS[uid]?.({ rows: SIDE, columns: SIDE, precision, words: film.words });
  return encapsulatedFilm(plainElements(precision), uid, [frame ?? new Uint8Array(0)]);
}

function plainElements(bits: number): Elements {
  return {
    '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.1.1'],
    '00080018': ['UI', '1.2.3.4'],
    '0020000d': ['UI', '1.2.3.1'],
    '0020000e': ['UI', '1.2.3.2'],
    '00280002': ['US', 1],
    '00280004': ['CS', 'MONOCHROME2'],
    '00280010': ['US', SIDE],
    '00280011': ['US', SIDE],
    '00280100': ['US', bits === 8 ? 8 : 16],
    '00280101': ['US', bits],
    '00280102': ['US', bits - 1],
    '00280103': ['US', 0],
  };
}
