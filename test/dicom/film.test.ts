import { describe, expect, test } from 'vitest';
import { GRAYSCALE_RULE, readFilm } from '../../src/dicom/film.ts';
import { makePhantom } from '../../src/dicom/phantom.ts';
import { errorOf, fileOf, filmOf, LIMITS, pixelsOf, smallFilmBytes } from './support.ts';

test('the rule has a name, which is part of every preprocessing version', () => {
  expect(GRAYSCALE_RULE).toBe('grayscale-1');
});

test('words are the stored ones, row by row', async () => {
  const film = await filmOf(smallFilmBytes({ '7fe00010': ['OW', pixelsOf([1, 2, 0xf003])] }));
  expect([film.rows, film.columns]).toEqual([16, 16]);
  expect(film.words).toBeInstanceOf(Uint16Array);
  expect([...film.words.subarray(0, 4)]).toEqual([1, 2, 0xf003, 1]);
  expect(film.lookup).toHaveLength(65_536);
  expect(film.timings.readMs).toBeGreaterThan(0);
  expect(film.timings.decodeMs).toBeGreaterThan(0);
});

test('of several frames the first is read', async () => {
  const frames = Buffer.concat([pixelsOf([7]), pixelsOf([9])]);
  const film = await filmOf(smallFilmBytes({ '00280008': ['IS', '2'], '7fe00010': ['OW', frames] }));
  expect(film.words).toHaveLength(256);
  expect(new Set(film.words)).toEqual(new Set([7]));
});

test.each(['PALETTE COLOR', 'RGB', 'ARGB'])('%s is not read', async (photometric) => {
  const path = await fileOf(smallFilmBytes({ '00280004': ['CS', photometric] }));
  expect((await errorOf(readFilm(path, LIMITS))).code).toBe('IMAGE_FORMAT_UNSUPPORTED');
});

describe('a phantom', () => {
  test.each([8, 9, 12, 16])('of %i bits looks the same in MONOCHROME1 and MONOCHROME2', async (bitsStored) => {
    const options = { seed: 3, rows: 96, columns: 80, bitsStored };
    const two = await filmOf(makePhantom(options));
    const one = await filmOf(makePhantom({ ...options, photometricInterpretation: 'MONOCHROME1' }));
    const differences = Array.from(two.words, (word, index) =>
      Math.abs((two.lookup[word] ?? 0) - (one.lookup[one.words[index] ?? 0] ?? 0)),
    );
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
  });
});
