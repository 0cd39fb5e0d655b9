import { expect, test } from 'vitest';
import { turn } from '../../../src/dicom/evidence/frontal-chest.ts';
import { mediastinalProminence } from '../../../src/dicom/evidence/mediastinum.ts';
import { THUMBNAIL_SIDE } from '../../../src/dicom/evidence/thumbnail.ts';
import { halvesOf, trim, VIEW_SIDE, viewsOf } from '../../../src/dicom/evidence/views.ts';

const thumbnail = (grey: (row: number, column: number) => number): Uint8Array =>
  Uint8Array.from({ length: THUMBNAIL_SIDE ** 2 }, (_, index) =>
    grey(Math.floor(index / THUMBNAIL_SIDE), index % THUMBNAIL_SIDE),
  );

test('uniform edges are cut off, but no more than 0.3 of the side', () => {
  const inside = (row: number, column: number) => row >= 4 && row < 50 && column >= 8 && column < 60;
  const framed = thumbnail((row, column) => (inside(row, column) ? (row * 5 + column * 3) % 256 : 3));
  expect(trim(framed)).toEqual({ top: 4, bottom: 50, left: 8, right: 60 });
  expect(trim(thumbnail(() => 9))).toEqual({ top: 19, bottom: 45, left: 19, right: 45 });
});

test('a view is ranks: what is done to all greys alike changes nothing', () => {
  const ramp = thumbnail((row, column) => row + column);
  const [view] = viewsOf(ramp);
  expect(view).toHaveLength(VIEW_SIDE ** 2);
  expect(viewsOf(ramp.map((grey) => 2 * grey + 3))[0]).toEqual(view);
  expect(view?.[0]).toBeCloseTo(-1, 1);
  expect(view?.at(-1)).toBeCloseTo(1, 1);
  expect(viewsOf(ramp.map((grey) => 255 - grey))[0]?.[0]).toBeCloseTo(1, 1);
});

test('equal greys share their rank', () => {
  const halves = viewsOf(thumbnail((_, column) => (column < 32 ? 10 : 200)))[0];
  expect(new Set(halves)).toEqual(new Set([-0.5, 0.5]));
});

test('halves are those of the film without its uniform edges', () => {
  const framed = thumbnail((row, column) => {
    if (column < 8 || column >= 56) return 0;
    return (column < 32 ? 40 : 160) + (row < 32 ? 0 : 40);
  });
  const { left, right, top, bottom } = halvesOf(framed);
  expect(left).toEqual(right);
  expect(top).toEqual(bottom);
  expect(left[0]).toBeLessThan(left.at(-1) as number);
  expect(left[0]).toBe(left[VIEW_SIDE - 1]);
  expect(top[0]).toBe(top[VIEW_SIDE * (VIEW_SIDE - 1)]);
});

test.each([
  ['between two lungs', [8], 1.6],
  ['beside one field', [3], 0],
  ['everywhere', [], 0],
])('the prominence of what is bright %s', (_, bright, prominence) => {
  const view = new Float64Array(VIEW_SIDE ** 2).map((__, index) => (bright.includes(index % VIEW_SIDE) ? 0.8 : -0.8));
  expect(mediastinalProminence(view)).toBeCloseTo(prominence, 10);
});

test('a map is turned clockwise', () => {
  const map = new Float64Array(VIEW_SIDE ** 2);
  map[0] = 1; // top left
  expect(turn(map, 1)[VIEW_SIDE - 1]).toBe(1); // top right
  expect(turn(map, 2).at(-1)).toBe(1); // bottom right
  expect(turn(map, 4)).toEqual(map);
});
