import { decode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { drawHeatMap, drawPreview } from '../../src/inference/render.ts';
import { resizeGrayscale } from '../../src/inference/resize.ts';
import { noise } from './support.ts';

const lookup = Uint8Array.from({ length: 256 }, (_, grey) => grey);
const film = { rows: 60, columns: 90, words: Uint8Array.from(noise(1, 60 * 90, 256)), lookup };

describe('drawPreview', () => {
  test('keeps the aspect and shows the film as the model gets it', () => {
    const { width, height, data } = decode(drawPreview(film, 45));
    expect([width, height]).toEqual([45, 30]);
    expect(data).toEqual(resizeGrayscale(film, 30, 45));
  });

  test('never enlarges', () => {
    expect(decode(drawPreview(film, 1000))).toMatchObject({ width: 90, height: 60, data: film.words });
  });
});

describe('drawHeatMap', () => {
  const grey = { ...film, words: new Uint8Array(60 * 90).fill(128) };
  const pixel = (data: ArrayLike<number>, row: number, column: number) =>
    [0, 1, 2].map((channel) => data[(row * 90 + column) * 3 + channel] ?? -1);

  test('colours where the map is above its mean and leaves the rest as it is', () => {
    const { data } = decode(drawHeatMap(grey, 1000, { rows: 2, columns: 2, values: [-5, -5, -5, -1] }));
    const [red = 0, green = 0, blue = 0] = pixel(data, 59, 89);
    expect(red).toBeGreaterThan(green);
    expect(red).toBeGreaterThan(blue);
    expect(pixel(data, 0, 0)).toEqual([128, 128, 128]);
    expect(pixel(data, 59, 0)).toEqual([128, 128, 128]);
  });

  test('leaves a flat map pale and an even one without colour', () => {
    const strongest = (values: number[]) => {
      const { data } = decode(drawHeatMap(grey, 1000, { rows: 1, columns: 2, values }));
      return Math.max(...pixel(data, 30, 89).map((value) => Math.abs(value - 128)));
    };
    expect(strongest([-2, 2])).toBeGreaterThan(strongest([-0.1, 0.1]));
    expect(strongest([-0.1, 0.1])).toBeGreaterThan(0);
    expect(strongest([-3, -3])).toBe(0);
  });

  test('refuses a map without positions', () => {
    const grid = { rows: 0, columns: 0, values: [] };
    expect(() => drawHeatMap(grey, 1000, grid)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });
});
