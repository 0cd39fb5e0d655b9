/** The gateway's own engine in its several settings, for the engines bench. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Disposables } from '../../src/disposables.ts';
import { GraphRunner } from '../../src/inference/graph-runner.ts';
import { InferencePool } from '../../src/inference/pool.ts';
import { ModelSession } from '../../src/inference/session.ts';
import { LIMITS } from './built.ts';
import { type EngineInputs, modelBytes } from './engine-inputs.ts';
import { BATCH, CEILING, type Contender, FLOAT, IN_PROCESS, poolName, WORKERS } from './engine-names.ts';
import { type OperatorCeiling, openOperatorCeiling } from './operator-ceiling.ts';
import { profileOperators } from './operator-profile.ts';
import { rate } from './rate.ts';
import type { TensorFeed } from './tensor-worker.ts';

const TENSOR_WORKER = new URL('./tensor-worker.ts', import.meta.url);

/** Ready to be measured. */
export interface GatewayEngines extends AsyncDisposable {
  readonly contenders: readonly Contender[];
  readonly ceiling: OperatorCeiling;
}

/** The gateway's engine, the FP32 graph in the same runtime, and the convolutions by themselves. */
export async function openGatewayEngines(inputs: EngineInputs): Promise<GatewayEngines> {
  const { int8, float, tensors } = inputs;
  const opened = new Disposables();
  const { name: inputName, channels, height, width } = int8.manifest.input;
  const batchOf = (films: readonly Float32Array[]) => ({
    [inputName]: { dims: [films.length, channels, height, width], data: joined(films) },
  });
  const bytes = await modelBytes(int8);
  const ceiling = opened.use(await openOperatorCeiling(bytes, batchOf(tensors.slice(0, 1))));
  const session = await ModelSession.load(int8, 1);
  opened.defer(() => session.release());
  const batched = opened.use(await GraphRunner.load(bytes));
  const batch = batchOf(tensors.slice(0, BATCH));
  const contenders: Contender[] = [
    { name: CEILING, measure: () => ceiling.measure() },
    {
      name: IN_PROCESS,
      measure: (milliseconds) =>
        rate(
          inTurn(tensors, (film) => session.run(film)),
          1,
          milliseconds,
        ),
    },
    {
      name: `fused INT8, one thread, batch ${BATCH}`,
      measure: async (milliseconds) => BATCH * (await rate(() => batched.run(batch), 1, milliseconds)),
    },
  ];
  for (const threads of new Set([1, WORKERS])) {
    contenders.push(await tensorPool(inputs, threads, 1, opened));
    contenders.push(await filmPool(inputs, threads, opened));
  }
  contenders.push(await tensorPool(inputs, WORKERS, BATCH, opened));
  if (float !== undefined) {
    const graph = await readFile(float);
    for (const threads of new Set([1, WORKERS])) {
      const runner = opened.use(await GraphRunner.load(graph, threads));
      const films = tensors.map((tensor) => batchOf([tensor]));
      const run = inTurn(films, (film) => runner.run(film));
      contenders.push({
        name: `${FLOAT}, ${threads} thread${threads === 1 ? '' : 's'}`,
        measure: (milliseconds) => rate(run, 1, milliseconds),
      });
    }
  }
  return { contenders, ceiling, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

/** The pool on ready tensors, as the other toolkits have them. */
async function tensorPool(
  { int8, tensorFile }: EngineInputs,
  threads: number,
  batch: number,
  opened: Disposables,
): Promise<Contender> {
  const { name, channels, height, width } = int8.manifest.input;
  const path = `${tensorFile}.${batch}.json`;
  const feed: TensorFeed = {
    model: join(int8.directory, int8.manifest.file),
    input: name,
    tensors: tensorFile,
    shape: [batch, channels, height, width],
  };
  await writeFile(path, JSON.stringify(feed));
  const options = { threads, intraOpThreads: 1, timeoutMs: 60_000, workerFile: TENSOR_WORKER };
  const pool = opened.use(new InferencePool(options));
  const read = () => pool.read({ path, model: int8, limits: LIMITS });
  return {
    name: poolName(threads, batch),
    measure: async (milliseconds) => batch * (await rate(read, threads + 1, milliseconds)),
  };
}

/** The pool as the gateway has it: a DICOM file in, findings out. */
async function filmPool({ int8, film }: EngineInputs, threads: number, opened: Disposables): Promise<Contender> {
  const pool = opened.use(new InferencePool({ threads, intraOpThreads: 1, timeoutMs: 60_000 }));
  await pool.warmUp(int8);
  const read = () => pool.read({ path: film, model: int8, limits: LIMITS });
  return {
    name: `${poolName(threads, 1)}, from DICOM files`,
    measure: (milliseconds) => rate(read, threads + 1, milliseconds),
  };
}

function joined(films: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(films.reduce((length, film) => length + film.length, 0));
  films.reduce((offset, film) => {
    all.set(film, offset);
    return offset + film.length;
  }, 0);
  return all;
}

/** A function that takes one item after another, again and again. */
function inTurn<T>(items: readonly T[], work: (item: T) => Promise<unknown>): () => Promise<unknown> {
  let next = 0;
  return () => work(items[next++ % items.length] as T);
}

/** Operators that take more than a hundredth of the time. */
export async function profileOf(
  { int8, tensors }: EngineInputs,
  folder: string,
): Promise<readonly [operator: string, milliseconds: number][]> {
  const { name, channels, height, width } = int8.manifest.input;
  const image = { dims: [1, channels, height, width], data: joined(tensors.slice(0, 1)) };
  const profile = await profileOperators(await modelBytes(int8), { [name]: image }, folder);
  const total = profile.reduce((sum, [, milliseconds]) => sum + milliseconds, 0);
  return profile.filter(([, milliseconds]) => milliseconds > total / 100);
}
