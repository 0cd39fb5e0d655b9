/**
 * One engine of a model version loaded into ONNX Runtime. Only this file and graph-runner.ts import onnxruntime-node.
 *
 * The version is pinned to 1.30.0: there run() is a synchronous native call that blocks its thread, and worker threads
 * with a session each live and end cleanly; earlier versions crashed with several of them
 * (https://github.com/microsoft/onnxruntime/issues/24486).
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { GatewayError } from '../errors.ts';
import { assertDigest } from './assert-digest.ts';
import { type Engine, enginesOf } from './engine.ts';
import type { ModelReference } from './reading.ts';
import { MANIFEST_FILE, type ServingManifest } from './serving-manifest.ts';
import { sessionOptions } from './session-options.ts';

/** Class activation maps of all labels. */
export interface ClassActivationMap {
  readonly rows: number;
  readonly columns: number;
  /** Logits [rows, columns, labels]. */
  readonly values: Float32Array;
}

/** What the model gives for one film. */
export interface ModelOutput {
  /** One a label, each finite and within 0..1. */
  readonly probabilities: Float32Array;
  /** One a label; null when the model has no such output. */
  readonly logits: Float32Array | null;
  /** Null when the model has no such output. */
  readonly classActivationMap: ClassActivationMap | null;
}

/** What runs the engines in this process. */
export const RUNTIME = `onnxruntime-node ${env.versions.node ?? 'unknown'}, node ${process.version}`;

/** A loaded engine of a model version. */
export class ModelSession {
  readonly manifest: ServingManifest;
  /** The file whose bytes were loaded. */
  readonly engine: Engine;
  readonly #session: InferenceSession;
  readonly #folder: string;

  private constructor(manifest: ServingManifest, engine: Engine, session: InferenceSession, folder: string) {
    this.manifest = manifest;
    this.engine = engine;
    this.#session = session;
    this.#folder = folder;
  }

  /** SHA-256 of the bytes that were loaded. */
  get digest(): string {
    return this.engine.digest;
  }

  /**
   * Loads one engine of a model version. The file is read once: the bytes that are hashed are the bytes that run.
   *
   * @param intraOpThreads - ONNX Runtime threads of this session
   * @throws GatewayError MODEL_INVALID, MODEL_DIGEST_MISMATCH
   */
  static async load(model: ModelReference, intraOpThreads: number): Promise<ModelSession> {
    const folder = basename(model.directory);
    const { manifest } = model;
    const engine = enginesOf(manifest).find(({ digest }) => digest === model.digest);
    if (engine === undefined) {
      throw new GatewayError('MODEL_DIGEST_MISMATCH', `${folder} names no file with SHA-256 ${model.digest}.`);
    }
    const bytes = await readFile(join(model.directory, engine.file)).catch((cause: unknown) => {
      throw new GatewayError('MODEL_INVALID', `${folder}: file ${engine.file} cannot be read.`, {}, { cause });
    });
    assertDigest(createHash('sha256').update(bytes).digest('hex'), engine.digest, folder, engine.file);
    const session = await InferenceSession.create(bytes, sessionOptions(intraOpThreads)).catch((cause: unknown) => {
      throw new GatewayError('MODEL_INVALID', `${folder}: ONNX Runtime cannot load ${engine.file}.`, {}, { cause });
    });
    const loaded = new ModelSession(manifest, engine, session, folder);
    loaded.#assertNames();
    return loaded;
  }

  /**
   * Runs the model on one film. A film of several images (the ten-crop) is run image by image, so that graphs of a fixed
   * batch size serve it too and memory does not grow; its probabilities are the means, and it has neither logits nor map.
   *
   * @param input - images x channels x height x width values, see preprocess.ts
   * @throws GatewayError INFERENCE_FAILED; MODEL_INVALID when an output has another shape than the manifest implies
   */
  async run(input: Float32Array): Promise<ModelOutput> {
    const { channels, height, width } = this.manifest.input;
    const size = channels * height * width;
    if (input.length === size) return this.#runImage(input);
    const means = new Float64Array(this.manifest.labels.length);
    const images = input.length / size;
    for (let image = 0; image < images; image++) {
      const { probabilities } = await this.#runImage(input.subarray(image * size, (image + 1) * size));
      probabilities.forEach((probability, label) => {
        means[label] = (means[label] as number) + probability / images;
      });
    }
    return { probabilities: Float32Array.from(means), logits: null, classActivationMap: null };
  }

  async #runImage(input: Float32Array): Promise<ModelOutput> {
    const { input: shape, outputs, labels } = this.manifest;
    const feeds = { [shape.name]: new Tensor('float32', input, [1, shape.channels, shape.height, shape.width]) };
    const results = await this.#session.run(feeds, this.#outputNames()).catch((cause: unknown) => {
      throw new GatewayError('INFERENCE_FAILED', 'ONNX Runtime could not run the model.', {}, { cause });
    });
    const probabilities = this.#values('probability', results[outputs.probability], [1, labels.length]).data;
    assertProbabilities(probabilities);
    const logits =
      outputs.logit === null ? null : this.#values('logit', results[outputs.logit], [1, labels.length]).data;
    if (outputs.classActivationMap === null) return { probabilities, logits, classActivationMap: null };
    const map = this.#values('classActivationMap', results[outputs.classActivationMap], [
      1,
      ANY_SIZE,
      ANY_SIZE,
      labels.length,
    ]);
    const [, rows = 0, columns = 0] = map.dims;
    return { probabilities, logits, classActivationMap: { rows, columns, values: map.data } };
  }

  /** Frees the native memory. */
  release(): Promise<void> {
    return this.#session.release();
  }

  #outputNames(): string[] {
    return Object.values(this.manifest.outputs).filter((name) => name !== null);
  }

  #assertNames(): void {
    const { input, outputs } = this.manifest;
    if (!this.#session.inputNames.includes(input.name)) {
      throw this.#invalid('input.name', `the graph has no input ${input.name}`);
    }
    for (const [field, name] of Object.entries(outputs)) {
      if (name !== null && !this.#session.outputNames.includes(name)) {
        throw this.#invalid(`outputs.${field}`, `the graph has no output ${name}`);
      }
    }
  }

  /** An output as float32 values, its shape checked. */
  #values(
    field: keyof ServingManifest['outputs'],
    tensor: Tensor | undefined,
    dims: readonly number[],
  ): { data: Float32Array; dims: readonly number[] } {
    const fits =
      tensor?.dims.length === dims.length &&
      dims.every((size, axis) => (size === ANY_SIZE ? (tensor.dims[axis] ?? 0) > 0 : size === tensor.dims[axis]));
    if (!(tensor?.data instanceof Float32Array) || !fits) {
      const wanted = dims.map((size) => (size === ANY_SIZE ? '?' : size)).join(', ');
      const found = tensor === undefined ? 'nothing' : `${tensor.type} [${tensor.dims.join(', ')}]`;
      throw this.#invalid(`outputs.${field}`, `the graph gives ${found}, not float32 [${wanted}]`);
    }
    return { data: tensor.data, dims: tensor.dims };
  }

  #invalid(field: string, problem: string): GatewayError {
    return new GatewayError('MODEL_INVALID', `${this.#folder}/${MANIFEST_FILE}: ${field}: ${problem}.`);
  }
}

/** In an expected shape: any size of at least 1. */
const ANY_SIZE = -1;

function assertProbabilities(probabilities: Float32Array): void {
  // Written so that NaN fails it too.
  if (!probabilities.every((probability) => probability >= 0 && probability <= 1)) {
    throw new GatewayError('INFERENCE_FAILED', 'The model gave a probability outside 0..1.');
  }
}
