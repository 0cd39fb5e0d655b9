/** Brings the model packages of this machine and the model versions of the database together at start. */
import { GatewayError } from './errors.ts';
import { missingParts } from './inference/model-parts.ts';
import { discoverModels, type ModelPackage } from './inference/registry.ts';
import type { Log } from './log.ts';
import { systemActor } from './store/audit/audit-entry.ts';
import type { ModelVersionStore } from './store/model-versions.ts';

/** What the bringing together needs. */
export interface ModelSetupOptions {
  readonly directory: string;
  /** name@version to activate when no version is active. */
  readonly wanted: string | undefined;
  readonly modelVersions: ModelVersionStore;
  readonly log: Log;
}

/**
 * Registers every package, and on a database without an active version activates the wanted one, or the only one.
 *
 * @returns the packages by digest
 * @throws GatewayError MODEL_INVALID, MODEL_DIGEST_MISMATCH, CONFIG_INVALID when ACTIVE_MODEL names none of them,
 *   INVALID_STATE when the one to activate lacks metrics or a card
 */
export async function setUpModels(options: ModelSetupOptions): Promise<ReadonlyMap<string, ModelPackage>> {
  const { modelVersions, log } = options;
  const packages = await discoverModels(options.directory);
  const ids = new Map<string, string>();
  for (const { manifest, digest } of packages) {
    const { name, version, precision, metrics } = manifest;
    // Through JSON, because the database stores what JSON can hold.
    const json = JSON.parse(JSON.stringify({ manifest, metrics: metrics ?? undefined }));
    const registration = { name, version, digest, precision, manifest: json.manifest, metrics: json.metrics };
    ids.set(`${name}@${version}`, await modelVersions.register(registration, systemActor('start')));
    log.info('model.registered', { modelName: name, modelVersion: version, digest });
  }
  await activateFirst(options, ids, packages);
  return new Map(packages.map((entry) => [entry.digest, entry]));
}

/** @throws GatewayError MODEL_INVALID when no folder of this machine holds the version with this digest */
export function packageOf(models: ReadonlyMap<string, ModelPackage>, digest: string): ModelPackage {
  const model = models.get(digest);
  if (model !== undefined) return model;
  throw new GatewayError('MODEL_INVALID', `No folder of MODELS_DIR on this machine holds the model ${digest}.`);
}

async function activateFirst(
  options: ModelSetupOptions,
  ids: ReadonlyMap<string, string>,
  packages: readonly ModelPackage[],
): Promise<void> {
  const { modelVersions, log, wanted } = options;
  if ((await modelVersions.active()) !== null) return;
  const only = ids.size === 1 ? [...ids.keys()][0] : undefined;
  const chosen = wanted ?? only;
  if (chosen === undefined) {
    log.warn('model.none-active', { count: ids.size });
    return;
  }
  const modelVersionId = ids.get(chosen);
  if (modelVersionId === undefined) {
    throw new GatewayError(
      'CONFIG_INVALID',
      `ACTIVE_MODEL is ${chosen}, but MODELS_DIR holds: ${[...ids.keys()].join(', ')}.`,
    );
  }
  const found = packages.find(({ manifest: { name, version } }) => `${name}@${version}` === chosen);
  await modelVersions.moveNow({
    modelVersionId,
    toState: 'ACTIVE',
    missing: found === undefined ? [] : await missingParts(found),
    by: systemActor('start'),
    reason:
      wanted === undefined ? 'First start: the only version in MODELS_DIR.' : 'First start: named by ACTIVE_MODEL.',
  });
  log.info('model.activated', { modelVersionId });
}
