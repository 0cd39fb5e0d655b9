import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const DIST = resolve(import.meta.dirname, '..', 'dist');
const MEBIBYTE = 2 ** 20;

/** Lines that a Node.js process prints; the settings are wrong, so that serve ends once it has loaded everything. */
async function linesOf(...args: readonly string[]): Promise<string[]> {
  const env = { PATH: process.env.PATH, PORT: 'wrong' };
  const run = promisify(execFile)(process.execPath, args, { env });
  const { stdout } = await run.catch((error: { stdout: string }) => error);
  return stdout.trim().split('\n');
}

const asUrl = (script: string) => `data:text/javascript,${encodeURIComponent(script)}`;

const SIZE = `
  import { getHeapSpaceStatistics } from 'node:v8';
  const size = () => getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size;
`;

test('serve has loaded everything with a young generation of 16 MB at most', async () => {
  const script = `${SIZE} process.on('exit', () => console.log(size()));`;
  const [bytes] = await linesOf('--import', asUrl(script), resolve(DIST, 'main.js'), 'serve');
  expect(Number(bytes)).toBeGreaterThan(0);
  expect(Number(bytes)).toBeLessThanOrEqual(16 * MEBIBYTE);
});

test('the young generation grows to 16 MB and no further, that of a worker thread to 4 MB', async () => {
  const work = `
    const kept = [];
    for (let round = 0; round < 800; round += 1) {
      for (let count = 0; count < 2500; count += 1) kept[(round * 2500 + count) % 100000] = [count, {}];
      await new Promise((done) => setImmediate(done));
    }
    console.log(size());
  `;
  const script = `${SIZE}
    import { Worker } from 'node:worker_threads';
    import { keepYoungGenerationsSmall } from '${pathToFileURL(resolve(DIST, 'young-generation.js'))}';
    keepYoungGenerationsSmall();
    ${work}
    new Worker(new URL('${asUrl(SIZE + work).replaceAll("'", '%27')}'));
  `;
  const [own, worker] = (await linesOf('--input-type=module', '--eval', script)).map(Number);
  expect(own).toBe(16 * MEBIBYTE);
  expect(worker).toBeGreaterThan(0);
  expect(worker).toBeLessThanOrEqual(4 * MEBIBYTE);
});
