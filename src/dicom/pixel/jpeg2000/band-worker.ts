/** What runs in a thread that decodes bands for another: one message in, one out. */
import { parentPort } from 'node:worker_threads';
import type { Samples } from '../codecs/codec.ts';
import { decodeJpeg2000 } from '../codecs/cornerstone.ts';
import type { BandTask } from './band-threads.ts';

parentPort?.on('message', async ({ codestream, header, firstRow, rows }: BandTask) => {
  let samples: Samples | undefined;
  try {
    await decodeJpeg2000(codestream, header, (decoded) => {
      samples = decoded.slice(firstRow * header.columns, (firstRow + rows) * header.columns);
    });
  } catch {
    // The thread that asked decodes the whole film then, and finds out by itself what is wrong with it.
    samples = undefined;
  }
  parentPort?.postMessage(samples, samples === undefined ? [] : [samples.buffer as ArrayBuffer]);
});
