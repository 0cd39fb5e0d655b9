/** JPEG 2000 films decoded by several threads. */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { PixelMemory, readFilm } from '../../../../src/dicom/film.ts';
import { BandThreads } from '../../../../src/dicom/pixel/jpeg2000/band-threads.ts';
import { type BandCodestream, splitCodestream } from '../../../../src/dicom/pixel/jpeg2000/split-codestream.ts';
import { JPEG_2000_LOSSLESS } from '../../../../src/dicom/transfer-syntaxes.ts';
import { encapsulatedFilm } from '../../../support/encoded-films.ts';
import { errorOf, fileOf, LIMITS } from '../../support.ts';
import { elementsOf, encode } from '../support.ts';
import { decodeWhole, headerOf, noisyGrey } from './support.ts';

const image = noisyGrey(800, 900);
let codestream: Uint8Array;

beforeAll(async () => {
  codestream = await encode(JPEG_2000_LOSSLESS, image);
  // Else it would be decoded whole.
  expect(codestream.length).toBeGreaterThan(512 * 1024);
});

const sizes = { '00280010': ['US', image.rows], '00280011': ['US', image.columns] } as const;
const filmWith = (frame: Uint8Array) => fileOf(encapsulatedFilm(elementsOf(image, sizes), JPEG_2000_LOSSLESS, [frame]));

function lastBand(wanted: number): BandCodestream {
  const band = splitCodestream(codestream, wanted)?.at(-1);
  if (band === undefined) throw new Error('not split');
  return band;
}

describe('readFilm', () => {
  test('gives the same words with any number of spare threads, film after film', async () => {
    const path = await filmWith(codestream);
    const memory = new PixelMemory();
    for (const spareThreads of [0, 1, 3, 7, 1, 0]) {
      const { film } = await readFilm(path, LIMITS, memory, spareThreads);
      expect(film.words).toEqual(image.words);
    }
  });

  test('refuses what is damaged in any band as it would be refused in one thread', async () => {
    for (const place of [0.3, 0.9]) {
      const damaged = Uint8Array.from(codestream);
      damaged.fill(0xff, Math.floor(place * codestream.length), Math.floor(place * codestream.length) + 40_000);
      const path = await filmWith(damaged);
      const outcomeOf = async (spareThreads: number) =>
        readFilm(path, LIMITS, new PixelMemory(), spareThreads).then(
          ({ film }) => Buffer.from(film.words.buffer, film.words.byteOffset, film.words.byteLength).toString('base64'),
          ({ code }: { code: string }) => code,
        );
      expect(await outcomeOf(1)).toBe(await outcomeOf(0));
    }
    const cut = await filmWith(Buffer.concat([codestream.subarray(0, 400_000), Uint8Array.of(0xff, 0xd9)]));
    const { code } = await errorOf(readFilm(cut, LIMITS, new PixelMemory(), 1));
    expect(code).toBe('PIXEL_DATA_CORRUPT');
  });
});

describe('BandThreads', () => {
  test('decodes several bands at once, and again', async () => {
    const threads = new BandThreads();
    const whole = await decodeWhole(codestream, headerOf(image));
    for (let round = 0; round < 2; round += 1) {
      const bands = splitCodestream(codestream, 3) ?? [];
      const decoded = await Promise.all(bands.map((band) => threads.decode({ ...band, header: headerOf(image) })));
      expect(decoded).toHaveLength(3);
      for (const [index, { firstRow, rows }] of bands.entries()) {
        const expected = whole.subarray(firstRow * image.columns, (firstRow + rows) * image.columns);
        expect(decoded[index]).toEqual(expected);
      }
    }
  });

  test('says null of a band that cannot be decoded, and decodes the next', async () => {
    const threads = new BandThreads();
    const band = lastBand(2);
    const wrong = { ...headerOf(image), columns: image.columns + 1 };
    expect(await threads.decode({ ...band, header: wrong })).toBeNull();
    expect(await threads.decode({ ...lastBand(2), header: headerOf(image) })).toHaveLength(band.rows * image.columns);
  });

  test('says null when the thread ended, each time', async () => {
    const threads = new BandThreads(new URL('../../workers/mute-band-worker.ts', import.meta.url));
    for (let count = 0; count < 2; count += 1) {
      expect(await threads.decode({ ...lastBand(2), header: headerOf(image) })).toBeNull();
    }
  });

  test('starts another thread when one has ended while it waited for work', async () => {
    const threads = new BandThreads(new URL('../../workers/mortal-band-worker.ts', import.meta.url));
    for (let count = 0; count < 3; count += 1) {
      const samples = await threads.decode({ ...lastBand(2), header: headerOf(image) });
      expect(samples).toEqual(Uint16Array.of(1, 2, 3));
      await delay(300);
    }
  });

  test('keeps no process alive', async () => {
    const script = `
      const { readFilm, PixelMemory } = await import(${JSON.stringify(new URL('../../../../src/dicom/film.ts', import.meta.url).href)});
      const { film } = await readFilm(process.argv[1], ${JSON.stringify(LIMITS)}, new PixelMemory(), 1);
      console.log(film.words.length);
    `;
    const path = await filmWith(codestream);
    // Ended by the time limit, it would reject.
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, path], {
      timeout: 20_000,
    });
    expect(stdout.trim()).toBe(String(image.rows * image.columns));
  });
});
