import { describe, expect, test } from 'vitest';
import { assessEligibility } from '../../src/dicom/eligibility.ts';
import { type Film, readFilm } from '../../src/dicom/film.ts';
import { makePhantom, phantomUid } from '../../src/dicom/phantom.ts';
import { isUid } from '../../src/dicom/uid.ts';
import { fileOf, filmOf, headerOf, LIMITS } from './support.ts';

const SIDE = 256;
const small = (seed: number): { seed: number; rows: number; columns: number } => ({ seed, rows: SIDE, columns: SIDE });

/** Mean grey of a square around a place, in shares of width and height. */
function greyAt(film: Film, x: number, y: number): number {
  const [column, row] = [Math.round(x * film.columns), Math.round(y * film.rows)];
  let sum = 0;
  for (let dy = -4; dy <= 4; dy += 1) {
    for (let dx = -4; dx <= 4; dx += 1)
      sum += film.lookup[film.words[(row + dy) * film.columns + column + dx] ?? 0] ?? 0;
  }
  return sum / 81;
}

test('the same options give the same bytes, another seed another person', () => {
  expect(makePhantom(small(1))).toEqual(makePhantom(small(1)));
  expect(Buffer.compare(makePhantom(small(1)), makePhantom(small(2)))).not.toBe(0);
});

test('looks like a chest: dark lungs between a bright spine and a chest wall, a bright abdomen, air around the neck', async () => {
  const film = await filmOf(makePhantom({ ...small(1), anatomy: { effusion: null, nodule: null } }));
  const [rightLung, leftLung] = [greyAt(film, 0.3, 0.4), greyAt(film, 0.72, 0.4)];
  for (const lung of [rightLung, leftLung]) {
    expect(lung).toBeLessThan(greyAt(film, 0.5, 0.5) - 60);
    expect(lung).toBeLessThan(greyAt(film, 0.3, 0.93) - 60);
    expect(lung).toBeGreaterThan(greyAt(film, 0.1, 0.05));
  }
  // The heart lies to the patient's left, which is right in the image.
  expect(greyAt(film, 0.62, 0.66)).toBeGreaterThan(greyAt(film, 0.3, 0.66) + 20);
});

test('an effusion brightens the base of its lung', async () => {
  const place = [0.2, 0.72] as const;
  const without = await filmOf(makePhantom({ ...small(1), anatomy: { effusion: null } }));
  const withFluid = await filmOf(makePhantom({ ...small(1), anatomy: { effusion: { side: 'RIGHT', height: 0.25 } } }));
  expect(greyAt(withFluid, ...place)).toBeGreaterThan(greyAt(without, ...place) + 40);
});

test('ten of them are ten eligible films of ten persons', async () => {
  const headers = await Promise.all(Array.from({ length: 10 }, (_, seed) => headerOf(makePhantom(small(seed)))));
  expect(new Set(headers.map((header) => header.sopInstanceUid)).size).toBe(10);
  expect(new Set(headers.map((header) => header.patient.id)).size).toBe(10);
  for (const header of headers) expect(assessEligibility(header)).toEqual({ verdict: 'READ', reasons: [] });
});

test('UIDs are UUIDs below 2.25', () => {
  const uid = phantomUid('test');
  expect(isUid(uid)).toBe(true);
  const hexadecimal = BigInt(uid.slice('2.25.'.length)).toString(16).padStart(32, '0');
  expect(hexadecimal).toMatch(/^.{12}8.{3}[89ab].{15}$/);
});

describe('elements', () => {
  test('can be replaced and removed', async () => {
    const elements = { '00180015': ['CS', 'KNEE'], '00185101': undefined } as const;
    const header = await headerOf(makePhantom({ ...small(1), elements }));
    expect(header.series).toMatchObject({ bodyPart: 'KNEE', viewPosition: null });
  });

  test('rows and columns need not be equal', async () => {
    const path = await fileOf(makePhantom({ seed: 1, rows: 300, columns: 200 }));
    expect((await readFilm(path, LIMITS)).film.words).toHaveLength(60_000);
  });

  test('bits outside 8 to 16 are refused', () => {
    expect(() => makePhantom({ seed: 1, bitsStored: 7 })).toThrow(RangeError);
  });
});
