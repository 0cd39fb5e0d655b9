/** Model folders as a person names them. */
import { join, resolve } from 'node:path';
import { GatewayError } from '../errors.ts';
import type { ModelManifest } from '../inference/manifest.ts';
import { modelFolderNames, readManifest } from '../inference/registry.ts';

/** A model folder, whose files were not looked at. */
export interface ModelFolder {
  /** Absolute path. */
  readonly directory: string;
  readonly manifest: ModelManifest;
}

/**
 * Every model folder of MODELS_DIR, sorted by path.
 *
 * @throws GatewayError MODEL_INVALID when it, or a manifest in it, cannot be read
 */
export async function modelFolders(modelsDirectory: string): Promise<ModelFolder[]> {
  const found: ModelFolder[] = [];
  for (const name of await modelFolderNames(modelsDirectory)) {
    const directory = resolve(modelsDirectory, name);
    const manifest = await readManifest(directory);
    if (manifest !== null) found.push({ directory, manifest });
  }
  return found;
}

/**
 * The folder that a person means: its path, or `name@version` of one in MODELS_DIR.
 *
 * @throws GatewayError NOT_FOUND, MODEL_INVALID
 */
export async function findFolder(named: string, modelsDirectory: string): Promise<ModelFolder> {
  for (const directory of [resolve(named), join(modelsDirectory, named)]) {
    const manifest = await readManifest(directory);
    if (manifest !== null) return { directory, manifest };
  }
  const folders = await modelFolders(modelsDirectory);
  const found = folders.find(({ manifest }) => `${manifest.name}@${manifest.version}` === named);
  if (found !== undefined) return found;
  const known = folders.map(({ manifest }) => `${manifest.name}@${manifest.version}`).join(', ');
  throw new GatewayError('NOT_FOUND', `${named} is neither a model folder nor one of ${known || '(none)'}.`);
}
