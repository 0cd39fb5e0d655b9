/** Expected values are computed by hand from the formulas of PS3.3 section C.11. */
import { describe, expect, test } from 'vitest';
import type { Elements } from '../../src/dicom/part10-writer.ts';
import { IMPLICIT_VR_LITTLE_ENDIAN } from '../../src/dicom/transfer-syntaxes.ts';
import { filmOf, pixelsOf, smallFilmBytes } from './support.ts';

/** Grey of the first pixels of a small film of these words. */
async function greys(words: readonly number[], elements: Elements): Promise<number[]> {
  const film = await filmOf(smallFilmBytes({ '7fe00010': ['OW', pixelsOf(words)], ...elements }));
  return Array.from(words, (_, index) => film.lookup[film.words[index] ?? 0] ?? -1);
}

async function sourceOf(words: readonly number[], elements: Elements): Promise<string> {
  return (await filmOf(smallFilmBytes({ '7fe00010': ['OW', pixelsOf(words)], ...elements }))).grayscale;
}

const window = (center: number, width: number, more: Elements = {}): Elements => ({
  '00281050': ['DS', String(center)],
  '00281051': ['DS', String(width)],
  ...more,
});
const bits = (stored: number, allocated = 16): Elements => ({
  '00280100': ['US', allocated],
  '00280101': ['US', stored],
  '00280102': ['US', stored - 1],
});
const SIGNED: Elements = { '00280103': ['US', 1] };
const MONOCHROME1: Elements = { '00280004': ['CS', 'MONOCHROME1'] };
const INVERSE: Elements = { '20500020': ['CS', 'INVERSE'] };

describe('windows', () => {
  test('LINEAR: center 2048, width 4096 over 12 bits is the whole range', async () => {
    // (2048 - 2047.5) / 4095 + 0.5 = 0.50012..., times 255 = 127.53
    expect(await greys([0, 1024, 2048, 3072, 4095], window(2048, 4096))).toEqual([0, 64, 128, 191, 255]);
  });

  test('LINEAR: center 2000, width 1001 from 1499.5 to 2499.5', async () => {
    // (1750 - 1999.5) / 1000 + 0.5 = 0.2505, times 255 = 63.88
    const words = [1000, 1499, 1750, 2000, 2250, 2500, 2600];
    expect(await greys(words, window(2000, 1001))).toEqual([0, 0, 64, 128, 191, 255, 255]);
  });

  test('LINEAR_EXACT: center 2000, width 1000 from 1500 to 2500', async () => {
    const exact = window(2000, 1000, { '00281056': ['CS', 'LINEAR_EXACT'] });
    expect(await greys([1400, 1500, 1750, 2000, 2250, 2500], exact)).toEqual([0, 0, 64, 128, 191, 255]);
  });

  test('SIGMOID: center 2000, width 1000', async () => {
    const sigmoid = window(2000, 1000, { '00281056': ['CS', 'SIGMOID'] });
    // 255 / (1 + exp(-4 * -250 / 1000)) = 255 / (1 + e) = 68.58
    expect(await greys([1000, 1750, 2000, 2250, 3000], sigmoid)).toEqual([5, 69, 128, 186, 250]);
  });

  test('apply to modality values', async () => {
    const rescaled = window(0, 1001, { '00281052': ['DS', '-1024'], '00281053': ['DS', '2'] });
    // 262 -> -500, 387 -> -250, 512 -> 0, 762 -> 500
    expect(await greys([262, 387, 512, 762], rescaled)).toEqual([0, 64, 128, 255]);
  });

  test('the first plausible of several is taken', async () => {
    const two: Elements = { '00281050': ['DS', ['60000', '2048']], '00281051': ['DS', ['10', '4096']] };
    expect(await greys([0, 2048, 4095], two)).toEqual([0, 128, 255]);
    expect(await sourceOf([0, 2048, 4095], two)).toBe('VOI_WINDOW');
  });

  test.each<[string, Elements]>([
    ['of width 0', window(2048, 0)],
    ['of negative width', window(2048, -100)],
    ['beside the values', window(60_000, 100)],
    ['that clips half of the film', window(3900, 400)],
    ['so wide that nothing is left', window(2048, 4_000_000)],
  ])('one %s is ignored', async (_, elements) => {
    const words = Array.from({ length: 256 }, (__, index) => index * 16);
    expect(await sourceOf(words, elements)).toBe('PERCENTILES');
  });

  test('a uniform background does not make a window implausible', async () => {
    const words = [
      ...Array.from({ length: 128 }, () => 0),
      ...Array.from({ length: 128 }, (_, index) => 1000 + 16 * index),
    ];
    expect(await sourceOf(words, window(2048, 2200))).toBe('VOI_WINDOW');
  });
});

describe('VOI LUT', () => {
  const table = (entries: readonly number[], first: number, tableBits: number, descriptorVr = 'US'): Elements => ({
    '00283010': [
      'SQ',
      [
        {
          '00283002': [descriptorVr, [entries.length, first, tableBits]],
          '00283006': ['OW', new Uint8Array(Uint16Array.from(entries).buffer)],
        },
      ],
    ],
  });

  test('maps values between its first and last entry and clamps beyond', async () => {
    const lut = table([0, 1000, 2000, 4095], 100, 12);
    expect(await greys([50, 100, 101, 102, 103, 200], lut)).toEqual([0, 0, 62, 125, 255, 255]);
    expect(await sourceOf([50, 100, 101, 102, 103, 200], lut)).toBe('VOI_LUT');
  });

  test('goes before a window', async () => {
    expect(await sourceOf([100, 101, 102, 103], { ...table([0, 1000, 2000, 4095], 100, 12), ...window(101, 4) })).toBe(
      'VOI_LUT',
    );
  });

  test('that makes everything the same is ignored', async () => {
    expect(await sourceOf([0, 1000, 2000], table([7, 7, 7, 7], 0, 12))).toBe('PERCENTILES');
  });

  test('has a signed first value for signed pixels', async () => {
    const lut = { ...table([0, 128, 255], 0x1_0000 - 1, 8, 'SS'), ...SIGNED };
    expect(await greys([0xffff, 0, 1], lut)).toEqual([0, 128, 255]);
  });

  test('may have 8-bit entries packed two to a word', async () => {
    const lut: Elements = {
      '00283010': ['SQ', [{ '00283002': ['US', [4, 0, 8]], '00283006': ['OW', Uint8Array.of(0, 50, 100, 255)] }]],
    };
    expect(await greys([0, 1, 2, 3], lut)).toEqual([0, 50, 100, 255]);
  });

  test('shorter than its descriptor says is ignored', async () => {
    const lut: Elements = {
      '00283010': ['SQ', [{ '00283002': ['US', [0, 0, 16]], '00283006': ['OW', new Uint8Array(100)] }]],
    };
    expect(await sourceOf([0, 4095], lut)).toBe('PERCENTILES');
  });
});

test('a Modality LUT goes before rescale', async () => {
  const elements: Elements = {
    '00283000': [
      'SQ',
      [{ '00283002': ['US', [3, 0, 16]], '00283006': ['OW', new Uint8Array(Uint16Array.of(0, 300, 1000).buffer)] }],
    ],
    '00281053': ['DS', '7'],
    ...window(500, 1001),
  };
  // (300 - 499.5) / 1000 + 0.5 = 0.3005, times 255 = 76.6
  expect(await greys([0, 1, 2], elements)).toEqual([0, 77, 255]);
});

describe('stored 8 bits', () => {
  const all = Array.from({ length: 256 }, (_, index) => index);

  test('come out as they are', async () => {
    const film = await filmOf(smallFilmBytes({ ...bits(8, 8), '7fe00010': ['OB', Uint8Array.from(all)] }));
    expect(film.grayscale).toBe('STORED_8_BIT');
    expect(film.words).toBeInstanceOf(Uint8Array);
    expect([...film.lookup]).toEqual(all);
  });

  test('in 16 allocated bits too', async () => {
    expect(await greys(all, bits(8))).toEqual(all);
  });

  test('with a window of 128/256 come out as they are', async () => {
    expect(await greys(all, { ...bits(8), ...window(128, 256) })).toEqual(all);
  });

  test('with rescale are no display rendering', async () => {
    expect(await sourceOf(all, { ...bits(8), '00281052': ['DS', '-5'] })).toBe('PERCENTILES');
  });

  test('with slope 0 and intercept 0 are taken as not rescaled', async () => {
    expect(await sourceOf(all, { ...bits(8), '00281052': ['DS', '0'], '00281053': ['DS', '0'] })).toBe('STORED_8_BIT');
  });
});

describe('percentiles', () => {
  test('leave out the outermost half percent', async () => {
    // 1 of 256 pixels is less than 0.5 %: the outliers 0 and 4095 do not count.
    const words = Array.from({ length: 256 }, (_, index) => (index === 0 ? 0 : index === 255 ? 4095 : 1000 + index));
    const result = await greys(words, {});
    // 1001 to 1254 become 0 to 255: (1127 - 1001) / 253 * 255 = 127.0
    expect([0, 1, 2, 127, 253, 254, 255].map((index) => result[index])).toEqual([0, 0, 1, 127, 254, 255, 255]);
  });

  test.each([9, 10, 12, 14, 15, 16])('span %i bits', async (stored) => {
    const maximum = 2 ** stored - 1;
    expect(await greys([0, Math.round(maximum / 2), maximum], bits(stored))).toEqual([0, 128, 255]);
  });

  test.each([8, 12, 16])('span %i signed bits', async (stored) => {
    const half = 2 ** (stored - 1);
    const lowest = 0x1_0000 - half;
    expect(await greys([lowest, 0, half - 1], { ...bits(stored), ...SIGNED })).toEqual([0, 128, 255]);
  });

  test('follow a negative slope', async () => {
    expect(await greys([0, 4095], { '00281053': ['DS', '-1'], '00281052': ['DS', '4095'] })).toEqual([255, 0]);
  });

  test('of a uniform film are black', async () => {
    expect(await greys([77, 77], {})).toEqual([0, 0]);
  });
});

describe('bits beside the stored ones', () => {
  test('above the high bit are dropped, such as overlays', async () => {
    expect(await greys([0x0000, 0xf000, 0x0fff, 0xffff, 0x1800], window(2048, 4096))).toEqual([0, 0, 255, 255, 128]);
  });

  test('below the stored ones are dropped', async () => {
    // 12 bits stored in bits 4 to 15.
    const high: Elements = { '00280102': ['US', 15] };
    expect(await greys([0x000f, 0x8000, 0xffff], { ...high, ...window(2048, 4096) })).toEqual([0, 128, 255]);
  });
});

describe('polarity', () => {
  const words = [0, 2048, 4095];
  test.each<[string, Elements, number[]]>([
    ['MONOCHROME2', {}, [0, 128, 255]],
    ['MONOCHROME1', MONOCHROME1, [255, 127, 0]],
    ['MONOCHROME1 with INVERSE: once', { ...MONOCHROME1, ...INVERSE }, [255, 127, 0]],
    ['MONOCHROME2 with INVERSE', INVERSE, [255, 127, 0]],
    ['MONOCHROME2 with IDENTITY', { '20500020': ['CS', 'IDENTITY'] }, [0, 128, 255]],
  ])('%s', async (_, elements, expected) => {
    expect(await greys(words, { ...window(2048, 4096), ...elements })).toEqual(expected);
  });
});

describe('padding', () => {
  // Half of the film is padding; without leaving it out, the percentiles would reach down to it.
  const words = [...Array.from({ length: 128 }, () => 0), ...Array.from({ length: 128 }, (_, index) => 3000 + index)];

  test('is black and counts in no statistics', async () => {
    const result = await greys(words, { '00280120': ['US', 0] });
    expect(result[0]).toBe(0);
    expect(result[128]).toBe(0);
    expect(result[192]).toBeGreaterThan(120);
    expect(result[255]).toBe(255);
  });

  test('stays black in MONOCHROME1', async () => {
    const result = await greys(words, { '00280120': ['US', 0], ...MONOCHROME1 });
    expect([result[0], result[128], result[255]]).toEqual([0, 255, 0]);
  });

  test('may be a range', async () => {
    const result = await greys(words, { '00280120': ['US', 3010], '00280121': ['US', 0] });
    expect(result[128 + 10]).toBe(0);
    expect(result[255]).toBe(255);
  });

  test('may be signed', async () => {
    const signed = [0x1_0000 - 2000, 0, 1000];
    const result = await greys(signed, { ...bits(16), ...SIGNED, '00280120': ['SS', 0x1_0000 - 2000] });
    expect(result).toEqual([0, 0, 255]);
  });

  test('may need more bits than are stored', async () => {
    const result = await greys([0xffff, 0, 4095], { '00280120': ['US', 0xffff] });
    expect(result).toEqual([0, 0, 255]);
  });

  test('everywhere makes a black film', async () => {
    expect(await greys([5, 5], { '00280120': ['US', 5] })).toEqual([0, 0]);
  });
});

test('implicit and explicit films give the same words and table', async () => {
  const elements: Elements = { '7fe00010': ['OW', pixelsOf([0, 500, 4000])], '00280120': ['US', 500] };
  const explicit = await filmOf(smallFilmBytes(elements));
  const implicit = await filmOf(smallFilmBytes(elements, IMPLICIT_VR_LITTLE_ENDIAN));
  expect(implicit.words).toEqual(explicit.words);
  expect(implicit.lookup).toEqual(explicit.lookup);
});
