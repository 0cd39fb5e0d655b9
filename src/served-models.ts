/**
 * Which file of which model version reads films in this process: the packages of this machine, with the engine that was
 * chosen for each. That of every version that reads new films (active, canary, shadow) is chosen before films are claimed; that
 * of a version moved later, on whatever process, when its move comes by in the change feed, and on the process that is asked to
 * move it before that; that of any other version with its first film.
 */
import type { ChangeFeed } from './changes.ts';
import { toGatewayError } from './errors.ts';
import { describeEngine } from './inference/engine.ts';
import type { EngineChoice } from './inference/engine-choice.ts';
import { verifyPackage } from './inference/model-parts.ts';
import type { InferencePool } from './inference/pool.ts';
import type { ModelReference } from './inference/reading.ts';
import type { ModelPackage } from './inference/registry.ts';
import type { Log } from './log.ts';
import { packageOf } from './models.ts';
import type { ModelVersionStore } from './store/model-versions.ts';

/** What serving models needs. */
export interface ServedModelsOptions {
  /** Packages of this machine by digest of their model version. */
  readonly models: ReadonlyMap<string, ModelPackage>;
  readonly modelVersions: ModelVersionStore;
  readonly choice: EngineChoice;
  readonly pool: InferencePool;
  readonly log: Log;
}

/** Whether a model version can be served here, for /readyz. */
export interface ServingState {
  readonly ok: boolean;
  /** Follows the name of the version. */
  readonly detail: string;
}

/** Chooses engines in time. */
export class ServedModels implements AsyncDisposable {
  readonly #options: ServedModelsOptions;
  readonly #states = new Map<string, ServingState>();
  readonly #stopping = new AbortController();
  #following: Promise<void> | undefined;

  constructor(options: ServedModelsOptions) {
    this.#options = options;
  }

  /**
   * What a worker thread is to run for a model version.
   *
   * @param digest - of the model version
   * @throws GatewayError MODEL_INVALID when the version is not on this machine or has no engine for it, CONFIG_INVALID when
   *   INFERENCE_PRECISION admits none
   */
  async reference(digest: string): Promise<ModelReference> {
    const { models, choice } = this.#options;
    const model = packageOf(models, digest);
    try {
      const engine = await choice.engineOf(model);
      this.#states.set(digest, { ok: true, detail: `by ${describeEngine(engine)}` });
      return { directory: model.directory, digest: engine.digest };
    } catch (error) {
      this.#states.set(digest, { ok: false, detail: `cannot be run: ${toGatewayError(error).message}` });
      throw error;
    }
  }

  /** Whether a model version can be served here. */
  state(digest: string): ServingState {
    if (!this.#options.models.has(digest)) {
      return { ok: false, detail: 'is active, but MODELS_DIR of this machine does not hold it' };
    }
    return this.#states.get(digest) ?? { ok: true, detail: 'whose engine is not chosen yet' };
  }

  /**
   * Chooses the engine of the active version and loads it in every thread; does nothing where none is active. Then chooses those
   * of canary and shadows.
   *
   * @throws GatewayError as {@link reference}, except for an active version that is not on this machine
   */
  async prepare(): Promise<void> {
    const { modelVersions, models, pool } = this.#options;
    const active = await modelVersions.active();
    if (active !== null && models.has(active.digest)) await pool.warmUp(await this.reference(active.digest));
    await this.#chooseAll();
  }

  /**
   * Looks at the folder of a version anew, and chooses its engine where films are read.
   *
   * @param reads - this process reads films
   * @returns what the version lacks to be used, for people; empty: nothing
   * @throws GatewayError as {@link reference}, MODEL_DIGEST_MISMATCH
   */
  async verify(digest: string, reads: boolean): Promise<readonly string[]> {
    const missing = await verifyPackage(packageOf(this.#options.models, digest));
    if (missing.length === 0 && reads) await this.reference(digest);
    return missing;
  }

  /** Chooses the engines of versions as they are moved. */
  follow(changes: ChangeFeed): void {
    this.#following ??= this.#follow(changes);
  }

  /** Follows no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }

  async #follow(changes: ChangeFeed): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        for await (const _ of changes.subscribe({ types: ['MODEL_VERSION_CHANGED'], signal })) {
          await this.#chooseAll();
        }
        return;
      } catch (error) {
        this.#options.log.error('model.moves-lost', {}, error);
      }
    }
  }

  /** Of every version that reads new films, the active one first; what cannot be chosen fails its films, not this process. */
  async #chooseAll(): Promise<void> {
    const { modelVersions, models, log } = this.#options;
    const versions = await modelVersions.inUse().catch((error: unknown) => {
      log.warn('engine.not-chosen', { code: toGatewayError(error).code });
      return [];
    });
    for (const { digest } of versions) {
      if (!models.has(digest)) continue;
      try {
        await this.reference(digest);
      } catch (error) {
        const { code, message } = toGatewayError(error);
        log.warn('engine.not-chosen', { code, reason: message });
      }
    }
  }
}
