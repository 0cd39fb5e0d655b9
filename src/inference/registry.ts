/** The model versions in a folder: one sub-folder each, with a manifest and the ONNX files whose digests it names. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GRAYSCALE_RULE } from '../dicom/grayscale.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import { assertDigest } from './assert-digest.ts';
import { enginesOf } from './engine.ts';
import { type ModelManifest, parseManifest } from './manifest.ts';
import { readText } from './model-folder/read-text.ts';
import { MANIFEST_FILE } from './serving-manifest.ts';

/** A model version on disk whose bytes are those its manifest names. */
export interface ModelPackage {
  readonly manifest: ModelManifest;
  /** Absolute path of the folder. */
  readonly directory: string;
  /** SHA-256 of the main ONNX file, 64 lower-case hexadecimal digits: the identity of the model version. */
  readonly digest: string;
}

/** What lies in a models folder. */
export interface ModelScan {
  /** In the order of the folders' names. */
  readonly found: readonly { readonly folder: string; readonly model: ModelPackage }[];
  /** Folders with a manifest that cannot be used, and why. */
  readonly refused: readonly { readonly folder: string; readonly error: GatewayError }[];
}

/**
 * Every model version in a folder, in the order of the sub-folders' names. Sub-folders without a manifest are none.
 *
 * @throws GatewayError MODEL_INVALID or MODEL_DIGEST_MISMATCH, naming the folder and the field
 */
export async function discoverModels(modelsDirectory: string): Promise<ModelPackage[]> {
  const { found, refused } = await scanModels(modelsDirectory);
  const [first] = refused;
  if (first !== undefined) throw first.error;
  return found.map(({ model }) => model);
}

/**
 * Every model version in a folder whose files have the digests that its manifest names, and which sub-folders are none for a
 * fault. One that is being written is among these.
 *
 * @param only - name of the one sub-folder to look at, which must have a manifest; absent: all
 * @throws GatewayError MODEL_INVALID when the folder cannot be read, NOT_FOUND when it has no sub-folder of the name
 */
export async function scanModels(modelsDirectory: string, only?: string): Promise<ModelScan> {
  const folders = await modelFolderNames(modelsDirectory);
  // A name is compared, never made a path of: nothing outside the folder can be named.
  if (only !== undefined && !folders.includes(only)) {
    throw new GatewayError('NOT_FOUND', 'MODELS_DIR has no folder of that name on this machine.');
  }
  const found: { folder: string; model: ModelPackage }[] = [];
  const refused: { folder: string; error: GatewayError }[] = [];
  for (const folder of only === undefined ? folders : [only]) {
    try {
      const model = await openModelPackage(resolve(modelsDirectory, folder));
      if (model === null && only === undefined) continue;
      if (model === null) throw new GatewayError('MODEL_INVALID', `${folder} holds no ${MANIFEST_FILE}.`);
      assertDistinct(
        model,
        found.map((entry) => entry.model),
      );
      found.push({ folder, model });
    } catch (error) {
      refused.push({ folder, error: toGatewayError(error) });
    }
  }
  return { found, refused };
}

/**
 * The package with a digest. Reads the manifests of all sub-folders, and hashes the files of one that names the digest.
 *
 * @param digest - SHA-256 of the main ONNX file
 * @throws GatewayError MODEL_INVALID when the folder cannot be read, MODEL_DIGEST_MISMATCH when the bytes are others
 */
export async function findModelPackage(modelsDirectory: string, digest: string): Promise<ModelPackage | undefined> {
  for (const folder of await modelFolderNames(modelsDirectory)) {
    const directory = resolve(modelsDirectory, folder);
    // Another folder's fault is no reason not to find this one.
    const manifest = await readManifest(directory).catch(() => null);
    if (manifest?.sha256 === digest) return (await openModelPackage(directory)) ?? undefined;
  }
  return undefined;
}

/**
 * What may be model folders, sorted by name. Names that begin with a dot are drafts of an import.
 *
 * @throws GatewayError MODEL_INVALID when the folder cannot be read
 */
export async function modelFolderNames(modelsDirectory: string): Promise<string[]> {
  const entries = await readdir(modelsDirectory, { withFileTypes: true }).catch((cause: unknown) => {
    throw new GatewayError('MODEL_INVALID', `The models folder ${modelsDirectory} cannot be read.`, {}, { cause });
  });
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}

/**
 * One model folder; null when it holds no manifest.
 *
 * @throws GatewayError MODEL_INVALID, MODEL_DIGEST_MISMATCH
 */
export async function openModelPackage(directory: string): Promise<ModelPackage | null> {
  const manifest = await readManifest(directory);
  if (manifest === null) return null;
  const folder = basename(directory);
  for (const { file, digest } of enginesOf(manifest)) {
    const found = await sha256Of(join(directory, file)).catch((cause: unknown) => {
      throw new GatewayError('MODEL_INVALID', `${folder}: file ${file} cannot be read.`, {}, { cause });
    });
    assertDigest(found, digest, folder, file);
  }
  return { manifest, directory, digest: manifest.sha256 };
}

/** A pipe in place of a file would be waited for without end. */
async function sha256Of(path: string): Promise<string> {
  if (!(await stat(path)).isFile()) throw new Error(`${path} is no file.`);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/**
 * The checked manifest of a model folder; null when the folder holds none.
 *
 * @throws GatewayError MODEL_INVALID
 */
export async function readManifest(directory: string): Promise<ModelManifest | null> {
  const folder = basename(directory);
  let json: string;
  try {
    json = await readText(join(directory, MANIFEST_FILE));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new GatewayError('MODEL_INVALID', `${folder}/${MANIFEST_FILE} cannot be read.`, {}, { cause });
  }
  const manifest = parseManifest(json, folder);
  const rule = manifest.preprocessing.grayscaleRule;
  if (rule !== GRAYSCALE_RULE) {
    throw new GatewayError(
      'MODEL_INVALID',
      `${folder}/${MANIFEST_FILE}: preprocessing.grayscaleRule is ${rule}; this gateway implements ${GRAYSCALE_RULE}.`,
    );
  }
  return manifest;
}

/** Name with version, and digest of the main file, each identify one model version. Two may share an alternative. */
function assertDistinct({ manifest, directory, digest }: ModelPackage, others: readonly ModelPackage[]): void {
  const nameOf = ({ name, version }: ModelManifest) => `${name}@${version}`;
  const own = nameOf(manifest);
  for (const other of others) {
    const same = nameOf(other.manifest) === own ? 'name and version' : 'sha256';
    if (same === 'sha256' && other.digest !== digest) continue;
    const [folder, otherFolder] = [basename(directory), basename(other.directory)];
    const key = same === 'sha256' ? digest : own;
    throw new GatewayError('MODEL_INVALID', `${folder}: ${same} are those of folder ${otherFolder} too (${key}).`);
  }
}
