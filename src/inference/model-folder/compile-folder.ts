/** Compiles the model of a folder: weights and films in, calibration and INT8 graphs out, card and manifest brought up to date. */
import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { calibrate, passesOf } from '../compile/calibrate.ts';
import { type Calibration, parseCalibration, type RangeMethod } from '../compile/calibration.ts';
import type { DenseNet } from '../compile/dense-net.ts';
import { type Engine, enginesOf } from '../engine.ts';
import { readEvaluation } from '../evaluate/read-evaluation.ts';
import { type FilmReading, filmFiles, filmTensors } from '../films/film-folder.ts';
import { type ModelManifest, parseManifest } from '../manifest.ts';
import { replaceCard } from '../model-card/write-card.ts';
import { readManifest } from '../registry.ts';
import { MANIFEST_FILE } from '../serving-manifest.ts';
import { digestOf, type EngineKind, fileOf, graphNames, makeGraph } from './engine-files.ts';
import { replaceFile, toJson } from './replace-file.ts';
import { netOf } from './weights.ts';

/** Name of the calibration within a model folder. */
export const CALIBRATION_FILE = 'calibration.json';

/** How to compile. */
export interface CompileTask {
  readonly directory: string;
  /** Folder of films to calibrate on, or a calibration made before. */
  readonly source: { readonly films: string } | { readonly calibration: string };
  readonly method: RangeMethod;
  /** Size of the input in pixels; that of the manifest unless told. */
  readonly height?: number | undefined;
  readonly width?: number | undefined;
  /** Whether a graph with 7-bit weights, for processors without VNNI, is written too. */
  readonly reduceRange: boolean;
  /** Whether the FP32 graph stays in the folder, to be served where INT8 is not faster; it can be made from the weights. */
  readonly keepFloat: boolean;
  /** ONNX Runtime threads of the calibration. */
  readonly threads: number;
  readonly limits: FilmReading['limits'];
  readonly onFailure: FilmReading['onFailure'];
  /** Told after each film of each pass over them. */
  readonly onProgress: (done: number, total: number) => void;
}

/** What was compiled. */
export interface Compiled {
  readonly engines: readonly Engine[];
  readonly calibration: Pick<Calibration, 'films' | 'method' | 'warning'>;
}

/**
 * Compiles. The manifest is written last; metrics of other bytes than those that come out are taken from it.
 *
 * @throws GatewayError MODEL_INVALID; NOT_FOUND without films; BAD_REQUEST for a size that the graph cannot have
 */
export async function compileFolder(task: CompileTask): Promise<Compiled> {
  const { directory } = task;
  const before = await readManifest(directory);
  if (before === null) throw new GatewayError('MODEL_INVALID', `${basename(directory)} holds no ${MANIFEST_FILE}.`);
  const net = await netOf(directory);
  const input = {
    ...before.input,
    height: task.height ?? before.input.height,
    width: task.width ?? before.input.width,
  };
  const manifest = { ...before, input };
  const calibration =
    'films' in task.source
      ? await calibrateOnFilms(net, manifest, task.source.films, task)
      : parseCalibration(await readText(task.source.calibration), net);
  const kinds: EngineKind[] = [{ precision: 'INT8', weightBits: 8 }];
  if (task.reduceRange) kinds.push({ precision: 'INT8', weightBits: 7 });
  const engines: Engine[] = [];
  for (const kind of kinds) {
    const graph = makeGraph(kind, net, calibration, manifest);
    const file = fileOf(kind);
    await replaceFile(join(directory, file), graph);
    engines.push({ ...kind, file, digest: digestOf(graph) });
  }
  const float = enginesOf(before).find(({ precision }) => precision === 'FP32');
  if (float !== undefined && task.keepFloat) engines.push(float);
  await replaceFile(join(directory, CALIBRATION_FILE), toJson(calibration));
  const compiled = compiledManifest(manifest, before, engines, calibration);
  const after = parseManifest(JSON.stringify(compiled), before.name);
  await replaceCard(directory, after, await readEvaluation(directory));
  await replaceFile(join(directory, MANIFEST_FILE), toJson(after));
  if (float !== undefined && !task.keepFloat) await rm(join(directory, float.file), { force: true });
  return { engines, calibration };
}

/** Films that the first pass could not read are left out of the second. */
async function calibrateOnFilms(
  net: DenseNet,
  manifest: ModelManifest,
  folder: string,
  { method, threads, limits, onFailure, onProgress }: CompileTask,
): Promise<Calibration> {
  const { height, width, channels } = manifest.input;
  const size = channels * height * width;
  const all = await filmFiles(folder);
  const total = passesOf(method) * all.length;
  let pass = 0;
  const readable = new Set(all);
  async function* images(): AsyncGenerator<Float32Array> {
    const before = pass++ * all.length;
    const reading: FilmReading = {
      limits,
      onFailure: (file, error) => {
        readable.delete(file);
        onFailure(file, error);
      },
      onProgress: (done) => onProgress(before + done, total),
    };
    for await (const { input } of filmTensors(folder, [...readable], manifest, reading)) {
      for (let start = 0; start < input.length; start += size) yield input.subarray(start, start + size);
    }
  }
  const films = { [Symbol.asyncIterator]: images };
  const calibration = await calibrate(net, films, { height, width, method, threads });
  onProgress(total, total);
  return calibration;
}

function compiledManifest(
  manifest: ModelManifest,
  before: ModelManifest,
  [main, ...others]: readonly Engine[],
  { films, method }: Calibration,
): unknown {
  if (main === undefined) return manifest;
  const names = graphNames(manifest);
  const { weightBits: _, alternatives: __, ...shared } = manifest;
  const quantization =
    `INT8 weights per output channel, uint8 activations with a range per channel by ${method} over ${films} calibration ` +
    `images of ${manifest.input.height} x ${manifest.input.width}`;
  return {
    ...shared,
    file: main.file,
    sha256: main.digest,
    precision: main.precision,
    ...(others.length === 0 ? {} : { alternatives: others.map(engineEntry) }),
    input: { ...manifest.input, name: names.input },
    outputs: names.outputs,
    metrics: main.digest === before.sha256 ? manifest.metrics : [],
    provenance: { ...manifest.provenance, quantization },
  };
}

function engineEntry({ file, digest, precision, weightBits }: Engine): object {
  return { file, sha256: digest, precision, ...(precision === 'INT8' && weightBits === 7 ? { weightBits } : {}) };
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GatewayError('NOT_FOUND', `The calibration ${path} cannot be read.`, {}, { cause });
  });
}
