/**
 * Which file of which model version reads films in this process: the packages of this machine, with the engine that was
 * chosen for each. That of every version that reads new films (active, canary, shadow) is chosen before films are claimed; that
 * of a version moved later, on whatever process, when its move comes by in the change feed, and on the process that is asked to
 * move it before that, whether its folder was there at start or has come since; that of any other version with its first film.
 */
import type { ChangeFeed } from '../changes.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import { describeEngine } from '../inference/engine.ts';
import type { EngineChoice } from '../inference/engine-choice.ts';
import { missingParts, reopenPackage } from '../inference/model-parts.ts';
import type { InferencePool } from '../inference/pool.ts';
import type { ModelReference } from '../inference/reading.ts';
import type { ModelPackage } from '../inference/registry.ts';
import { servingManifest } from '../inference/serving-manifest.ts';
import type { AuditActor } from '../store/audit/audit-entry.ts';
import { type Registering, registerPackage } from './register-models.ts';

/** What serving models needs. */
export interface ServedModelsOptions extends Registering {
  readonly choice: EngineChoice;
  readonly pool: InferencePool;
}

/** Who asks for a version to be looked at. */
export interface Verification {
  readonly by: AuditActor;
  /** For the record; absent where none was given. */
  readonly reason?: string | undefined;
  /** This process reads films. */
  readonly reads: boolean;
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
   * @throws GatewayError MODEL_UNAVAILABLE when the version is not whole on this machine, MODEL_INVALID when it has no engine for
   *   it, CONFIG_INVALID when INFERENCE_PRECISION admits none
   */
  async reference(digest: string): Promise<ModelReference> {
    const { choice } = this.#options;
    const model = await this.#wholePackage(digest);
    try {
      const engine = await choice.engineOf(model);
      this.#states.set(digest, { ok: true, detail: `by ${describeEngine(engine)}` });
      return { directory: model.directory, digest: engine.digest, manifest: servingManifest(model.manifest) };
    } catch (error) {
      this.#states.set(digest, { ok: false, detail: `cannot be run: ${toGatewayError(error).message}` });
      throw error;
    }
  }

  /** Whether a model version can be served here. */
  async state(digest: string): Promise<ServingState> {
    try {
      if ((await this.#options.packages.find(digest)) === undefined) {
        return { ok: false, detail: 'is active, but MODELS_DIR of this machine does not hold it' };
      }
    } catch (error) {
      return { ok: false, detail: `cannot be run: ${toGatewayError(error).message}` };
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
    const { modelVersions, packages, pool } = this.#options;
    const active = await modelVersions.active();
    const held = active === null ? undefined : await packages.find(active.digest);
    if (held !== undefined) await pool.warmUp(await this.reference(held.digest));
    await this.#chooseAll();
  }

  /**
   * Looks at the folder of a version anew, brings the record up to its manifest, so that the record is never behind what was looked
   * at, and chooses its engine where films are read.
   *
   * @returns what the version lacks to be used, for people; empty: nothing
   * @throws GatewayError as {@link reference}, MODEL_DIGEST_MISMATCH; MODEL_INVALID when its manifest would have films read
   *   otherwise than the registered one
   */
  async verify(digest: string, { by, reason, reads }: Verification): Promise<readonly string[]> {
    const model = await reopenPackage(await this.#options.packages.packageOf(digest));
    await registerPackage(model, this.#options, by, reason);
    const missing = await missingParts(model);
    if (missing.length === 0 && reads) await this.reference(digest);
    return missing;
  }

  /** Chooses the engines of versions as they are registered and moved. */
  follow(changes: ChangeFeed): void {
    this.#following ??= this.#follow(changes);
  }

  /** Follows no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }

  /** A folder that is being copied here, or whose bytes are others, may be whole on another machine. */
  async #wholePackage(digest: string): Promise<ModelPackage> {
    try {
      return await this.#options.packages.packageOf(digest);
    } catch (error) {
      const { code, message } = toGatewayError(error);
      if (code !== 'MODEL_INVALID' && code !== 'MODEL_DIGEST_MISMATCH') throw error;
      throw new GatewayError('MODEL_UNAVAILABLE', message, {}, { cause: error });
    }
  }

  async #follow(changes: ChangeFeed): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        for await (const _ of changes.subscribe({ types: ['MODEL_VERSION_CHANGED'], signal })) {
          await this.#options.packages.refresh();
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
    const { modelVersions, packages, log } = this.#options;
    const versions = await modelVersions.inUse().catch((error: unknown) => {
      log.warn('engine.not-chosen', { code: toGatewayError(error).code });
      return [];
    });
    for (const { digest } of versions) {
      try {
        // A version that only other machines hold is read there.
        if ((await packages.find(digest)) !== undefined) await this.reference(digest);
      } catch (error) {
        const { code, message } = toGatewayError(error);
        log.warn('engine.not-chosen', { code, reason: message });
      }
    }
  }
}
