/** What the tests of this folder share. */
import { type CalibrateOptions, calibrate } from '../../../src/inference/compile/calibrate.ts';
import type { Calibration } from '../../../src/inference/compile/calibration.ts';
import type { DenseNet } from '../../../src/inference/compile/dense-net.ts';
import type { Normalisation } from '../../../src/inference/compile/stem.ts';
import { GraphRunner, type NumericTensor } from '../../../src/inference/graph-runner.ts';
import { greyFilms, normalised } from './tiny-net.ts';

/** Float outputs by the names of the compiled graphs. */
export interface FloatOutputs {
  readonly prob: NumericTensor<Float32Array>;
  readonly logit: NumericTensor<Float32Array>;
  readonly cam: NumericTensor<Float32Array>;
}

/** Runs a model on one image tensor; `names` where its outputs are called otherwise. Outputs that it lacks are empty. */
export async function runOnce(
  model: Uint8Array,
  image: NumericTensor,
  names: Partial<Record<keyof FloatOutputs, string>> = {},
): Promise<FloatOutputs> {
  const results = await runAll(model, image);
  const output = (name: keyof FloatOutputs): NumericTensor<Float32Array> => {
    const tensor = results.get(names[name] ?? name);
    if (tensor === undefined) return { dims: [], data: new Float32Array(0) };
    if (!(tensor.data instanceof Float32Array)) throw new Error(`${name} is no float tensor`);
    return { dims: tensor.dims, data: tensor.data };
  };
  return { prob: output('prob'), logit: output('logit'), cam: output('cam') };
}

/** Runs a model on one image tensor; all outputs. */
export async function runAll(model: Uint8Array, image: NumericTensor): Promise<ReadonlyMap<string, NumericTensor>> {
  const runner = await GraphRunner.load(model);
  try {
    return await runner.run({ image });
  } finally {
    await runner[Symbol.asyncDispose]();
  }
}

export function largestDifference(one: Float32Array, other: Float32Array): number {
  if (one.length !== other.length) return Number.POSITIVE_INFINITY;
  return one.reduce((largest, value, index) => Math.max(largest, Math.abs(value - (other[index] ?? Number.NaN))), 0);
}

/** Calibrates a small net on synthetic films. */
export function calibrateOn(
  net: DenseNet,
  normalisation: Normalisation,
  options: Partial<CalibrateOptions> & { readonly films?: number } = {},
): Promise<Calibration> {
  const { films = 8, height = 32, width = 32, ...rest } = options;
  const inputs = greyFilms(films, height, width).map((film) => normalised(film, normalisation));
  return calibrate(net, inputs, { height, width, ...rest });
}

/** The first of the films that calibrateOn shows, as one tensor: so that nothing is clipped. */
export function imageOf(count: number, height: number, width: number, normalisation: Normalisation): NumericTensor {
  const films = greyFilms(count, height, width).map((film) => normalised(film, normalisation));
  const channels = normalisation.mean.length;
  const data = new Float32Array(count * channels * height * width);
  films.forEach((film, index) => {
    data.set(film, index * film.length);
  });
  return { dims: [count, channels, height, width], data };
}
