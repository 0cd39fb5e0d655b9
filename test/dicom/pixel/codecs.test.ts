/** The life of the WebAssembly codecs in the threads that use them. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CodecInstance } from '../../../src/dicom/pixel/codecs/instance.ts';
import { JPEG_LOSSLESS, READABLE_TRANSFER_SYNTAXES } from '../../../src/dicom/transfer-syntaxes.ts';
import { encapsulatedFilm } from '../../support/encoded-films.ts';
import { errorOf, fileOf, filmOf } from '../support.ts';
import { elementsOf, encode, encodedFilm, grey } from './support.ts';

describe('an instance', () => {
  const counting = (initialBytes = 1024) => {
    const loads: { HEAPU8: Uint8Array }[] = [];
    const instance = new CodecInstance(async () => {
      const module = { HEAPU8: heapOf(initialBytes) };
      loads.push(module);
      return module;
    });
    return { loads, instance };
  };

  /** Of a heap only the length is looked at. */
  const heapOf = (length: number) => Object.create(Uint8Array.prototype, { length: { value: length } }) as Uint8Array;
  const grow = (module: { HEAPU8: Uint8Array }) => {
    module.HEAPU8 = heapOf(161 * 2 ** 20);
  };

  test('is made when it is first used, and kept', async () => {
    const { loads, instance } = counting();
    expect(loads).toHaveLength(0);
    await instance.run(() => {});
    await instance.run(() => {});
    expect(loads).toHaveLength(1);
  });

  test('is dropped after an error, which becomes PIXEL_DATA_CORRUPT', async () => {
    const { loads, instance } = counting();
    const failing = instance.run(() => {
      // Emscripten throws the addresses of C++ exceptions.
      throw 123_456;
    });
    expect((await errorOf(failing)).code).toBe('PIXEL_DATA_CORRUPT');
    await instance.run(() => {});
    expect(loads).toHaveLength(2);
  });

  test('is dropped when its heap has grown too large', async () => {
    const { loads, instance } = counting();
    await instance.run(grow);
    await instance.run(() => {});
    expect(loads).toHaveLength(2);
  });

  test('that begins with a large heap is kept until it grows', async () => {
    const { loads, instance } = counting(256 * 2 ** 20);
    await instance.run(() => {});
    await instance.run(() => {});
    expect(loads).toHaveLength(1);
  });

  test('that cannot be made is tried again, and is no fault of the film', async () => {
    let attempts = 0;
    const instance = new CodecInstance(async () => {
      attempts += 1;
      if (attempts === 1) throw new Error('no such file');
      return { HEAPU8: new Uint8Array(1) };
    });
    expect((await errorOf(instance.run(() => {}))).code).toBe('INTERNAL');
    await instance.run(() => {});
  });
});

test('two threads read films of every syntax, each with codecs of its own', async () => {
  const image = grey(12);
  const digest = createHash('sha256').update(image.words).digest('hex');
  const syntaxes = READABLE_TRANSFER_SYNTAXES.filter(({ encapsulated, lossless }) => encapsulated && lossless);
  const paths = await Promise.all(syntaxes.map(async ({ uid }) => fileOf(await encodedFilm(uid, image))));
  const read = async (): Promise<string[]> => {
    const worker = new Worker(new URL('../workers/film-worker.ts', import.meta.url));
    onTestFinished(async () => {
      await worker.terminate();
    });
    const answers: string[] = [];
    for (const path of paths) {
      worker.postMessage(path);
      answers.push((await once(worker, 'message'))[0]);
    }
    return answers;
  };
  const answers = await Promise.all([read(), read()]);
  expect(answers.flat()).toEqual([...paths, ...paths].map(() => digest));
});

test('damaged films one after another leave no memory behind', async () => {
  const image = grey(12);
  const frame = Buffer.from(await encode(JPEG_LOSSLESS, image));
  const damaged = Buffer.concat([frame.subarray(0, frame.length >> 1), Uint8Array.of(0xff, 0xd9)]);
  const film = encapsulatedFilm(elementsOf(image), JPEG_LOSSLESS, [damaged]);
  await errorOf(filmOf(film));
  const before = process.memoryUsage().rss;
  for (let count = 0; count < 60; count += 1) expect((await errorOf(filmOf(film))).code).toBe('PIXEL_DATA_CORRUPT');
  // 60 instances that stayed would be 1 GiB.
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(300);
});
