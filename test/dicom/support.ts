/** Films for the tests of src/dicom: written to temporary files, since the reader takes nothing but files. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { FilmLimits } from '../../src/config.ts';
import { type Film, readFilm } from '../../src/dicom/film.ts';
import { type FilmHeader, readHeader } from '../../src/dicom/header.ts';
import { type Elements, writePart10 } from '../../src/dicom/part10-writer.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../../src/dicom/transfer-syntaxes.ts';
import { GatewayError } from '../../src/errors.ts';

export const LIMITS: FilmLimits = {
  maxFileBytes: 64 * 1024 * 1024,
  maxHeaderBytes: 1024 * 1024,
  maxDimension: 4096,
};

/** Writes bytes to a file that is removed when the test ends. */
export async function fileOf(bytes: Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cxr-dicom-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'film.dcm');
  await writeFile(path, bytes);
  return path;
}

export async function headerOf(bytes: Uint8Array, limits: FilmLimits = LIMITS): Promise<FilmHeader> {
  return readHeader(await fileOf(bytes), limits);
}

export async function filmOf(bytes: Uint8Array): Promise<Film> {
  return (await readFilm(await fileOf(bytes), LIMITS)).film;
}

/** The GatewayError that a promise rejects with; anything else fails the test. */
export async function errorOf(promise: Promise<unknown>): Promise<GatewayError> {
  const outcome = await promise.then(
    () => 'resolved',
    (error: unknown) => error,
  );
  if (outcome instanceof GatewayError) return outcome;
  throw new Error(`Expected a GatewayError, got ${String(outcome)}`, { cause: outcome });
}

export const SIDE = 16;

/** Elements of a small, complete film: 16 x 16, 12 of 16 bits, every pixel 0 unless given. */
export function smallFilm(elements: Elements = {}): Elements {
  return {
    '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.1.1'],
    '00080018': ['UI', '1.2.3.4'],
    '00080060': ['CS', 'DX'],
    '0020000d': ['UI', '1.2.3.1'],
    '0020000e': ['UI', '1.2.3.2'],
    '00280002': ['US', 1],
    '00280004': ['CS', 'MONOCHROME2'],
    '00280010': ['US', SIDE],
    '00280011': ['US', SIDE],
    '00280100': ['US', 16],
    '00280101': ['US', 12],
    '00280102': ['US', 11],
    '00280103': ['US', 0],
    '7fe00010': ['OW', new Uint8Array(SIDE * SIDE * 2)],
    ...elements,
  };
}

export function smallFilmBytes(
  elements: Elements = {},
  transferSyntaxUid: string = EXPLICIT_VR_LITTLE_ENDIAN,
): Uint8Array<ArrayBuffer> {
  return writePart10(smallFilm(elements), transferSyntaxUid);
}

/** Pixel Data of 16 x 16 words of 16 bits: the given ones, repeated. */
export function pixelsOf(words: readonly number[]): Uint8Array {
  const all = Uint16Array.from({ length: SIDE * SIDE }, (_, index) => words[index % words.length] ?? 0);
  return new Uint8Array(all.buffer);
}
