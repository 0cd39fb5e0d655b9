import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { resizeGrayscale } from '../../src/inference/resize.ts';
import { noise } from './support.ts';

const identity = Uint8Array.from({ length: 256 }, (_, grey) => grey);

// Made by Pillow 12.0: Image.fromarray(noise).resize((width, height), Image.BILINEAR).
const PILLOW = [
  {
    rows: 37,
    columns: 53,
    height: 8,
    width: 6,
    seed: 1,
    sha256: 'c0b194f19617dcdcb4bb715f3606f5af694e8dc8cf43ae14a3b4cfb904679ac2',
  },
  {
    rows: 64,
    columns: 64,
    height: 16,
    width: 16,
    seed: 2,
    sha256: '279450d5fd694fc872b858443b4a5919a265adca66b76589ff9b52067db602b6',
  },
  {
    rows: 19,
    columns: 40,
    height: 19,
    width: 7,
    seed: 3,
    sha256: 'e21fc9dd6251c4acea62ebdc134f57bda06d2b7cf8d56d95e9faf703d32f8003',
  },
  {
    rows: 5,
    columns: 7,
    height: 11,
    width: 13,
    seed: 4,
    sha256: 'c95d965c4e9a22d29dad7e4375ee6a88079fe1cd474b348877ca6bf257a44049',
  },
  {
    rows: 40,
    columns: 9,
    height: 6,
    width: 20,
    seed: 5,
    sha256: '3c2d7795567f4169b79b291b344d988d9a71dbbc8b4d0db3e24be018a38431f9',
  },
  {
    rows: 3,
    columns: 50,
    height: 2,
    width: 9,
    seed: 6,
    sha256: 'b83877bb8199b7de051abd87069438a58b4635186919c6befa28b8045001c144',
  },
  {
    rows: 8,
    columns: 8,
    height: 8,
    width: 8,
    seed: 7,
    sha256: 'bd7a0836244c15c41ff69a663a0a126d761929cdb3fb23eca052c9f97855669b',
  },
  {
    rows: 101,
    columns: 97,
    height: 24,
    width: 96,
    seed: 8,
    sha256: '2557c26102ce2a78cf58cf63bf081ffd2263c386dcf222e5a9cb5bbde54ab91b',
  },
  {
    rows: 1024,
    columns: 1060,
    height: 224,
    width: 224,
    seed: 99,
    sha256: 'b14cbf7e19ce636f0d0e1d6f50a12832a647dc6c8d3010524923455bbfd9c556',
  },
];

describe('resizeGrayscale', () => {
  test('gives the grey values that Pillow gives', () => {
    const words = Uint8Array.from(noise(1, 37 * 53, 256));
    const resized = resizeGrayscale({ rows: 37, columns: 53, words, lookup: identity }, 8, 6);
    expect([...resized]).toEqual([
      138, 122, 115, 126, 129, 131, 138, 136, 115, 121, 124, 136, 131, 129, 136, 122, 131, 147, 135, 126, 133, 132, 132,
      134, 131, 124, 134, 123, 112, 137, 135, 121, 137, 133, 124, 124, 136, 131, 143, 124, 129, 118, 132, 115, 138, 134,
      118, 126,
    ]);
  });

  test.each(PILLOW)('$rows x $columns to $height x $width is byte for byte what Pillow gives', (expected) => {
    const { rows, columns, height, width, seed, sha256 } = expected;
    const words = Uint8Array.from(noise(seed, rows * columns, 256));
    const resized = resizeGrayscale({ rows, columns, words, lookup: identity }, height, width);
    expect(resized.length).toBe(height * width);
    expect(createHash('sha256').update(resized).digest('hex')).toBe(sha256);
  });

  test('looks 16-bit words up before it filters', () => {
    const rows = 50;
    const columns = 70;
    const grey = Uint8Array.from(noise(3, rows * columns, 256));
    // Words whose grey is spread over the whole 16-bit range, back to front.
    const words = Uint16Array.from(grey, (value) => 65_535 - value * 257);
    const lookup = Uint8Array.from({ length: 65_536 }, (_, word) => Math.round((65_535 - word) / 257));
    expect(resizeGrayscale({ rows, columns, words, lookup }, 9, 13)).toEqual(
      resizeGrayscale({ rows, columns, words: grey, lookup: identity }, 9, 13),
    );
  });

  test('keeps white white and black black', () => {
    for (const grey of [0, 255]) {
      const words = new Uint8Array(333 * 217).fill(grey);
      const resized = resizeGrayscale({ rows: 333, columns: 217, words, lookup: identity }, 100, 91);
      expect(resized.every((value) => value === grey)).toBe(true);
    }
  });
});
