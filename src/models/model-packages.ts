/**
 * The model packages of this machine, by digest: the one place that knows which folder of MODELS_DIR holds a model version. What
 * is asked for and not known is looked for again, so that a folder that came while the process runs is found without a restart.
 */
import { isDeepStrictEqual } from 'node:util';
import { GatewayError, toGatewayError } from '../errors.ts';
import {
  findModelPackage,
  type ModelPackage,
  type ModelScan,
  openModelPackage,
  readManifest,
  scanModels,
} from '../inference/registry.ts';
import type { Log } from '../log.ts';

/** What holding packages needs. */
export interface ModelPackagesOptions {
  /** MODELS_DIR. */
  readonly directory: string;
  readonly log: Log;
  /** Time between two looks for a digest that is not there, in ms. */
  readonly lookIntervalMs?: number;
}

/** Looking reads every manifest in MODELS_DIR, so films of a version that is not there must not each cause it. */
const LOOK_INTERVAL_MS = 3000;

/** Holds packages. */
export class ModelPackages {
  readonly #options: ModelPackagesOptions;
  readonly #known = new Map<string, ModelPackage>();
  /** When a digest was last looked for in vain, by performance.now(). */
  readonly #missed = new Map<string, number>();
  /** Callers that come meanwhile share one look. */
  readonly #looks = new Map<string, Promise<ModelPackage | undefined>>();

  constructor(options: ModelPackagesOptions) {
    this.#options = options;
  }

  /**
   * Hashes every package of MODELS_DIR, or one; holds none.
   *
   * @param folder - name of one folder; absent: all
   * @throws GatewayError NOT_FOUND when MODELS_DIR has no folder of that name, MODEL_INVALID when it cannot be read
   */
  scan(folder?: string): Promise<ModelScan> {
    return scanModels(this.#options.directory, folder);
  }

  /** Holds a package of a registered version, in place of what was held of it. */
  hold(model: ModelPackage): void {
    this.#known.set(model.digest, model);
    this.#missed.delete(model.digest);
  }

  /**
   * The package of a model version.
   *
   * @param digest - of the version
   * @throws GatewayError MODEL_UNAVAILABLE when no folder of this machine holds it, MODEL_DIGEST_MISMATCH or MODEL_INVALID when one
   *   only says so
   */
  async packageOf(digest: string): Promise<ModelPackage> {
    const model = await this.find(digest);
    if (model !== undefined) return model;
    throw new GatewayError('MODEL_UNAVAILABLE', `No folder of MODELS_DIR on this machine holds the model ${digest}.`);
  }

  /**
   * The package of a model version; undefined when no folder of this machine holds it.
   *
   * @throws GatewayError as {@link packageOf}, but for a missing one
   */
  async find(digest: string): Promise<ModelPackage | undefined> {
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    const { lookIntervalMs = LOOK_INTERVAL_MS } = this.#options;
    const missed = this.#missed.get(digest);
    if (missed !== undefined && performance.now() - missed < lookIntervalMs) return undefined;
    const look = this.#looks.get(digest) ?? this.#look(digest).finally(() => this.#looks.delete(digest));
    this.#looks.set(digest, look);
    return look;
  }

  /** Reads the manifests of the packages that are held again, and looks for what was missed as soon as it is asked for. */
  async refresh(): Promise<void> {
    this.#missed.clear();
    for (const { directory, digest, manifest } of [...this.#known.values()]) {
      try {
        if (isDeepStrictEqual(await readManifest(directory), manifest)) continue;
        const model = await openModelPackage(directory);
        if (model?.digest === digest) this.hold(model);
      } catch (error) {
        const { code, message } = toGatewayError(error);
        this.#options.log.warn('model.not-refreshed', { digest, code, reason: message });
      }
    }
  }

  async #look(digest: string): Promise<ModelPackage | undefined> {
    // Also before a look that fails: a folder that is being written is asked again later, too.
    this.#missed.set(digest, performance.now());
    const model = await findModelPackage(this.#options.directory, digest);
    if (model === undefined) return undefined;
    this.hold(model);
    const { name: modelName, version: modelVersion } = model.manifest;
    this.#options.log.info('model.found', { modelName, modelVersion, digest });
    return model;
  }
}
