/** Every transfer syntax gives the pixels back that went into it. */
import { describe, expect, test } from 'vitest';
import { readFilm } from '../../../src/dicom/film.ts';
import { readHeader } from '../../../src/dicom/header.ts';
import {
  HTJ2K,
  JPEG_2000,
  JPEG_2000_LOSSLESS,
  JPEG_BASELINE,
  JPEG_EXTENDED,
  JPEG_LS_LOSSLESS,
  JPEG_LS_NEAR_LOSSLESS,
  READABLE_TRANSFER_SYNTAXES,
} from '../../../src/dicom/transfer-syntaxes.ts';
import { bigEndianFilm, deflatedFilm, encapsulatedFilm } from '../../support/encoded-films.ts';
import { bytesOf, type Grey } from '../../support/encoders.ts';
import { mosaicOf } from '../../support/jpeg-mosaic.ts';
import { fileOf, filmOf, LIMITS, smallFilmBytes } from '../support.ts';
import { COLUMNS, elementsOf, encode, encodedFilm, grey, ROWS } from './support.ts';

const encapsulated = READABLE_TRANSFER_SYNTAXES.filter((syntax) => syntax.encapsulated);
const lossless = encapsulated.filter((syntax) => syntax.lossless);
const lossy = encapsulated.filter((syntax) => !syntax.lossless);

const nativeElements = (image: Grey, vr: 'OB' | 'OW') => elementsOf(image, { '7fe00010': [vr, bytesOf(image.words)] });

describe('lossless', () => {
  test.each(lossless.flatMap(({ uid, name }) => [8, 10, 12, 16].map((bits) => [name, bits, uid] as const)))(
    '%s, %i bits',
    async (_, bits, uid) => {
      const image = grey(bits);
      const film = await filmOf(await encodedFilm(uid, image));
      expect([film.rows, film.columns]).toEqual([ROWS, COLUMNS]);
      expect(film.words).toEqual(image.words);
    },
  );

  test.each([8, 12, 16])('Deflated Explicit VR Little Endian, %i bits', async (bits) => {
    const image = grey(bits);
    const film = await filmOf(deflatedFilm(nativeElements(image, bits === 8 ? 'OB' : 'OW')));
    expect(film.words).toEqual(image.words);
  });

  test.each([
    [8, 'OB'],
    [8, 'OW'],
    [12, 'OW'],
    [16, 'OW'],
  ] as const)('Explicit VR Big Endian, %i bits as %s', async (bits, vr) => {
    const image = grey(bits);
    const film = await filmOf(bigEndianFilm(nativeElements(image, vr)));
    expect(film.words).toEqual(image.words);
  });
});

describe('lossy stays within its tolerance', () => {
  /** Largest difference, as a share of the range. Near-lossless promises its 2; the others are of these encoders at these settings. */
  const TOLERANCES: Readonly<Record<string, { bits: number; difference: number }>> = {
    [JPEG_BASELINE]: { bits: 8, difference: 8 },
    [JPEG_LS_NEAR_LOSSLESS]: { bits: 12, difference: 2 },
    [JPEG_2000]: { bits: 12, difference: 256 },
    [HTJ2K]: { bits: 12, difference: 64 },
  };

  test('JPEG Extended (Process 2 & 4): 12 bits of a mosaic are exact', async () => {
    const image = mosaicOf(grey(12));
    expect((await filmOf(await encodedFilm(JPEG_EXTENDED, image))).words).toEqual(image.words);
  });

  test('JPEG Extended (Process 2 & 4): 8 bits of a mosaic are exact', async () => {
    const image = mosaicOf(grey(8));
    expect((await filmOf(await encodedFilm(JPEG_EXTENDED, image))).words).toEqual(image.words);
  });

  const others = lossy.filter(({ uid }) => uid !== JPEG_EXTENDED);
  test.each(others.map(({ name, uid }) => [name, uid] as const))('%s', async (_, uid) => {
    const { bits = 0, difference = 0 } = TOLERANCES[uid] ?? {};
    const image = grey(bits);
    const film = await filmOf(await encodedFilm(uid, image));
    const differences = Array.from(film.words, (word, index) => Math.abs(word - (image.words[index] ?? 0)));
    expect(Math.max(...differences)).toBeLessThanOrEqual(difference);
    expect(Math.max(...differences)).toBeGreaterThan(0);
  });
});

describe('bits', () => {
  const raisedBy = (image: Grey, shift: number, overlay: number): Grey => ({
    ...image,
    precision: 16,
    words: Uint16Array.from(image.words, (word, index) => (word << shift) | (index % 3 === 0 ? overlay : 0)),
  });

  test.each(lossless.map(({ name, uid }) => [name, uid] as const))(
    '%s: 10 bits below bit 11, with overlays in the unused bits, look like 10 bits alone',
    async (_, uid) => {
      const image = grey(10);
      const plain = await filmOf(await encodedFilm(uid, image));
      const odd = await filmOf(
        await encodedFilm(uid, raisedBy(image, 2, 0x3003), { '00280101': ['US', 10], '00280102': ['US', 11] }),
      );
      const look = (film: typeof odd) => Array.from(film.words, (word) => film.lookup[word]);
      expect(look(odd)).toEqual(look(plain));
    },
  );

  test.each(lossless.map(({ name, uid }) => [name, uid] as const))('%s: 12 signed bits', async (_, uid) => {
    const image = grey(12, { signed: true });
    const coded = uid.startsWith('1.2.840.10008.1.2.4.9') || uid.startsWith('1.2.840.10008.1.2.4.20');
    // JPEG and JPEG-LS know no sign: their 12 bits are those of the two's complement.
    const samples = coded ? image : { ...image, words: image.words.map((word) => word & 0xfff) };
    const film = await filmOf(encapsulatedFilm(elementsOf(image), uid, [await encode(uid, samples)]));
    const values = Array.from(film.words, (word) => (word << 20) >> 20);
    expect(values).toEqual(Array.from(image.words, (word) => (word << 16) >> 16));
  });

  test('a codestream of fewer bits than the header says', async () => {
    const film = await filmOf(
      encapsulatedFilm(elementsOf(grey(12)), JPEG_LS_LOSSLESS, [await encode(JPEG_LS_LOSSLESS, grey(10))]),
    );
    expect(film.words).toEqual(grey(10).words);
  });

  test('8-bit samples in 16 bits allocated', async () => {
    const elements = elementsOf(grey(8), { '00280100': ['US', 16] });
    const film = await filmOf(
      encapsulatedFilm(elements, JPEG_2000_LOSSLESS, [await encode(JPEG_2000_LOSSLESS, grey(8))]),
    );
    expect(film.words).toEqual(Uint16Array.from(grey(8).words));
  });

  test('lossy values above Bits Stored are clamped, not wrapped', async () => {
    const words = Uint16Array.from({ length: ROWS * COLUMNS }, () => 1100);
    const elements = { '00280101': ['US', 10], '00280102': ['US', 9] } as const;
    const film = await filmOf(await encodedFilm(JPEG_EXTENDED, { ...grey(12), words }, elements));
    expect(new Set(film.words)).toEqual(new Set([1023]));
  });

  test.each([true, false])(
    'Pixel Representation decides the sign, whatever JPEG 2000 says (signed: %s)',
    async (signed) => {
      const image = grey(13, { signed });
      const codestream = await encode(JPEG_2000_LOSSLESS, image);
      // The sign of a component is the highest bit of its depth in SIZ.
      const other = Buffer.from(codestream);
      other[42] = (other[42] ?? 0) ^ 0x80;
      const straight = await filmOf(encapsulatedFilm(elementsOf(image), JPEG_2000_LOSSLESS, [codestream]));
      // The decoder moves unsigned samples by half their range, so the same bits are another picture: here only the range counts.
      const lying = await filmOf(encapsulatedFilm(elementsOf(image), JPEG_2000_LOSSLESS, [other]));
      const value = (word: number) => (signed ? (word << 16) >> 16 : word);
      const range = signed ? [-4096, 4095] : [0, 8191];
      expect(Array.from(straight.words, value)).toEqual(Array.from(image.words, value));
      expect(Math.min(...Array.from(lying.words, value))).toBeGreaterThanOrEqual(range[0] as number);
      expect(Math.max(...Array.from(lying.words, value))).toBeLessThanOrEqual(range[1] as number);
    },
  );
});

test('one thread reads one film after another into the same memory', async () => {
  const { PixelMemory } = await import('../../../src/dicom/film.ts');
  const memory = new PixelMemory();
  for (const { uid } of [...lossless, ...lossless]) {
    const image = grey(12);
    const { film } = await readFilm(await fileOf(await encodedFilm(uid, image)), LIMITS, memory);
    expect(film.words).toEqual(image.words);
  }
});

test('a header says where Pixel Data lies', async () => {
  const native = await readHeader(await fileOf(smallFilmBytes()), LIMITS);
  const compressed = await readHeader(await fileOf(await encodedFilm(JPEG_LS_LOSSLESS, grey(8))), LIMITS);
  expect(native.pixelData).toMatchObject({ length: 512, encapsulated: false });
  expect(compressed.pixelData).toMatchObject({ length: null, encapsulated: true });
});
