/** JPEG 2000 by as many threads as have nothing else to do (see split-codestream.ts). */
import type { Samples, TakeSamples } from '../codecs/codec.ts';
import { decodeJpeg2000 } from '../codecs/cornerstone.ts';
import type { CodestreamHeader } from '../codestream.ts';
import { BandThreads } from './band-threads.ts';
import { type BandCodestream, splitCodestream } from './split-codestream.ts';

/**
 * Smaller films gain little, since each band does the whole wavelet: one of 2048 x 2048 in 484 kB takes 165 ms whole and 122 to 134
 * in two bands, with 14 ms to split it.
 */
const WORTHWHILE_BYTES = 512 * 1024;
/** Each band holds a whole image in its thread: see band-threads.ts. */
const MAXIMUM_BANDS = 4;

const threads = new BandThreads();

/**
 * Decodes one grey frame whose header was checked, with this thread and others.
 *
 * @param spareThreads - how many more threads may run
 * @throws GatewayError PIXEL_DATA_CORRUPT
 */
export async function decodeInBands(
  codestream: Uint8Array,
  header: CodestreamHeader,
  take: TakeSamples,
  spareThreads: number,
): Promise<void> {
  const wanted = Math.min(spareThreads + 1, MAXIMUM_BANDS);
  const bands = wanted < 2 || codestream.length < WORTHWHILE_BYTES ? null : splitCodestream(codestream, wanted);
  // Whatever fails in a band is found out by decoding the whole: only that can say what a film has.
  if (bands === null || !(await isDecoded(bands, header, take))) await decodeJpeg2000(codestream, header, take);
}

async function isDecoded(
  [own, ...others]: readonly BandCodestream[],
  header: CodestreamHeader,
  take: TakeSamples,
): Promise<boolean> {
  if (own === undefined) return false;
  const pending = others.map(async (band) => ({ band, samples: await threads.decode({ ...band, header }) }));
  const pixelOf = (row: number): number => row * header.columns;
  const isOwnDecoded = await decodeJpeg2000(own.codestream, header, (samples: Samples) =>
    take(samples.subarray(pixelOf(own.firstRow), pixelOf(own.firstRow + own.rows)), pixelOf(own.firstRow)),
  ).then(
    () => true,
    () => false,
  );
  const decoded = await Promise.all(pending);
  for (const { band, samples } of decoded) if (samples !== null) take(samples, pixelOf(band.firstRow));
  return isOwnDecoded && decoded.every(({ samples }) => samples !== null);
}
