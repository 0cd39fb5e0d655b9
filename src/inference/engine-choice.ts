/**
 * Which engine of a model version serves on this machine. INT8 is several times faster than FP32 on processors with VNNI,
 * slower on some without, and with 8-bit weights not even exact there; so nothing is assumed: the engines that are exact on
 * this processor are timed once, the figures are kept, and the fastest that the operator's setting admits is served.
 */
import { basename } from 'node:path';
import { GatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import { candidatesOf, describeEngine, type Engine, enginesOf, isAdmitted, type PrecisionSetting } from './engine.ts';
import { EngineCache, type MeasurementConditions } from './engine-cache.ts';
import type { InferencePool } from './pool.ts';
import type { Processor } from './processor.ts';
import type { EngineMeasurement } from './reading.ts';
import type { ModelPackage } from './registry.ts';
import { servingManifest } from './serving-manifest.ts';

/** What the choice needs. */
export interface EngineChoiceOptions {
  /** Where engines are timed. */
  readonly pool: Pick<InferencePool, 'measureEngines'>;
  readonly processor: Processor;
  /** ONNX Runtime threads of one session, as in the pool. */
  readonly intraOpThreads: number;
  readonly precision: PrecisionSetting;
  /** JSON file that keeps the measurements of this machine. */
  readonly cacheFile: string;
  readonly log: Log;
}

/** Chooses engines, once a model version. */
export class EngineChoice {
  readonly #options: EngineChoiceOptions;
  readonly #cache: EngineCache;
  /** By the digests of the engines, because a manifest may come to name others; callers that come meanwhile share one measurement. */
  readonly #chosen = new Map<string, Promise<Engine>>();

  constructor(options: EngineChoiceOptions) {
    this.#options = options;
    this.#cache = new EngineCache(options.cacheFile);
  }

  /**
   * The engine that serves a model version here. The first call measures, for at most about 3 s of one thread, unless an
   * earlier process did.
   *
   * @throws GatewayError MODEL_INVALID when no engine is exact on this processor, CONFIG_INVALID when INFERENCE_PRECISION admits
   *   none of those that are, or what measuring failed with
   */
  engineOf(model: ModelPackage): Promise<Engine> {
    const key = enginesOf(model.manifest)
      .map(({ digest }) => digest)
      .join();
    const known = this.#chosen.get(key);
    if (known !== undefined) return known;
    const choice = this.#choose(model);
    this.#chosen.set(key, choice);
    // A failure, such as a thread that died, is not for ever.
    choice.catch(() => this.#chosen.delete(key));
    return choice;
  }

  async #choose(model: ModelPackage): Promise<Engine> {
    const { processor, precision, intraOpThreads, log } = this.#options;
    const { name: modelName, version: modelVersion } = model.manifest;
    const exact = candidatesOf(model.manifest, processor);
    const admitted = exact.filter((engine) => isAdmitted(engine, precision));
    if (admitted.length === 0) throw noEngine(model, exact, processor, precision);
    const measurements = await this.#measurements(model, { processor, intraOpThreads, engines: exact });
    const timeOf = ({ digest }: Engine) => measurements.find((entry) => entry.digest === digest)?.milliseconds ?? 0;
    for (const engine of exact) {
      const fields = { digest: engine.digest, precision: engine.precision, weightBits: engine.weightBits };
      log.info('engine.measured', { modelName, modelVersion, ...fields, milliseconds: timeOf(engine) });
    }
    const engine = admitted.reduce((best, other) => (timeOf(other) < timeOf(best) ? other : best));
    log.info('engine.chosen', {
      modelName,
      modelVersion,
      digest: engine.digest,
      precision: engine.precision,
      weightBits: engine.weightBits,
      setting: precision,
      processor: processor.model,
    });
    return engine;
  }

  async #measurements(
    { directory, manifest }: ModelPackage,
    conditions: MeasurementConditions,
  ): Promise<readonly EngineMeasurement[]> {
    const { pool, log } = this.#options;
    const kept = await this.#cache.find(conditions);
    if (kept !== undefined) return kept;
    const shared = { directory, manifest: servingManifest(manifest) };
    const measured = await pool.measureEngines(conditions.engines.map(({ digest }) => ({ ...shared, digest })));
    try {
      await this.#cache.add(conditions, measured);
    } catch (error) {
      log.error('engine.cache-unwritable', {}, error);
    }
    return measured;
  }
}

function noEngine(
  { directory, manifest }: ModelPackage,
  exact: readonly Engine[],
  processor: Processor,
  setting: PrecisionSetting,
): GatewayError {
  const folder = basename(directory);
  const all = enginesOf(manifest).map(describeEngine).join(', ');
  const exactHere = exact.map(describeEngine).join(', ') || 'none';
  const why = `INT8 with 8-bit weights is exact only with VNNI or its like, which ${processor.model} does not tell of`;
  if (exact.length > 0 && !exact.some((engine) => isAdmitted(engine, setting))) {
    const problem = `INFERENCE_PRECISION is ${setting}, but of the engines of ${folder} (${all}) exact here are: ${exactHere}`;
    return new GatewayError('CONFIG_INVALID', `${problem} (${why}).`);
  }
  return new GatewayError(
    'MODEL_INVALID',
    `${folder} has no engine for this processor: it holds ${all}; ${why}. Add INT8 with 7-bit weights or FP32.`,
  );
}
