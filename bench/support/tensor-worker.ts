/**
 * A worker module for the pool that is fed as the other toolkits of the engines bench are: with ready tensors instead of films. What
 * is left of a task is the pool's own way (line, handover to the thread and back) and the model.
 */
import { readFile } from 'node:fs/promises';
import { GraphRunner, type NumericTensor } from '../../src/inference/graph-runner.ts';
import { NativeGate } from '../../src/inference/native-gate.ts';
import type { ModelReference, WorkerAnswer } from '../../src/inference/reading.ts';

/** What the file at a task's path holds, as JSON. */
export interface TensorFeed {
  /** ONNX file. */
  readonly model: string;
  readonly input: string;
  /** File of float32 values, film after film. */
  readonly tensors: string;
  /** Films of one task, channels, height, width. */
  readonly shape: readonly [films: number, channels: number, height: number, width: number];
}

interface Prepared {
  readonly runner: GraphRunner;
  readonly batches: readonly Record<string, NumericTensor>[];
}

const prepared = new Map<string, Promise<Prepared>>();
let turn = 0;

/** Runs the next films of the feed at `path`. */
export async function read(task: {
  readonly path: string;
  readonly model: ModelReference;
  readonly gate: Int32Array<SharedArrayBuffer>;
}): Promise<WorkerAnswer<readonly NumericTensor[]>> {
  const gate = new NativeGate(task.gate);
  const { runner, batches } = await gate.native(() => feedOf(task.path));
  const batch = batches[turn++ % batches.length] ?? {};
  const outputs = await gate.native(() => runner.run(batch));
  return { ok: true, value: [...outputs.values()] };
}

function feedOf(path: string): Promise<Prepared> {
  const known = prepared.get(path) ?? prepare(path);
  prepared.set(path, known);
  return known;
}

async function prepare(path: string): Promise<Prepared> {
  const feed: TensorFeed = JSON.parse(await readFile(path, 'utf8'));
  const bytes = await readFile(feed.tensors);
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const length = feed.shape.reduce((product, size) => product * size, 1);
  const batches = Array.from({ length: Math.floor(values.length / length) }, (_, index) => ({
    [feed.input]: { dims: feed.shape, data: values.subarray(index * length, (index + 1) * length) },
  }));
  return { runner: await GraphRunner.load(await readFile(feed.model)), batches };
}
