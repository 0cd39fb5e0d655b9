import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readFilm } from '../../../src/dicom/film.ts';
import { makePhantom } from '../../../src/dicom/phantom.ts';
import { filmFiles, filmTensors } from '../../../src/inference/films/film-folder.ts';
import { preprocess } from '../../../src/inference/preprocess.ts';
import { codeOf, limits, noise, shippedModel, temporaryFolder } from '../support.ts';
import { GREY_JPEG, png } from './support.ts';

describe('filmFiles', () => {
  test('every file at any depth, sorted, without hidden ones', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'b', '.cache'), { recursive: true });
    for (const file of ['z.png', 'b/a.dcm', 'b/.cache/x.png', '.DS_Store']) await writeFile(join(folder, file), '');
    await symlink(join(folder, 'z.png'), join(folder, 'a.png'));
    expect(await filmFiles(folder)).toEqual(['a.png', 'b/a.dcm', 'z.png']);
  });

  test('refuses a folder that is missing or empty', async () => {
    const folder = await temporaryFolder();
    expect(await codeOf(filmFiles(folder))).toBe('NOT_FOUND');
    expect(await codeOf(filmFiles(join(folder, 'none')))).toBe('NOT_FOUND');
  });
});

describe('filmTensors', () => {
  test('DICOM, PNG and JPEG by content; what cannot be read is told and stepped over', async () => {
    const { manifest } = await shippedModel();
    const folder = await temporaryFolder();
    const phantom = join(folder, 'a-phantom');
    await writeFile(
      phantom,
      makePhantom({ seed: 3, rows: 300, columns: 260, photometricInterpretation: 'MONOCHROME1' }),
    );
    const words = noise(4, 200 * 150, 65_536);
    await writeFile(join(folder, 'b.jpg'), png(words, 1, 200));
    await writeFile(join(folder, 'c.png'), GREY_JPEG);
    await writeFile(join(folder, 'd.png'), png(Uint8Array.of(1, 2, 3), 1).subarray(0, 40));
    await writeFile(join(folder, 'e.csv'), 'image,Mass\n');
    await writeFile(join(folder, 'f.dcm'), makePhantom({ seed: 5, elements: { '00185101': ['CS', 'LL'] } }));
    const files = await filmFiles(folder);
    const failures: string[] = [];
    const progress: number[] = [];
    const tensors = new Map<string, Float32Array>();
    const reading = {
      limits,
      onFailure: (file: string, error: { code: string }) => failures.push(`${file}: ${error.code}`),
      onProgress: (done: number) => progress.push(done),
    };
    for await (const { file, input } of filmTensors(folder, [...files, 'gone.png'], manifest, reading)) {
      tensors.set(file, input);
    }
    expect([...tensors.keys()]).toEqual(['a-phantom', 'b.jpg', 'c.png']);
    expect(failures).toEqual([
      'd.png: IMAGE_FORMAT_UNSUPPORTED',
      'e.csv: NOT_DICOM',
      'f.dcm: IMAGE_FORMAT_UNSUPPORTED',
      'gone.png: NOT_FOUND',
    ]);
    expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7]);
    // The DICOM film as the worker threads read it; the PNG as 8-bit grey.
    const { film } = await readFilm(phantom, limits);
    expect(tensors.get('a-phantom')).toEqual(preprocess(film, manifest));
    const grey = Uint8Array.from(words, (word) => Math.round((word * 255) / 65_535));
    const lookup = Uint8Array.from({ length: 256 }, (_, value) => value);
    expect(tensors.get('b.jpg')).toEqual(preprocess({ rows: 200, columns: 150, words: grey, lookup }, manifest));
  });

  test('a film is read when it is asked for, not before', async () => {
    const { manifest } = await shippedModel();
    const folder = await temporaryFolder();
    for (const file of ['a.png', 'b.png']) await writeFile(join(folder, file), png(noise(1, 400, 256), 1, 20));
    const tensors = filmTensors(folder, ['a.png', 'b.png'], manifest, {
      limits,
      onFailure: (_, error) => {
        throw error;
      },
    });
    expect((await tensors.next()).value?.file).toBe('a.png');
    await rm(join(folder, 'b.png'));
    await expect(tensors.next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
