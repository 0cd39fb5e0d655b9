/** Damaged, lying and hostile films are refused with a coded error, at the door where that can be. */
import { createDeflateRaw } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Elements, writeDataSet, writeFileMeta } from '../../../src/dicom/part10-writer.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  DEFLATED_IMAGE_FRAME,
  ENCAPSULATED_UNCOMPRESSED,
  HTJ2K_LOSSLESS,
  JPEG_2000_LOSSLESS,
  JPEG_BASELINE,
  JPEG_EXTENDED,
  JPEG_LOSSLESS,
  JPEG_LS_LOSSLESS,
  nameOfTransferSyntax,
  READABLE_TRANSFER_SYNTAXES,
  RLE_LOSSLESS,
} from '../../../src/dicom/transfer-syntaxes.ts';
import { GatewayError } from '../../../src/errors.ts';
import { bigEndianFilm, cut, deflatedFilm, encapsulatedFilm } from '../../support/encoded-films.ts';
import { bytesOf } from '../../support/encoders.ts';
import { errorOf, filmOf, headerOf, smallFilm } from '../support.ts';
import { elementsOf, encode, grey } from './support.ts';

const named = (...uids: string[]) => uids.map((uid) => [nameOfTransferSyntax(uid), uid] as const);
const encapsulated = READABLE_TRANSFER_SYNTAXES.filter((syntax) => syntax.encapsulated).map(({ uid }) => uid);
const WITH_MARKERS = named(
  JPEG_BASELINE,
  JPEG_EXTENDED,
  JPEG_LOSSLESS,
  JPEG_LS_LOSSLESS,
  JPEG_2000_LOSSLESS,
  HTJ2K_LOSSLESS,
);
const imageOf = (uid: string) => grey(uid === JPEG_BASELINE ? 8 : 12);

async function filmWith(uid: string, frame: Uint8Array, elements: Elements = {}): Promise<Buffer> {
  return encapsulatedFilm(elementsOf(imageOf(uid), elements), uid, [frame]);
}

/** About `count` lengths below a whole, the last ones all of them. */
function lengthsBelow(whole: number, count: number): number[] {
  const step = Math.max(1, Math.floor(whole / count));
  const spread = Array.from({ length: Math.floor(whole / step) }, (_, index) => index * step);
  return [...new Set([...spread, ...[3, 2, 1].map((missing) => whole - missing)])].filter((length) => length >= 0);
}

describe('a frame that was cut', () => {
  test.each(named(...encapsulated))('%s', async (_, uid) => {
    const frame = await encode(uid, imageOf(uid));
    // Fragments are of even length; one of an odd length would be made even again with a zero.
    for (const length of lengthsBelow(frame.length, 90).filter((each) => each % 2 === 0)) {
      const { code } = await errorOf(filmOf(await filmWith(uid, frame.subarray(0, length))));
      expect([length, code]).toEqual([length, expect.stringMatching(/^(PIXEL_DATA_CORRUPT|NO_PIXEL_DATA)$/)]);
    }
  });

  test.each(WITH_MARKERS)('%s, with the end marker put back', async (_, uid) => {
    const frame = await encode(uid, imageOf(uid));
    for (const length of lengthsBelow(frame.length - 40, 30)) {
      const ended = Buffer.concat([frame.subarray(0, length), Uint8Array.of(0xff, 0xd9)]);
      expect((await errorOf(filmOf(await filmWith(uid, ended)))).code).toBe('PIXEL_DATA_CORRUPT');
    }
  });

  test.each(WITH_MARKERS)('%s, is refused at the door when its end marker is missing', async (_, uid) => {
    const frame = await encode(uid, imageOf(uid));
    const open = frame.subarray(0, Buffer.from(frame).lastIndexOf(Uint8Array.of(0xff, 0xd9)));
    expect((await errorOf(headerOf(await filmWith(uid, open)))).code).toBe('PIXEL_DATA_CORRUPT');
  });
});

describe('a file that was cut', () => {
  const image = grey(12);
  const elements = elementsOf(image, { '7fe00010': ['OW', bytesOf(image.words)] });
  test.each([
    ['deflated', deflatedFilm(elements)],
    ['big endian', bigEndianFilm(elements)],
    ['encapsulated', encapsulatedFilm(elements, ENCAPSULATED_UNCOMPRESSED, cut(bytesOf(image.words), 900))],
  ])('%s', async (_, film) => {
    for (const length of lengthsBelow(film.length, 200)) {
      const { code } = await errorOf(headerOf(film.subarray(0, length)));
      expect([length, code]).toEqual([
        length,
        expect.stringMatching(/^(TRUNCATED_FILE|NOT_DICOM|MALFORMED_DICOM|NO_PIXEL_DATA)$/),
      ]);
    }
  });
});

describe('a header that lies is found out before anything is decoded', () => {
  test.each(
    WITH_MARKERS.flatMap(
      ([name, uid]) =>
        [
          [name, 'rows', uid, { '00280010': ['US', 4000] }],
          [name, 'columns', uid, { '00280011': ['US', 64] }],
        ] as const,
    ),
  )('%s: %s', async (_, __, uid, elements) => {
    const frame = await encode(uid, imageOf(uid));
    expect((await errorOf(headerOf(await filmWith(uid, frame, elements)))).code).toBe('PIXEL_DATA_CORRUPT');
  });

  test.each(WITH_MARKERS.slice(1))('%s: 12 bits in 8 bits allocated', async (_, uid) => {
    const bits: Elements = { '00280100': ['US', 8], '00280101': ['US', 8], '00280102': ['US', 7] };
    const film = await filmWith(uid, await encode(uid, imageOf(uid)), bits);
    expect((await errorOf(headerOf(film))).code).toBe('PIXEL_DATA_CORRUPT');
  });

  test('a codestream of more pixels than memory, in a film of few', async () => {
    const frame = Buffer.from(await encode(JPEG_2000_LOSSLESS, grey(12)));
    frame.writeUInt32BE(0x7fff_ffff, 8);
    frame.writeUInt32BE(0x7fff_ffff, 12);
    expect((await errorOf(headerOf(await filmWith(JPEG_2000_LOSSLESS, frame)))).code).toBe('PIXEL_DATA_CORRUPT');
  });

  test.each(named(RLE_LOSSLESS, ENCAPSULATED_UNCOMPRESSED, DEFLATED_IMAGE_FRAME))('%s: rows', async (_, uid) => {
    const film = await filmWith(uid, await encode(uid, grey(12)), { '00280010': ['US', 60] });
    expect((await errorOf(filmOf(film))).code).toBe('PIXEL_DATA_CORRUPT');
  });

  test('Rows as UL', async () => {
    const rows: Elements = { '00280010': ['UL', 0x1_0010] };
    expect((await errorOf(headerOf(smallFilmWith(rows)))).code).toBe('INVALID_ATTRIBUTE');
  });
});

describe('JPEG 2000 that would cost its decoder more than its pixels', () => {
  const changed = async (change: (frame: Buffer) => void) => {
    const frame = Buffer.from(await encode(JPEG_2000_LOSSLESS, grey(12)));
    change(frame);
    return filmWith(JPEG_2000_LOSSLESS, frame);
  };

  test.each<[string, (frame: Buffer) => void]>([
    ['a tile a pixel', (frame) => frame.fill(0, 24, 32).fill(1, 27, 28).fill(1, 31, 32)],
    ['tiles without size', (frame) => frame.fill(0, 24, 32)],
    ['an offset past the image', (frame) => frame.writeUInt32BE(5000, 16)],
    ['subsampled grey', (frame) => frame.writeUInt8(4, 43)],
    ['a tile-part that leads into itself', (frame) => frame.writeUInt32BE(13, tilePart(frame) + 6)],
    ['a tile-part that leads far away', (frame) => frame.writeUInt32BE(0x7fff_ffff, tilePart(frame) + 6)],
    ['a tile that is not there', (frame) => frame.writeUInt16BE(7, tilePart(frame) + 4)],
    ['200 decompositions', (frame) => frame.writeUInt8(200, frame.indexOf(Uint8Array.of(0xff, 0x52)) + 9)],
  ])('%s', async (_, change) => {
    expect((await errorOf(headerOf(await changed(change)))).code).toBe('PIXEL_DATA_CORRUPT');
  });

  const tilePart = (frame: Buffer): number => frame.indexOf(Uint8Array.of(0xff, 0x90));
});

describe('RLE', () => {
  const frame = async () => Buffer.from(await encode(RLE_LOSSLESS, grey(12)));
  test.each<[string, (bytes: Buffer) => void]>([
    ['of three segments for two bytes', (bytes) => bytes.writeUInt32LE(3, 0)],
    ['of no segment', (bytes) => bytes.writeUInt32LE(0, 0)],
    ['whose first segment lies in its header', (bytes) => bytes.writeUInt32LE(60, 4)],
    ['whose second segment lies before the first', (bytes) => bytes.writeUInt32LE(10, 8)],
    ['whose second segment lies past the end', (bytes) => bytes.writeUInt32LE(2 ** 31, 8)],
  ])('%s is refused at the door', async (_, change) => {
    const bytes = await frame();
    change(bytes);
    expect((await errorOf(headerOf(await filmWith(RLE_LOSSLESS, bytes)))).code).toBe('PIXEL_DATA_CORRUPT');
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['garbage', (bytes) => Buffer.concat([bytes.subarray(0, 64), Buffer.alloc(bytes.length - 64, 0x55)])],
    ['more pixels than the film has', (bytes) => Buffer.concat([bytes, Uint8Array.of(0x81, 7)])],
  ])('%s is refused', async (_, change) => {
    const film = await filmWith(RLE_LOSSLESS, change(await frame()));
    expect((await errorOf(filmOf(film))).code).toBe('PIXEL_DATA_CORRUPT');
  });

  test('no-operation bytes and padding are read over', async () => {
    const words = grey(8).words;
    const literals = cut(bytesOf(words), 128).flatMap((part) => [128, part.length - 1, ...part]);
    const header = new Uint8Array(new Uint32Array(16).buffer);
    new DataView(header.buffer).setUint32(0, 1, true);
    new DataView(header.buffer).setUint32(4, 64, true);
    const rle = Buffer.concat([header, Uint8Array.from(literals), Uint8Array.of(0, 0, 0)]);
    expect((await filmOf(encapsulatedFilm(elementsOf(grey(8)), RLE_LOSSLESS, [rle]))).words).toEqual(words);
  });
});

describe('deflate bombs', () => {
  /** 512 MiB of zeros in half a MiB. */
  async function bomb(before: Uint8Array): Promise<Buffer> {
    const deflater = createDeflateRaw();
    const parts: Buffer[] = [];
    const done = (async () => {
      for await (const part of deflater) parts.push(part as Buffer);
    })();
    const zeros = Buffer.alloc(1024 * 1024);
    deflater.write(before);
    for (let count = 0; count < 512; count += 1) {
      if (!deflater.write(zeros)) await new Promise((resolve) => deflater.once('drain', resolve));
    }
    deflater.end();
    await done;
    return Buffer.concat(parts);
  }

  /** Growth of the process while `use` runs, in MiB; the peak before it is of no use, since it never falls. */
  async function growth(use: () => Promise<unknown>): Promise<number> {
    const before = process.memoryUsage().rss;
    let peak = before;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 1);
    await use().finally(() => clearInterval(timer));
    return (Math.max(peak, process.memoryUsage().rss) - before) / 2 ** 20;
  }

  const meta = writeFileMeta({
    sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
    sopInstanceUid: '1.2.3.4',
    transferSyntaxUid: DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  });

  test.each([
    ['after Pixel Data', writeDataSet(smallFilm(), true), 'PAYLOAD_TOO_LARGE'],
    ['before Pixel Data', writeDataSet(smallFilm({ '7fe00010': undefined }), true), 'MALFORMED_DICOM'],
    ['in place of a data set', new Uint8Array(0), 'MALFORMED_DICOM'],
  ])('%s', async (_, before, code) => {
    const film = Buffer.concat([meta, await bomb(before)]);
    expect(film.length).toBeLessThan(2 ** 20);
    expect(await growth(async () => expect((await errorOf(headerOf(film))).code).toBe(code))).toBeLessThan(64);
  });

  test('in a deflated frame', async () => {
    const film = await filmWith(DEFLATED_IMAGE_FRAME, await bomb(new Uint8Array(0)));
    expect(
      await growth(async () => expect((await errorOf(filmOf(film))).code).toBe('PIXEL_DATA_CORRUPT')),
    ).toBeLessThan(64);
  });
});

test.each(named(...encapsulated))('%s: flipped bytes give a coded error or a film', async (_, uid) => {
  const frame = await encode(uid, imageOf(uid));
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let round = 0; round < 60; round += 1) {
    const damaged = Buffer.from(frame);
    for (let flips = 1 + random(4); flips > 0; flips -= 1) damaged[random(damaged.length)] = random(256);
    const began = performance.now();
    const outcome = await filmOf(await filmWith(uid, damaged)).catch((error: unknown) => error);
    if (outcome instanceof Error) {
      expect(outcome).toBeInstanceOf(GatewayError);
      expect((outcome as GatewayError).code).toBe('PIXEL_DATA_CORRUPT');
    }
    expect(performance.now() - began).toBeLessThan(5000);
  }
});

/** Elements of VR UL are only written where the writer knows the number's width. */
function smallFilmWith(elements: Elements): Uint8Array {
  const film = smallFilm(elements);
  return Buffer.concat([
    writeFileMeta({
      sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
      sopInstanceUid: '1.2.3.4',
      transferSyntaxUid: '1.2.840.10008.1.2.1',
    }),
    writeDataSet(film, true),
  ]);
}
