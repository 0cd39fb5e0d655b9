/** `model import`: a checkpoint or graph becomes a model folder. */
import { readFile } from 'node:fs/promises';
import { loadConfig } from '../config.ts';
import { GatewayError } from '../errors.ts';
import { importModel, type NetInput } from '../inference/compile/import-model.ts';
import type { TestImage } from '../inference/compile/verify-extraction.ts';
import { filmFiles, filmTensors } from '../inference/films/film-folder.ts';
import { preprocessingSchema } from '../inference/manifest/preprocessing.ts';
import type { ModelManifest } from '../inference/manifest.ts';
import { note, print } from './output.ts';
import { Progress } from './progress.ts';

/** Options of the command line. */
export interface ImportCommand {
  readonly name: string;
  readonly version: string;
  readonly sha256?: string;
  /** File with one label a line. */
  readonly labels?: string;
  /** JSON file with the manifest's `preprocessing`. */
  readonly preprocessing?: string;
  readonly height?: number;
  readonly width?: number;
  readonly half?: boolean;
  /** Folder of films to check the extracted net on, beside noise. */
  readonly images?: string;
}

/** Films that the extracted net is checked on. */
const CHECKED_FILMS = 8;

const MEBIBYTE = 2 ** 20;

/** Imports into MODELS_DIR. @throws GatewayError as importModel; NOT_FOUND, BAD_REQUEST for the option files */
export async function runImport(source: string, command: ImportCommand): Promise<void> {
  const { name, version, sha256, height, width } = command;
  if ((height === undefined) !== (width === undefined)) {
    throw new GatewayError('BAD_REQUEST', '--height and --width belong together.');
  }
  const labels = command.labels === undefined ? undefined : await readLabelNames(command.labels);
  const preprocessing =
    command.preprocessing === undefined ? undefined : await readPreprocessing(command.preprocessing);
  const progress = new Progress('downloading', 'MiB');
  const mebibytes = (bytes: number) => Math.ceil(bytes / MEBIBYTE);
  const { directory, manifest, kind, check } = await importModel({
    source,
    name,
    version,
    modelsDirectory: loadConfig().modelsDirectory,
    sha256: sha256?.toLowerCase(),
    labels,
    preprocessing,
    size: height === undefined || width === undefined ? undefined : { height, width },
    images: command.images === undefined ? undefined : checkImages(command.images),
    precision: command.half === true ? 'F16' : 'F32',
    onProgress: (received, total) => progress.update(mebibytes(received), total === null ? null : mebibytes(total)),
  }).finally(() => progress.end());
  print(`${manifest.name}@${manifest.version} from ${kind}: ${directory}`);
  print(`  input ${manifest.input.height} x ${manifest.input.width}, ${manifest.labels.length} labels`);
  print(
    `  checked on ${check.images} images, largest logit difference ${check.largestLogitDifference.toExponential(1)}`,
  );
  print(`Next: cxr-gateway model compile ${manifest.name}@${manifest.version} --films FOLDER`);
}

/** The first readable films of a folder as the net takes them in. */
function checkImages(folder: string): (net: NetInput) => Promise<TestImage[]> {
  return async (net) => {
    const { height, width, channels } = net.input;
    const images: TestImage[] = [];
    const onFailure = (file: string, error: GatewayError) => note(`not read: ${file}: ${error.code}: ${error.message}`);
    const reading = { limits: loadConfig().film, onFailure };
    for await (const { input } of filmTensors(folder, await filmFiles(folder), net, reading)) {
      images.push({ height, width, values: input.subarray(0, channels * height * width) });
      if (images.length === CHECKED_FILMS) break;
    }
    return images;
  };
}

async function readLabelNames(path: string): Promise<string[]> {
  const lines = (await readText(path)).split(/\r?\n/).map((line) => line.trim());
  const labels = lines.filter((line) => line !== '');
  if (labels.length === 0) throw new GatewayError('BAD_REQUEST', `${path} holds no label; write one a line.`);
  return labels;
}

async function readPreprocessing(path: string): Promise<ModelManifest['preprocessing']> {
  let json: unknown;
  try {
    json = JSON.parse(await readText(path));
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError('BAD_REQUEST', `${path} is not JSON.`, {}, { cause });
  }
  const parsed = preprocessingSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`);
  throw new GatewayError('BAD_REQUEST', `${path} is no preprocessing of a manifest: ${problems.join('; ')}.`);
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GatewayError('NOT_FOUND', `${path} cannot be read.`, {}, { cause });
  });
}
