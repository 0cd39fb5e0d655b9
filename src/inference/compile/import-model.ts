/** A public or private DenseNet-121 becomes a model version of the gateway, in FP32: the start of `model compile`. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { type ModelManifest, parseManifest } from '../manifest.ts';
import { CARD_FILE, cardMarkdown } from '../model-card/card-markdown.ts';
import { MANIFEST_FILE } from '../serving-manifest.ts';
import {
  type CheckpointKind,
  checkpointKind,
  MAXIMUM_CHECKPOINT_BYTES,
  parseCheckpoint,
  readBounded,
} from './checkpoint/read-checkpoint.ts';
import { readSafetensors, writeSafetensors } from './checkpoint/safetensors.ts';
import type { DenseNet } from './dense-net.ts';
import { download } from './download.ts';
import { emitFloat } from './emit-float.ts';
import { extractFromOnnx } from './extract/from-onnx.ts';
import { netFromStateDict, thresholdsOf } from './extract/from-state-dict.ts';
import { labelsFor } from './extract/labels.ts';
import { stateDictFromNet } from './extract/to-state-dict.ts';
import { type Preprocessing, presetPreprocessing, valueRange } from './import-preprocessing.ts';
import { importedManifest } from './imported-manifest.ts';
import { decodeModel } from './onnx/decode.ts';
import { encodeModel } from './onnx/encode.ts';
import { type ExtractionCheck, noiseImages, type TestImage, verifyExtraction, verifyNet } from './verify-extraction.ts';

/** Name of the FP32 graph within a model folder. */
export const FLOAT_FILE = 'model.fp32.onnx';

/** Name of the weights within a model folder. */
export const WEIGHTS_FILE = 'weights.safetensors';

/** Where downloads wait until they are complete, within the models folder. */
const DOWNLOADS = '.downloads';

/** Side of the input where neither the graph nor whoever imports says: CheXNet's. */
const PRESET_SIZE = 224;

/** What a net takes in, known once its source was read. */
export type NetInput = Pick<ModelManifest, 'preprocessing'> & { readonly input: Omit<ModelManifest['input'], 'name'> };

/** What to import. */
export interface ImportOptions {
  /** Path, or https address, of an ONNX, safetensors or PyTorch file. */
  readonly source: string;
  readonly name: string;
  readonly version: string;
  readonly modelsDirectory: string;
  /** SHA-256 of the source; needed for an address. */
  readonly sha256?: string | undefined;
  /** Names of the outputs in their order; known for 14 (ChestX-ray14) and 18 (torchxrayvision). */
  readonly labels?: readonly string[] | undefined;
  /** Size of the input in pixels; the graph's own or 224 x 224 when left out. */
  readonly size?: { readonly height: number; readonly width: number } | undefined;
  readonly preprocessing?: Preprocessing | undefined;
  /** Precision of the kept weights; F16 halves the file and rounds the net itself. */
  readonly precision?: 'F16' | 'F32' | undefined;
  readonly description?: string | undefined;
  /** Real films as the net sees them, compared beside noise; of the size of the graph where it has one. */
  readonly images?: readonly TestImage[] | ((input: NetInput) => Promise<readonly TestImage[]>) | undefined;
  readonly onProgress?: ((received: number, total: number | null) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Also take plain http from this machine itself: for tests. */
  readonly allowLoopback?: boolean;
}

/** A model version that was written. */
export interface ImportedModel {
  readonly directory: string;
  readonly manifest: ModelManifest;
  /** What the source was. */
  readonly kind: SourceKind;
  readonly check: ExtractionCheck;
}

/** Kind of a source. */
export type SourceKind = 'onnx' | CheckpointKind;

/** A net with what its file says about it. */
interface ReadSource {
  readonly kind: SourceKind;
  readonly net: DenseNet;
  readonly size: { readonly height: number; readonly width: number };
  readonly thresholds: Float32Array | null;
  /** @param real - images beside those of noise */
  readonly verify: (preprocessing: Preprocessing, real: readonly TestImage[]) => Promise<ExtractionCheck>;
}

/**
 * Imports a model: `<modelsDirectory>/<name>-<version>/` with manifest, FP32 graph, weights and a card. The folder appears whole or
 * not at all.
 *
 * @throws GatewayError MODEL_INVALID when the source is no DenseNet-121, damaged, or the extracted net is not its graph;
 *   MODEL_DIGEST_MISMATCH; INVALID_STATE when the version exists; BAD_REQUEST, PAYLOAD_TOO_LARGE and MODEL_DOWNLOAD_FAILED of a download
 */
export async function importModel(options: ImportOptions): Promise<ImportedModel> {
  const { name, version, modelsDirectory } = options;
  const directory = join(modelsDirectory, `${name}-${version}`);
  if (await exists(directory)) {
    throw new GatewayError('INVALID_STATE', `The folder ${basename(directory)} is there already.`);
  }
  const { bytes, digest } = await fetchSource(options);
  const source = readSource(bytes, options);
  options.signal?.throwIfAborted();
  const labels = labelsFor(source.net.head.labels, options.labels);
  const preprocessing = options.preprocessing ?? presetPreprocessing(source.net.stem.conv.inputs);
  const check = await source.verify(preprocessing, await realImages(options, source, preprocessing));
  options.signal?.throwIfAborted();
  const weights = writeSafetensors(stateDictFromNet(source.net), options.precision ?? 'F32');
  // The graph is that of the weights as they are kept, so that compiling them again starts from the same net.
  const net = netFromStateDict(readSafetensors(weights));
  const graph = encodeModel(emitFloat(net));
  const facts = {
    ...options,
    labels,
    preprocessing,
    check,
    kind: source.kind,
    size: source.size,
    thresholds: source.thresholds,
    channels: net.stem.conv.inputs,
    sourceName: sourceName(options.source),
    sourceDigest: digest,
    file: FLOAT_FILE,
    sha256: createHash('sha256').update(graph).digest('hex'),
  };
  const json = `${JSON.stringify(importedManifest(facts), null, 2)}\n`;
  const manifest = parseManifest(json, basename(directory));
  await writeFolder(modelsDirectory, directory, {
    [MANIFEST_FILE]: json,
    [FLOAT_FILE]: graph,
    [WEIGHTS_FILE]: weights,
    [CARD_FILE]: cardMarkdown(manifest, null),
  });
  return { directory, manifest, kind: source.kind, check };
}

async function realImages(
  { images = [] }: ImportOptions,
  { net, size }: ReadSource,
  preprocessing: Preprocessing,
): Promise<readonly TestImage[]> {
  if (typeof images !== 'function') return images;
  return images({ preprocessing, input: { ...size, channels: net.stem.conv.inputs === 1 ? 1 : 3 } });
}

async function fetchSource(options: ImportOptions): Promise<{ bytes: Uint8Array; digest: string }> {
  const { source, sha256, modelsDirectory } = options;
  if (!isAddress(source)) {
    const bytes = await readBounded(source);
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== undefined && digest !== sha256) {
      throw new GatewayError('MODEL_DIGEST_MISMATCH', `${basename(source)} has SHA-256 ${digest}, not ${sha256}.`);
    }
    return { bytes, digest };
  }
  if (sha256 === undefined) throw new GatewayError('BAD_REQUEST', 'A download needs its SHA-256.');
  const directory = join(modelsDirectory, DOWNLOADS);
  const path = await download({ ...options, url: source, sha256, directory, maximumBytes: MAXIMUM_CHECKPOINT_BYTES });
  const bytes = await readBounded(path);
  await rm(path);
  return { bytes, digest: sha256 };
}

function readSource(bytes: Uint8Array, { source, size }: ImportOptions): ReadSource {
  const kind = checkpointKind(bytes);
  const preset = { height: size?.height ?? PRESET_SIZE, width: size?.width ?? PRESET_SIZE };
  if (kind !== null) {
    const state = parseCheckpoint(bytes, sourceName(source));
    const net = netFromStateDict(state);
    const verify: ReadSource['verify'] = (preprocessing, real) =>
      verifyNet(net, [...real, ...noise(net, preset, preprocessing)]);
    return { kind, net, size: preset, thresholds: thresholdsOf(state), verify };
  }
  const model = decodeModel(bytes);
  const extraction = extractFromOnnx(model);
  const { net, input } = extraction;
  const own = { height: input.height ?? preset.height, width: input.width ?? preset.width };
  const verify: ReadSource['verify'] = (preprocessing, real) =>
    verifyExtraction(model, extraction, [...real, ...noise(net, own, preprocessing)]);
  return { kind: 'onnx', net, size: size ?? own, thresholds: null, verify };
}

function noise(net: DenseNet, size: { height: number; width: number }, preprocessing: Preprocessing) {
  return noiseImages(net.stem.conv.inputs, size.height, size.width, valueRange(preprocessing));
}

/** Writes beside the final place, then gives the folder its name. */
async function writeFolder(
  modelsDirectory: string,
  directory: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  await mkdir(modelsDirectory, { recursive: true });
  const draft = await mkdtemp(join(modelsDirectory, '.import-'));
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(draft, name), content);
    await rename(draft, directory);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

function isAddress(source: string): boolean {
  return /^[a-z][a-z+.-]+:\/\//i.test(source);
}

/** Name of the source's file, without folders and whatever may be secret in an address. */
function sourceName(source: string): string {
  return basename(isAddress(source) ? (URL.parse(source)?.pathname ?? '') : source);
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
