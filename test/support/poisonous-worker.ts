/** A worker that dies of any film whose bytes hold the word POISON, and is the real one for all others. */
import { readFile } from 'node:fs/promises';
import { read as readForReal } from '../../src/inference/read-worker.ts';

export { measureEngines, renderHeatMap, renderPreview, warmUp } from '../../src/inference/read-worker.ts';

export const read: typeof readForReal = async (task) => {
  if ((await readFile(task.path)).includes('POISON')) process.exit(7);
  return readForReal(task);
};
