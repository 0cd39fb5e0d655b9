/** A worker that misbehaves for films whose file name says so, and is the real one for all others. */
import { basename } from 'node:path';
import { read as readForReal } from '../../src/inference/read-worker.ts';

export { measureEngines, renderHeatMap, renderPreview, warmUp } from '../../src/inference/read-worker.ts';

export const read: typeof readForReal = (task) => {
  switch (basename(task.path)) {
    case 'exit.dcm':
      process.exit(3);
      break;
    case 'throw.dcm':
      setImmediate(() => {
        throw new Error('thrown where nobody catches it');
      });
      return new Promise(() => {});
    case 'reject.dcm':
      return Promise.reject(new Error('rejected instead of answered'));
    case 'hang.dcm':
      for (;;);
  }
  return readForReal(task);
};
