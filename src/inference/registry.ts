/** The model versions in a folder: one sub-folder each, with a manifest and the ONNX files whose digests it names. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GRAYSCALE_RULE } from '../dicom/grayscale.ts';
import { GatewayError } from '../errors.ts';
import { enginesOf } from './engine.ts';
import { MANIFEST_FILE, type ModelManifest, parseManifest } from './manifest.ts';

/** A model version on disk whose bytes are those its manifest names. */
export interface ModelPackage {
  readonly manifest: ModelManifest;
  /** Absolute path of the folder. */
  readonly directory: string;
  /** SHA-256 of the main ONNX file, 64 lower-case hexadecimal digits: the identity of the model version. */
  readonly digest: string;
}

/**
 * Every model version in a folder, in the order of the sub-folders' names. Sub-folders without a manifest are none.
 *
 * @throws GatewayError MODEL_INVALID or MODEL_DIGEST_MISMATCH, naming the folder and the field
 */
export async function discoverModels(modelsDirectory: string): Promise<ModelPackage[]> {
  const entries = await readdir(modelsDirectory, { withFileTypes: true }).catch((cause: unknown) => {
    throw new GatewayError('MODEL_INVALID', `The models folder ${modelsDirectory} cannot be read.`, {}, { cause });
  });
  const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map((entry) => entry.name);
  const packages: ModelPackage[] = [];
  for (const folder of folders.sort()) {
    const found = await openModelPackage(resolve(modelsDirectory, folder));
    if (found !== null) packages.push(found);
  }
  assertUnique(packages);
  return packages;
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
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(directory, file)), hash).catch((cause: unknown) => {
      throw new GatewayError('MODEL_INVALID', `${folder}: file ${file} cannot be read.`, {}, { cause });
    });
    assertDigest(hash.digest('hex'), digest, folder, file);
  }
  return { manifest, directory, digest: manifest.sha256 };
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
    json = await readFile(join(directory, MANIFEST_FILE), 'utf8');
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

/** @throws GatewayError MODEL_DIGEST_MISMATCH unless the bytes found are those expected */
export function assertDigest(found: string, expected: string, folder: string, file: string): void {
  if (found !== expected) {
    throw new GatewayError(
      'MODEL_DIGEST_MISMATCH',
      `${folder}: file ${file} has SHA-256 ${found}, but the manifest says ${expected}.`,
    );
  }
}

/** Name with version, and digest of the main file, each identify one model version. Two may share an alternative. */
function assertUnique(packages: readonly ModelPackage[]): void {
  const seen = new Map<string, string>();
  for (const { manifest, directory, digest } of packages) {
    for (const [field, key] of [
      ['name and version', `${manifest.name}@${manifest.version}`],
      ['sha256', digest],
    ] as const) {
      const other = seen.get(key);
      const folder = basename(directory);
      if (other !== undefined) {
        throw new GatewayError('MODEL_INVALID', `${folder}: ${field} are those of folder ${other} too (${key}).`);
      }
      seen.set(key, folder);
    }
  }
}
