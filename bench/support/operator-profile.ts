/** Where the time of a graph goes, by operator, as ONNX Runtime itself tells it. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { NumericTensor } from '../../src/inference/graph-runner.ts';

const RUNS = 30;

/** An event of the profile; times in microseconds. */
interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

/**
 * Milliseconds of each operator for one film on one thread, the slowest first. Profiling itself costs a few per cent, so the shares
 * are what to look at.
 *
 * @param folder - for ONNX Runtime's file
 */
export async function profileOperators(
  bytes: Uint8Array,
  inputs: Readonly<Record<string, NumericTensor>>,
  folder: string,
): Promise<readonly [operator: string, milliseconds: number][]> {
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    enableProfiling: true,
    profileFilePrefix: join(folder, 'profile'),
  });
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { data, dims }]) => [
      name,
      new Tensor('float32', Float32Array.from(data), dims),
    ]),
  );
  for (let run = 0; run < RUNS; run += 1) await session.run(feeds);
  session.endProfiling();
  await session.release();
  const file = (await readdir(folder)).find((name) => name.startsWith('profile')) ?? '';
  const events: ProfileEvent[] = JSON.parse(await readFile(join(folder, file), 'utf8'));
  const totals = new Map<string, number>();
  for (const { cat, name, dur, args } of events) {
    const operator = args?.op_name;
    if (cat !== 'Node' || operator === undefined || !name.endsWith('_kernel_time')) continue;
    totals.set(operator, (totals.get(operator) ?? 0) + dur / 1000 / RUNS);
  }
  return [...totals].sort(([, a], [, b]) => b - a);
}
