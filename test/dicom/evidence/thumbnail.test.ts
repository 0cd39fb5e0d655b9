import { describe, expect, test } from 'vitest';
import { reduceToThumbnail, THUMBNAIL_SIDE } from '../../../src/dicom/evidence/thumbnail.ts';

const IDENTITY = Uint8Array.from({ length: 256 }, (_, grey) => grey);
const source = (rows: number, columns: number, grey: (row: number, column: number) => number) => ({
  rows,
  columns,
  words: Uint8Array.from({ length: rows * columns }, (_, index) => grey(Math.floor(index / columns), index % columns)),
  lookup: IDENTITY,
});

describe('a thumbnail', () => {
  test.each([
    [16, 16],
    [64, 64],
    [65, 130],
    [300, 100],
    [1000, 777],
  ])('of %i x %i pixels has its parts where the film has them', (rows, columns) => {
    const thumbnail = reduceToThumbnail(
      source(rows, columns, (row, column) => (row < rows / 2 === column < columns / 2 ? 200 : 10)),
    );
    expect(thumbnail).toHaveLength(THUMBNAIL_SIDE ** 2);
    const at = (row: number, column: number) => thumbnail[row * THUMBNAIL_SIDE + column];
    expect([at(5, 5), at(5, 60), at(60, 5), at(60, 60)]).toEqual([200, 10, 10, 200]);
  });

  test('looks words up, of 16 bits too', () => {
    const lookup = new Uint8Array(65_536);
    lookup[40_000] = 77;
    const words = new Uint16Array(128 * 128).fill(40_000);
    expect(new Set(reduceToThumbnail({ rows: 128, columns: 128, words, lookup }))).toEqual(new Set([77]));
  });

  test('evens noise out', () => {
    const noisy = reduceToThumbnail(
      source(1024, 1024, (row, column) => 100 + ((row * 7919 + column * 104_729) % 101) - 50),
    );
    expect(Math.min(...noisy)).toBeGreaterThan(70);
    expect(Math.max(...noisy)).toBeLessThan(130);
  });
});
