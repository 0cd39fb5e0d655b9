/** What the tests of this folder share: the shipped model, films made in code, folders that vanish. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { makePhantom } from '../../src/dicom/phantom.ts';
import { GatewayError } from '../../src/errors.ts';
import { type ModelManifest, modelManifestSchema } from '../../src/inference/manifest.ts';
import { discoverModels, type ModelPackage } from '../../src/inference/registry.ts';

export const modelsDirectory = resolve(import.meta.dirname, '..', '..', 'models');

export const limits = { maxFileBytes: 2 ** 30, maxHeaderBytes: 2 ** 20, maxDimension: 8192 };

/** The model in models/. */
export async function shippedModel(): Promise<ModelPackage> {
  const [model] = await discoverModels(modelsDirectory);
  if (model === undefined) throw new Error('models/ is empty');
  return model;
}

/** A folder that is removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cxr-inference-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A model folder with the shipped manifest changed, without alternatives, and the shipped ONNX file or other bytes. */
export async function modelFolder(
  parent: string,
  folder: string,
  change: (manifest: ModelManifest) => unknown,
  bytes?: Uint8Array,
): Promise<ModelPackage> {
  const shipped = await shippedModel();
  const directory = join(parent, folder);
  const digest = bytes === undefined ? shipped.digest : createHash('sha256').update(bytes).digest('hex');
  const { alternatives: _, ...shared } = shipped.manifest;
  const manifest: ModelManifest = { ...shared, sha256: digest };
  await mkdir(directory);
  const onnx = join(directory, manifest.file);
  if (bytes === undefined) await symlink(join(shipped.directory, manifest.file), onnx);
  else await writeFile(onnx, bytes);
  const changed = change(manifest);
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(changed));
  // One that is no manifest is for discovery to refuse.
  return { manifest: modelManifestSchema.safeParse(changed).data ?? manifest, directory, digest };
}

/** Pseudo-random whole numbers below `modulus`; the same as in the Python that made the expected values. */
export function noise(seed: number, count: number, modulus: number): Uint16Array {
  let state = seed;
  return Uint16Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 16) % modulus;
  });
}

/** A 12-bit MONOCHROME2 phantom as a Part 10 file. */
export async function writeFilm(path: string, { seed = 1, rows = 300, columns = 260 } = {}): Promise<string> {
  await writeFile(path, makePhantom({ seed, rows, columns }));
  return path;
}

/** Code of the error that a promise rejects with; 'FULFILLED' when it does not. */
export function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'FULFILLED',
    (error: unknown) => {
      if (error instanceof GatewayError) return error.code;
      throw error;
    },
  );
}
