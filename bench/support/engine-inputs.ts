/** What all engines of the bench are given: films as tensors, the INT8 and the FP32 form of the same net. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readFilm } from '../../src/dicom/film.ts';
import { enginesOf } from '../../src/inference/engine.ts';
import { filmFiles, filmTensors } from '../../src/inference/films/film-folder.ts';
import { preprocess } from '../../src/inference/preprocess.ts';
import { discoverModels, type ModelPackage } from '../../src/inference/registry.ts';
import { LIMITS, MODELS } from './built.ts';
import { writePhantoms } from './films.ts';
import { writeModelAtSize } from './model-at-size.ts';

const FILMS = 32;

/** Films and models at one size. */
export interface EngineInputs {
  readonly int8: ModelPackage;
  /** Path of the FP32 graph; undefined where there is none. */
  readonly float: string | undefined;
  readonly tensors: readonly Float32Array[];
  /** Path of all tensors, one after another. */
  readonly tensorFile: string;
  /** A film whose reading costs next to nothing. */
  readonly film: string;
  /** Whether the films are real ones. */
  readonly real: boolean;
}

/**
 * Real films where the folder `shared` lies beside the checkout, else phantoms.
 *
 * @param folder - for files
 * @param size - rows and columns of the input
 */
export async function engineInputs(folder: string, size: number): Promise<EngineInputs> {
  const [shipped] = await discoverModels(MODELS);
  if (shipped === undefined) throw new Error('models/ is empty');
  const int8 = await writeModelAtSize(shipped, size, join(folder, 'model'));
  const phantoms = await writePhantoms(folder, FILMS, size, 1);
  const shared = process.env.CXR_SHARED ?? resolve(MODELS, '..', '..', 'shared');
  const real = join(shared, 'data', 'nih', 'calibration');
  const tensors = existsSync(real) ? await realTensors(real, int8) : await phantomTensors(phantoms, int8);
  const tensorFile = join(folder, 'films.f32');
  await writeFile(tensorFile, Buffer.concat(tensors.map(({ buffer }) => new Uint8Array(buffer))));
  return {
    int8,
    float: floatGraph(shipped, shared),
    tensors,
    tensorFile,
    film: phantoms[0] ?? '',
    real: existsSync(real),
  };
}

/** As PyTorch exported it, which is what other toolkits are made for; else an FP32 engine of the model. */
function floatGraph({ directory, manifest }: ModelPackage, shared: string): string | undefined {
  const exported = join(shared, 'model', 'chexnet-demo.fp32.onnx');
  if (existsSync(exported)) return exported;
  const engine = enginesOf(manifest).find(({ precision }) => precision === 'FP32');
  return engine === undefined ? undefined : join(directory, engine.file);
}

async function realTensors(folder: string, { manifest }: ModelPackage): Promise<Float32Array[]> {
  const files = (await filmFiles(folder)).slice(0, FILMS);
  const onFailure = (_file: string, error: Error) => {
    throw error;
  };
  const tensors: Float32Array[] = [];
  for await (const { input } of filmTensors(folder, files, manifest, { limits: LIMITS, onFailure }))
    tensors.push(input);
  return tensors;
}

async function phantomTensors(paths: readonly string[], { manifest }: ModelPackage): Promise<Float32Array[]> {
  const tensors: Float32Array[] = [];
  for (const path of paths) tensors.push(preprocess((await readFilm(path, LIMITS)).film, manifest));
  return tensors;
}

/** Bytes of a model's ONNX file. */
export function modelBytes({ directory, manifest }: ModelPackage): Promise<Buffer> {
  return readFile(join(directory, manifest.file));
}
