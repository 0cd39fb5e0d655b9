/** What is evaluated: the engines of one model version, FP32 and INT8, loaded as they are when films are served. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import { type Engine, enginesOf, isExact, type Precision } from '../engine.ts';
import { type ModelManifest, parseManifest } from '../manifest.ts';
import { digestOf, fileOf, graphNames, makeGraph } from '../model-folder/engine-files.ts';
import { findNet } from '../model-folder/weights.ts';
import { thisProcessor } from '../processor.ts';
import { readManifest } from '../registry.ts';
import { MANIFEST_FILE } from '../serving-manifest.ts';
import { ModelSession } from '../session.ts';

const FLOAT = { precision: 'FP32', weightBits: 32 } as const;

/** One engine. */
export interface Subject {
  readonly precision: Precision;
  readonly session: ModelSession;
}

/** The engines of one model version. */
export class Subjects implements AsyncDisposable {
  readonly manifest: ModelManifest;
  /** FP32 first. */
  readonly all: readonly Subject[];

  private constructor(manifest: ModelManifest, all: readonly Subject[]) {
    this.manifest = manifest;
    this.all = all;
  }

  /**
   * Loads FP32 and INT8. FP32 is the folder's own file, or made from its weights; a version without INT8 is evaluated
   * alone.
   *
   * @param threads - ONNX Runtime threads of each
   * @throws GatewayError MODEL_INVALID, MODEL_DIGEST_MISMATCH; INVALID_STATE for INT8 that is not exact on this processor
   */
  static async load(directory: string, threads: number): Promise<Subjects> {
    const manifest = await readManifest(directory);
    if (manifest === null) throw new GatewayError('MODEL_INVALID', `${directory} holds no ${MANIFEST_FILE}.`);
    const engines = enginesOf(manifest);
    const fp32 = engines.find(({ precision }) => precision === 'FP32');
    const int8 = await exactInteger(engines, basename(directory));
    const all: Subject[] = [];
    const subjects = new Subjects(manifest, all);
    try {
      const float =
        fp32 === undefined
          ? await loadFloatOfWeights(manifest, directory, threads)
          : await ModelSession.load({ directory, digest: fp32.digest, manifest }, threads);
      if (float !== null) all.push({ precision: 'FP32', session: float });
      if (int8 !== undefined) {
        const session = await ModelSession.load({ directory, digest: int8.digest, manifest }, threads);
        all.push({ precision: 'INT8', session });
      }
    } catch (error) {
      await subjects[Symbol.asyncDispose]();
      throw error;
    }
    return subjects;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { session } of this.all) await session.release();
  }
}

/** The INT8 engine that computes here what it computes elsewhere. */
async function exactInteger(engines: readonly Engine[], folder: string): Promise<Engine | undefined> {
  const processor = await thisProcessor();
  const integer = engines.filter(({ precision }) => precision === 'INT8');
  const exact = integer.find((engine) => isExact(engine, processor));
  if (exact === undefined && integer.length > 0) {
    throw new GatewayError(
      'INVALID_STATE',
      `${folder}: 8-bit weights saturate on this processor (${processor.model}); compile with --reduce-range.`,
    );
  }
  return exact;
}

/** FP32 from the folder's weights, by way of a folder that is gone once it is loaded; null without weights. */
async function loadFloatOfWeights(
  manifest: ModelManifest,
  directory: string,
  threads: number,
): Promise<ModelSession | null> {
  const net = await findNet(directory);
  if (net === null) return null;
  const graph = makeGraph(FLOAT, net, null, manifest);
  const digest = digestOf(graph);
  const file = fileOf(FLOAT);
  const { weightBits: _, alternatives: __, ...shared } = manifest;
  const { input, outputs } = graphNames(manifest);
  const own = {
    ...shared,
    file,
    sha256: digest,
    precision: 'FP32',
    input: { ...manifest.input, name: input },
    outputs,
  };
  const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-fp32-'));
  try {
    await writeFile(join(folder, file), graph);
    const checked = parseManifest(JSON.stringify(own), basename(folder));
    return await ModelSession.load({ directory: folder, digest, manifest: checked }, threads);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
