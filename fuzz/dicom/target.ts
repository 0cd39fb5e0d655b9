/** The reading of films: header, gate and pixels of mutated Part 10 files, as the door and the reading thread do it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assessEligibility } from '../../src/dicom/eligibility.ts';
import { type Film, PixelMemory, readFilm } from '../../src/dicom/film.ts';
import { readHeader } from '../../src/dicom/header.ts';
import { GatewayError } from '../../src/errors.ts';
import { joined, mutate, splice } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';
import { smallFilms } from './corpus.ts';
import { absurdFilm } from './structure.ts';

/** Largest film of the campaign. */
export const CAP_BYTES = 64 * 2 ** 20;
const LIMITS = { maxFileBytes: CAP_BYTES, maxHeaderBytes: 2 ** 20, maxDimension: 4096 };

/** Builds the corpus. */
export async function prepare(): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-fuzz-'));
  const path = join(folder, 'film.dcm');
  const films = await smallFilms();
  const memory = new PixelMemory();
  // Codecs are loaded before memory is first looked at.
  for (const film of films) await readOne(path, film, memory);
  return {
    run: async (random) => readOne(path, inputOf(films, random), memory),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

function inputOf(films: readonly Uint8Array[], random: Random): Uint8Array {
  const kind = random.below(10);
  if (kind === 0) return splice(random.pick(films), random.pick(films), random);
  if (kind < 3) return absurdFilm(random);
  if (kind === 3) return mutate(absurdFilm(random), random);
  const film = random.pick(films);
  if (kind < 7) return joined(film.subarray(0, PREFIX_BYTES), mutate(film.subarray(PREFIX_BYTES), random));
  // Most of a small film is its header; what a codec is given is reached only where that is whole.
  const pixels = Math.max(0, Buffer.from(film.buffer, film.byteOffset, film.byteLength).lastIndexOf(PIXEL_DATA)) + 8;
  return joined(film.subarray(0, pixels), mutate(film.subarray(pixels), random));
}

/** Preamble and DICM, without which nothing more is looked at. */
const PREFIX_BYTES = 132;

/** Tag (7FE0,0010) in little endian. */
const PIXEL_DATA = Buffer.from([0xe0, 0x7f, 0x10, 0x00]);

async function readOne(path: string, bytes: Uint8Array, memory: PixelMemory): Promise<string> {
  await writeFile(path, bytes);
  try {
    const header = await readHeader(path, LIMITS);
    const { verdict } = assessEligibility(header);
    if (header.image.samplesPerPixel !== 1) return `HEADER_${verdict}`;
    const { film } = await readFilm(path, LIMITS, memory);
    assertConsistent(film);
    return verdict;
  } catch (error) {
    if (error instanceof GatewayError && error.code !== 'INTERNAL') return error.code;
    throw error;
  }
}

function assertConsistent({ rows, columns, words, lookup }: Film): void {
  if (words.length !== rows * columns) throw new Error(`${words.length} words for ${rows} x ${columns} pixels`);
  const largest = words instanceof Uint16Array ? 65_536 : 256;
  if (lookup.length !== largest) throw new Error(`a table of ${lookup.length} for words of ${largest} values`);
}
