/** Fragments, offset tables and frames of encapsulated Pixel Data (PS3.5 annex A.4). */
import { describe, expect, test } from 'vitest';
import type { Elements } from '../../../src/dicom/part10-writer.ts';
import {
  DEFLATED_IMAGE_FRAME,
  ENCAPSULATED_UNCOMPRESSED,
  EXPLICIT_VR_LITTLE_ENDIAN,
  HTJ2K_LOSSLESS,
  JPEG_2000_LOSSLESS,
  JPEG_LOSSLESS,
  JPEG_LS_LOSSLESS,
  nameOfTransferSyntax,
  RLE_LOSSLESS,
} from '../../../src/dicom/transfer-syntaxes.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import { cut, deflatedFilm, encapsulatedFilm } from '../../support/encoded-films.ts';
import { bytesOf, type Grey } from '../../support/encoders.ts';
import { errorOf, filmOf, headerOf, smallFilmBytes } from '../support.ts';
import { COLUMNS, elementsOf, encode, encodedFilm, grey, ROWS } from './support.ts';

const image = grey(12);
const SYNTAXES = [JPEG_LOSSLESS, JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS].map(
  (uid) => [nameOfTransferSyntax(uid), uid] as const,
);
const second: Grey = { ...image, words: image.words.map((word) => 4095 - word) };
const frames = (count: number): Elements => ({ '00280008': ['IS', String(count)] });
const even = (length: number): number => length + (length % 2);
const longs = (...values: number[]): Uint8Array => new Uint8Array(BigUint64Array.from(values.map(BigInt)).buffer);

/** A film of two frames, the second the negative of the first, with what its tables say. */
async function twoFrames(uid: string, fragmentBytes: number, tables: 'none' | 'basic'): Promise<Buffer> {
  const [one, two] = [cut(await encode(uid, image), fragmentBytes), cut(await encode(uid, second), fragmentBytes)];
  const length = one.reduce((sum, fragment) => sum + 8 + even(fragment.length), 0);
  const basicOffsets = tables === 'basic' ? [0, length] : [];
  return encapsulatedFilm(elementsOf(image, frames(2)), uid, [...one, ...two], { basicOffsets });
}

describe.each(SYNTAXES)('%s', (_, uid) => {
  test.each([2, 100, 1000])('one frame in fragments of %i bytes', async (length) => {
    const film = encapsulatedFilm(elementsOf(image), uid, cut(await encode(uid, image), length));
    expect((await filmOf(film)).words).toEqual(image.words);
  });

  test('fragments without bytes between the others', async () => {
    const none = new Uint8Array(0);
    const fragments = cut(await encode(uid, image), 1000).flatMap((fragment) => [none, fragment]);
    expect((await filmOf(encapsulatedFilm(elementsOf(image), uid, fragments))).words).toEqual(image.words);
  });

  test.each(['none', 'basic'] as const)(
    'the first of two frames in one fragment each, offset table: %s',
    async (tables) => {
      const bytes = await twoFrames(uid, 1_000_000, tables);
      expect((await headerOf(bytes)).image.numberOfFrames).toBe(2);
      expect((await filmOf(bytes)).words).toEqual(image.words);
    },
  );

  test.each(['none', 'basic'] as const)(
    'the first of two frames in several fragments, offset table: %s',
    async (tables) => {
      expect((await filmOf(await twoFrames(uid, 1000, tables))).words).toEqual(image.words);
    },
  );
});

describe('an Extended Offset Table', () => {
  const uid = RLE_LOSSLESS;
  const film = async (offsets: readonly number[], lengths: readonly number[], numberOfFrames = 2) => {
    const [one, two] = [await encode(uid, image), await encode(uid, second)];
    const elements = elementsOf(image, {
      ...frames(numberOfFrames),
      '7fe00001': ['OV', longs(...offsets)],
      '7fe00002': ['OV', longs(...lengths)],
    });
    return encapsulatedFilm(elements, uid, [one, two].slice(0, numberOfFrames));
  };

  test('gives the first frame its length', async () => {
    const [one, two] = [await encode(uid, image), await encode(uid, second)];
    const bytes = await film([0, 8 + even(one.length)], [one.length, two.length]);
    expect((await filmOf(bytes)).words).toEqual(image.words);
  });

  test('takes the padding from a deflated frame of odd length', async () => {
    const deflated = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => image.words.map((word) => word ^ seed));
    for (const words of deflated) {
      const frame = await encode(DEFLATED_IMAGE_FRAME, { ...image, words });
      const elements = elementsOf(image, { '7fe00001': ['OV', longs(0)], '7fe00002': ['OV', longs(frame.length)] });
      expect((await filmOf(encapsulatedFilm(elements, DEFLATED_IMAGE_FRAME, [frame]))).words).toEqual(words);
    }
  });

  test.each<[string, number[], number[]]>([
    ['of fewer frames', [0], [10]],
    ['whose first frame is not the first fragment', [8, 16], [10, 10]],
    ['whose first frame is longer than its fragment', [0, 1000], [2 ** 40, 10]],
    ['whose first frame is shorter than its fragment', [0, 1000], [100, 10]],
    ['with too few lengths', [0, 1000], [100]],
  ])('%s is refused', async (_, offsets, lengths) => {
    expect((await errorOf(headerOf(await film(offsets, lengths)))).code).toBe('PIXEL_DATA_CORRUPT');
  });
});

describe('refused at the door', () => {
  const uid = JPEG_LS_LOSSLESS;
  const fragments = async () => [await encode(uid, image), await encode(uid, second)];

  test.each<[string, readonly number[]]>([
    ['begins elsewhere', [4, 100]],
    ['leads between two fragments', [0, 10]],
    ['leads past the end', [0, 2 ** 31]],
    ['has a frame too many', [0, 10, 20]],
    ['has one entry for two frames', [0]],
  ])('a Basic Offset Table that %s', async (_, basicOffsets) => {
    const film = encapsulatedFilm(elementsOf(image, frames(2)), uid, await fragments(), { basicOffsets });
    expect((await errorOf(headerOf(film))).code).toBe('PIXEL_DATA_CORRUPT');
  });

  test('fewer fragments than frames', async () => {
    const film = encapsulatedFilm(elementsOf(image, frames(3)), uid, await fragments());
    expect((await errorOf(headerOf(film))).code).toBe('PIXEL_DATA_CORRUPT');
  });

  test.each([ENCAPSULATED_UNCOMPRESSED, RLE_LOSSLESS, DEFLATED_IMAGE_FRAME])(
    '%s: three fragments for two frames and no table, since nothing tells where a frame begins',
    async (syntax) => {
      const frame = await encode(syntax, image);
      const film = encapsulatedFilm(elementsOf(image, frames(2)), syntax, [frame, frame, frame]);
      expect((await errorOf(headerOf(film))).code).toBe('PIXEL_DATA_CORRUPT');
    },
  );

  test.each<[string, (film: Buffer) => Buffer, ErrorCode]>([
    ['no end', (film) => film.subarray(0, film.length - 8), 'TRUNCATED_FILE'],
    ['half an end', (film) => film.subarray(0, film.length - 4), 'TRUNCATED_FILE'],
    ['half a fragment', (film) => film.subarray(0, film.length - 500), 'TRUNCATED_FILE'],
    ['something else after its fragments', (film) => replaced(film, film.length - 8, 0x10), 'PIXEL_DATA_CORRUPT'],
  ])('Pixel Data with %s', async (_, change, code) => {
    expect((await errorOf(headerOf(change(await encodedFilm(uid, image))))).code).toBe(code);
  });

  test('Pixel Data without a fragment, and with one without bytes', async () => {
    for (const none of [[], [new Uint8Array(0)]]) {
      expect((await errorOf(headerOf(encapsulatedFilm(elementsOf(image), uid, none)))).code).toBe('NO_PIXEL_DATA');
    }
  });

  test('more fragments than any film has, in bounded time', async () => {
    const film = encapsulatedFilm(elementsOf(image), uid, []);
    const empty = Buffer.alloc(8 * 300_000);
    for (let position = 0; position < empty.length; position += 8) empty.writeUInt32BE(0xfeff00e0, position);
    const bytes = Buffer.concat([film.subarray(0, film.length - 8), empty, film.subarray(film.length - 8)]);
    const began = performance.now();
    expect((await errorOf(headerOf(bytes))).code).toBe('PIXEL_DATA_CORRUPT');
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test('compressed pixels that are not encapsulated, and the other way round', async () => {
    const film = Buffer.from(smallFilmBytes());
    const at = film.indexOf(`${EXPLICIT_VR_LITTLE_ENDIAN}\0`);
    film.write('1.2.840.10008.1.2.5\0', at);
    expect((await errorOf(headerOf(film))).code).toBe('MALFORMED_DICOM');
    const encapsulated = encapsulatedFilm(elementsOf(image), EXPLICIT_VR_LITTLE_ENDIAN, await fragments());
    expect((await errorOf(headerOf(encapsulated))).code).toBe('MALFORMED_DICOM');
  });
});

describe('native films of several frames', () => {
  const words = Uint16Array.from([...image.words, ...second.words]);
  const elements = elementsOf(image, { ...frames(2), '7fe00010': ['OW', bytesOf(words)] });

  test('deflated: the first is read', async () => {
    expect((await filmOf(deflatedFilm(elements))).words).toEqual(image.words);
  });

  test('big endian, 8 bits of an odd number of pixels as words: the first is read', async () => {
    const { bigEndianFilm } = await import('../../support/encoded-films.ts');
    const small = grey(8);
    const both = Uint8Array.from([...small.words, ...small.words.map((word) => 255 - word)]);
    const film = bigEndianFilm(elementsOf(small, { ...frames(2), '7fe00010': ['OW', both] }));
    expect((ROWS * COLUMNS) % 2).toBe(1);
    expect((await filmOf(film)).words).toEqual(small.words);
  });
});

describe('a JP2 file around the codestream', () => {
  const box = (type: string, content: Uint8Array): Buffer => {
    const header = Buffer.alloc(8);
    header.writeUInt32BE(8 + content.length, 0);
    header.write(type, 4);
    return Buffer.concat([header, content]);
  };
  const signature = box('jP  ', Buffer.from('0d0a870a', 'hex'));
  const fileType = box('ftyp', Buffer.from('6a703220000000006a703220', 'hex'));

  test('is stepped over', async () => {
    const codestream = await encode(JPEG_2000_LOSSLESS, image);
    const frame = Buffer.concat([signature, fileType, box('jp2c', codestream)]);
    expect((await filmOf(encapsulatedFilm(elementsOf(image), JPEG_2000_LOSSLESS, [frame]))).words).toEqual(image.words);
  });

  test('without a codestream is refused', async () => {
    const film = encapsulatedFilm(elementsOf(image), JPEG_2000_LOSSLESS, [Buffer.concat([signature, fileType])]);
    expect((await errorOf(headerOf(film))).code).toBe('PIXEL_DATA_CORRUPT');
  });
});

test.each([0x00, 0xff])('a codestream may be padded with %i', async (padding) => {
  for (const [, uid] of SYNTAXES) {
    const frame = Buffer.concat([await encode(uid, image), Buffer.alloc(7, padding)]);
    expect((await filmOf(encapsulatedFilm(elementsOf(image), uid, [frame]))).words).toEqual(image.words);
  }
});

test('HTJ2K is read under the label of JPEG 2000, and JPEG 2000 under that of HTJ2K', async () => {
  const high = encapsulatedFilm(elementsOf(image), JPEG_2000_LOSSLESS, [await encode(HTJ2K_LOSSLESS, image)]);
  const plain = encapsulatedFilm(elementsOf(image), HTJ2K_LOSSLESS, [await encode(JPEG_2000_LOSSLESS, image)]);
  expect((await filmOf(high)).words).toEqual(image.words);
  expect((await filmOf(plain)).words).toEqual(image.words);
});

function replaced(bytes: Buffer, position: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[position] = value;
  return copy;
}
