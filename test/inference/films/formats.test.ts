import { crc32, deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../../src/errors.ts';
import { decodeJpeg } from '../../../src/inference/films/jpeg.ts';
import { decodePng } from '../../../src/inference/films/png.ts';
import type { GrayscaleSource } from '../../../src/inference/resize.ts';
import { codeOf, limits } from '../support.ts';
import { COLOUR_JPEG, GREY_JPEG, png } from './support.ts';

const grey = ({ words, lookup }: GrayscaleSource) => Array.from(words, (word) => lookup[word]);

describe('PNG films', () => {
  test('8-bit grey is what it is', () => {
    const film = decodePng(png(Uint8Array.of(0, 1, 2, 128, 254, 255), 1, 2), limits);
    expect(film).toMatchObject({ rows: 2, columns: 3 });
    expect(grey(film)).toEqual([0, 1, 2, 128, 254, 255]);
  });

  test('16-bit grey is scaled by its full range, to the nearest', () => {
    const film = decodePng(png(Uint16Array.of(0, 128, 129, 257, 32_768, 65_535), 1), limits);
    expect(grey(film)).toEqual([0, 0, 1, 1, 128, 255]);
  });

  test('colours become their brightness as in Pillow; alpha is ignored', () => {
    const colours = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 200, 30, 255, 255, 255];
    const expected = [76, 150, 29, 124, 255];
    expect(grey(decodePng(png(Uint8Array.from(colours), 3), limits))).toEqual(expected);
    const withAlpha = colours.flatMap((sample, index) => (index % 3 === 2 ? [sample, 7] : [sample]));
    expect(grey(decodePng(png(Uint8Array.from(withAlpha), 4), limits))).toEqual(expected);
    const sixteen = Uint16Array.from(colours, (sample) => sample * 257);
    expect(grey(decodePng(png(sixteen, 3), limits))).toEqual(expected);
  });

  test('grey with alpha', () => {
    expect(grey(decodePng(png(Uint8Array.of(5, 0, 250, 9), 2), limits))).toEqual([5, 250]);
    expect(grey(decodePng(png(Uint16Array.of(65_535, 0, 0, 9), 2), limits))).toEqual([255, 0]);
  });

  test('a palette is looked up', () => {
    const palette = Uint8Array.of(255, 0, 0, 10, 200, 30);
    const film = decodePng(pngOf(8, 3, 3, [chunk('PLTE', palette)], Uint8Array.of(0, 1, 0, 1)), limits);
    expect(grey(film)).toEqual([124, 76, 124]);
  });

  test('refuses samples below 8 bits, damage, truncation and sizes beyond the limit', () => {
    const film = png(Uint8Array.of(1, 2, 3, 4), 1);
    expect(codeThrown(() => decodePng(pngOf(1, 0, 8, [], Uint8Array.of(0, 0x55)), limits))).toBe(
      'IMAGE_FORMAT_UNSUPPORTED',
    );
    const flipped = film.slice();
    flipped[film.length - 20] = (flipped[film.length - 20] ?? 0) ^ 0xff;
    expect(codeThrown(() => decodePng(flipped, limits))).toBe('IMAGE_FORMAT_UNSUPPORTED');
    for (const length of [9, 30, 45]) {
      expect(codeThrown(() => decodePng(film.subarray(0, length), limits))).toBe('IMAGE_FORMAT_UNSUPPORTED');
    }
    const huge = film.slice();
    new DataView(huge.buffer).setUint32(16, 2 ** 31 - 1);
    expect(codeThrown(() => decodePng(huge, limits))).toBe('IMAGE_DIMENSIONS_UNSUPPORTED');
  });
});

describe('JPEG films', () => {
  test('grey: the pixels that Pillow decodes', async () => {
    const film = await decodeJpeg(GREY_JPEG, limits);
    expect(film).toMatchObject({ rows: 24, columns: 16 });
    expect(grey(film).slice(0, 4)).toEqual([0, 7, 13, 20]);
    expect(grey(film).slice(-4)).toEqual([223, 229, 236, 243]);
    expect(grey(film).reduce((sum: number, value) => sum + (value ?? 0), 0)).toBe(46_627);
  });

  test('colour, progressive: the brightness that Pillow makes of it', async () => {
    const film = await decodeJpeg(COLOUR_JPEG, limits);
    expect(grey(film).slice(0, 4)).toEqual([94, 98, 104, 110]);
    expect(grey(film).slice(-4)).toEqual([133, 139, 145, 149]);
    expect(grey(film).reduce((sum: number, value) => sum + (value ?? 0), 0)).toBe(46_660);
  });

  test('refuses damage and sizes beyond the limit, and decodes on', async () => {
    const small = { ...limits, maxDimension: 20 };
    expect(await codeOf(decodeJpeg(GREY_JPEG.subarray(0, 120), limits))).toBe('IMAGE_FORMAT_UNSUPPORTED');
    expect(await codeOf(decodeJpeg(Buffer.from('ffd8ffe000', 'hex'), limits))).toBe('IMAGE_FORMAT_UNSUPPORTED');
    expect(await codeOf(decodeJpeg(GREY_JPEG, small))).toBe('IMAGE_DIMENSIONS_UNSUPPORTED');
    expect((await decodeJpeg(GREY_JPEG, limits)).rows).toBe(24);
  });
});

function codeThrown(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
  return 'FULFILLED';
}

/** A PNG of one row by hand, for what the encoder does not write. The first byte of the row is its filter. */
function pngOf(depth: number, colourType: number, width: number, chunks: readonly Buffer[], row: Uint8Array): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(1, 4);
  header.set([depth, colourType, 0, 0, 0], 8);
  const data = deflateSync(row);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    ...chunks,
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, checksum]);
}
