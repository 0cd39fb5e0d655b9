/** Real films of other writers in many transfer syntaxes, beside the same films uncompressed. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Film, readFilm } from '../../../src/dicom/film.ts';
import type { FilmHeader } from '../../../src/dicom/header.ts';
import { sharedData } from '../../support/shared.ts';
import { LIMITS } from '../support.ts';

const shared = sharedData();
const read = (name: string): Promise<{ header: FilmHeader; film: Film }> =>
  readFilm(join(shared ?? '', 'data', 'syntaxes', name), { ...LIMITS, maxDimension: 8192 });

/** Smallest and largest value, as Pixel Representation says. */
async function rangeOf(name: string): Promise<[number, number]> {
  const { header, film } = await read(name);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const word of film.words) {
    const value = header.image.pixelRepresentation === 1 ? (word << 16) >> 16 : word;
    [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  return [low, high];
}

async function differences(name: string, original: string): Promise<{ largest: number; mean: number }> {
  const { words } = (await read(name)).film;
  const { words: truth } = (await read(original)).film;
  let [largest, sum] = [0, 0];
  for (let index = 0; index < truth.length; index += 1) {
    const difference = Math.abs((words[index] ?? Number.NaN) - (truth[index] ?? 0));
    largest = Math.max(largest, difference);
    sum += difference;
  }
  return { largest, mean: sum / truth.length };
}

describe.skipIf(shared === undefined)('a film of NEMA, 1760 x 1760, 10 bits (needs ../shared)', () => {
  const original = 'rg3-uncompressed-explicit.dcm';

  test.each(['rg3-rle.dcm', 'rg3-jpeg-lossless.dcm', 'rg3-jpegls-lossless.dcm', 'rg3-jpeg2000-lossless.dcm'])(
    '%s has exactly the uncompressed pixels, and looks the same',
    async (name) => {
      const [{ film }, { film: truth }] = [await read(name), await read(original)];
      expect(Buffer.compare(Buffer.from(film.words.buffer), Buffer.from(truth.words.buffer))).toBe(0);
      expect(film.lookup).toEqual(truth.lookup);
    },
  );

  // Of 1,023: what the encoders left of them. Our decoders give the same as GDCM's and pydicom's, to the last bit.
  test.each([
    ['rg3-jpegls-near.dcm', 4, 1.6],
    ['rg3-jpeg2000-lossy.dcm', 9, 0.8],
    ['rg3-jpeg-extended-lossy.dcm', 48, 1.8],
  ])('%s differs by at most %i, and by %f on average', async (name, largest, mean) => {
    const found = await differences(name, original);
    expect(found.largest).toBeLessThanOrEqual(largest);
    expect(found.mean).toBeLessThanOrEqual(mean);
  });
});

describe.skipIf(shared === undefined)('a signed MR, 64 x 64, 16 bits (needs ../shared)', () => {
  test.each(['mr-bigendian.dcm', 'mr-jpeg2000.dcm', 'mr-jpegls.dcm', 'mr-rle.dcm'])(
    '%s has exactly the pixels of mr-implicit.dcm',
    async (name) => {
      expect(await differences(name, 'mr-implicit.dcm')).toEqual({ largest: 0, mean: 0 });
    },
  );
});

describe.skipIf(shared === undefined)('values that GDCM and pydicom give too (needs ../shared)', () => {
  test.each([
    // A CT whose 16 signed bits are said to be 14.
    ['693-j2k-signed.dcm', -2971, 2836],
    // Unsigned by JPEG 2000, signed by the header: the header is right, since -2000 is the padding of a CT.
    ['j2k-pixelrep-mismatch.dcm', -2000, 1896],
    ['jpeg2000.dcm', -30, 245],
    ['jpeg-lossy.dcm', 0, 264],
    ['deflated.dcm', 0, 255],
  ])('%s: from %i to %i', async (name, low, high) => {
    expect(await rangeOf(name)).toEqual([low, high]);
  });
});
