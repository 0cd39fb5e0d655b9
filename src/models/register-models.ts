/** Brings the model packages of this machine and the model versions of the database together, at start and when asked. */
import { GatewayError, toGatewayError } from '../errors.ts';
import { missingParts } from '../inference/model-parts.ts';
import type { ModelPackage } from '../inference/registry.ts';
import type { Log } from '../log.ts';
import { type AuditActor, systemActor } from '../store/audit/audit-entry.ts';
import type { Registered } from '../store/model-registration.ts';
import type { ModelVersionStore } from '../store/model-versions.ts';
import type { ModelPackages } from './model-packages.ts';

/** What registering needs. */
export interface Registering {
  readonly packages: ModelPackages;
  readonly modelVersions: ModelVersionStore;
  readonly log: Log;
}

/** What the bringing together at start needs. */
export interface ModelSetupOptions extends Registering {
  /** name@version to activate when no version is active. */
  readonly wanted: string | undefined;
}

/** Which folders are to be registered, why and by whom. */
export interface FolderRequest {
  /** Name of one folder; null: all. */
  readonly folder: string | null;
  readonly reason: string;
  readonly by: AuditActor;
}

/** What became of the folders of MODELS_DIR. */
export interface FolderRegistrations {
  readonly done: readonly Registered[];
  readonly refused: readonly { readonly folder: string; readonly code: string; readonly message: string }[];
}

/**
 * Registers every package, and on a database without an active version activates the wanted one, or the only one.
 *
 * @throws GatewayError MODEL_INVALID, MODEL_DIGEST_MISMATCH, CONFIG_INVALID when ACTIVE_MODEL names none of them,
 *   INVALID_STATE when the one to activate lacks metrics or a card
 */
export async function setUpModels(options: ModelSetupOptions): Promise<void> {
  const { found, refused } = await options.packages.scan();
  const [first] = refused;
  if (first !== undefined) throw first.error;
  const models = found.map(({ model }) => model);
  const ids = new Map<string, string>();
  for (const model of models) {
    const { name, version } = model.manifest;
    ids.set(`${name}@${version}`, (await registerPackage(model, options, systemActor('start'))).id);
  }
  await activateFirst(options, ids, models);
}

/**
 * Registers what is in MODELS_DIR now. A folder that cannot be is told, and does not keep the others from it.
 *
 * @throws GatewayError NOT_FOUND when there is no such folder, MODEL_INVALID when MODELS_DIR cannot be read
 */
export async function registerFolders(request: FolderRequest, options: Registering): Promise<FolderRegistrations> {
  const { found, refused } = await options.packages.scan(request.folder ?? undefined);
  const done: Registered[] = [];
  const problems = [...refused];
  for (const { folder, model } of found) {
    try {
      done.push(await registerPackage(model, options, request.by, request.reason));
    } catch (error) {
      problems.push({ folder, error: toGatewayError(error) });
    }
  }
  return { done, refused: problems.map(({ folder, error: { code, message } }) => ({ folder, code, message })) };
}

/**
 * Registers a package, or brings the record of its version up to its manifest, and holds it.
 *
 * @param reason - for the record, where somebody asked for it
 * @throws GatewayError MODEL_DIGEST_MISMATCH, MODEL_INVALID when the manifest has changed in what decides readings
 */
export async function registerPackage(
  model: ModelPackage,
  { packages, modelVersions, log }: Registering,
  by: AuditActor,
  reason?: string,
): Promise<Registered> {
  const { manifest, digest } = model;
  const { name, version, precision, metrics } = manifest;
  // Through JSON, because the database stores what JSON can hold.
  const json = JSON.parse(JSON.stringify({ manifest, metrics: metrics ?? undefined }));
  const registration = { name, version, digest, precision, manifest: json.manifest, metrics: json.metrics };
  const registered = await modelVersions.register(registration, by, reason);
  packages.hold(model);
  log.info('model.registered', { modelName: name, modelVersion: version, digest, state: registered.outcome });
  return registered;
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
