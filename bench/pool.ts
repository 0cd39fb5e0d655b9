/**
 * Films a second through the inference pool at 224x224, with one worker and with one a core, beside the same work done in
 * the main thread; and how late the main thread's event loop runs while the pool is saturated. The three take turns, so a
 * machine that changes its speed changes it for all. Films are 256x256, so that reading them costs next to nothing.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readFilm } from '../src/dicom/film.ts';
import { InferencePool } from '../src/inference/pool.ts';
import { preprocess } from '../src/inference/preprocess.ts';
import { discoverModels } from '../src/inference/registry.ts';
import { ModelSession } from '../src/inference/session.ts';
import { LIMITS, MODELS } from './support/built.ts';
import { temporaryFolder, writePhantoms } from './support/films.ts';
import { writeModelAtSize } from './support/model-at-size.ts';
import { rate } from './support/rate.ts';
import { type Bench, goal, median } from './support/report.ts';

const ROUNDS = 7;
const ROUND_MS = 3000;
const SIZE = 224;

export const poolBench: Bench = async () => {
  await using folder = await temporaryFolder('bench-pool');
  const [shipped] = await discoverModels(MODELS);
  if (shipped === undefined) throw new Error('models/ is empty');
  const model = await writeModelAtSize(shipped, SIZE, join(folder.path, 'model'));
  const [path = ''] = await writePhantoms(folder.path, 1, 256, 1);
  const workers = availableParallelism();
  const session = await ModelSession.load(model, 1);
  await using one = new InferencePool({ threads: 1, intraOpThreads: 1, timeoutMs: 60_000 });
  await using many = new InferencePool({ threads: workers, intraOpThreads: 1, timeoutMs: 60_000 });
  await Promise.all([one.warmUp(model), many.warmUp(model)]);
  const delay = monitorEventLoopDelay({ resolution: 1 });

  const inProcess = async () => {
    const { film } = await readFilm(path, LIMITS);
    await session.run(preprocess(film, session.manifest));
  };
  const throughPool = (pool: InferencePool) => () => pool.read({ path, model, limits: LIMITS });
  const rates = { inProcess: [] as number[], oneWorker: [] as number[], allWorkers: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    rates.inProcess.push(await rate(inProcess, 1, ROUND_MS));
    rates.oneWorker.push(await rate(throughPool(one), 2, ROUND_MS));
    delay.enable();
    rates.allWorkers.push(await rate(throughPool(many), workers + 1, ROUND_MS));
    delay.disable();
  }
  const [main, single, all] = [median(rates.inProcess), median(rates.oneWorker), median(rates.allWorkers)];
  const milliseconds = (nanoseconds: number) => nanoseconds / 1e6;
  const delayP99 = milliseconds(delay.percentile(99));
  return {
    figures: {
      'in-process run(), img/s': main,
      'pool of 1, img/s': single,
      [`pool of ${workers}, img/s`]: all,
      'event-loop delay while saturated p50, ms': milliseconds(delay.percentile(50)),
      'event-loop delay while saturated p99, ms': delayP99,
    },
    goals: [
      goal(`pool of ${workers} / pool of 1`, all / single, '>=', 1.8),
      goal('event-loop delay while saturated p99, ms', delayP99, '<=', 10),
    ],
  };
};
