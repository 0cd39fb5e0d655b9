/** Reads films in a thread, as the pool's workers do: one reply a path, with the digest of the words. */
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { PixelMemory, readFilm } from '../../../src/dicom/film.ts';

const memory = new PixelMemory();

parentPort?.on('message', async (path: string) => {
  const limits = { maxFileBytes: 64 * 2 ** 20, maxHeaderBytes: 2 ** 20, maxDimension: 4096 };
  const answer = await readFilm(path, limits, memory).then(
    ({ film: { words } }) => createHash('sha256').update(words).digest('hex'),
    (error: { code: string }) => error.code,
  );
  parentPort?.postMessage(answer);
});
