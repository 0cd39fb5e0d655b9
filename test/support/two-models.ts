/** A folder with two model versions, between which an administrator can change. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { discoverModels } from '../../src/inference/registry.ts';

/**
 * The shipped version, and the same graph under another version with a field that readers of ONNX pass over added to its file.
 *
 * @param folder - made by this
 * @returns what ACTIVE_MODEL of the settings names the shipped one by
 */
export async function writeTwoModels(folder: string): Promise<string> {
  const [shipped] = await discoverModels(resolve(import.meta.dirname, '..', '..', 'models'));
  if (shipped === undefined) throw new Error('models/ is empty');
  const { directory, manifest } = shipped;
  const text = Buffer.from('another version');
  // ModelProto.doc_string is field 6, length-delimited.
  const bytes = Buffer.concat([
    await readFile(join(directory, manifest.file)),
    Uint8Array.of((6 << 3) | 2, text.length),
    text,
  ]);
  await mkdir(join(folder, 'other'), { recursive: true });
  await symlink(directory, join(folder, 'shipped'));
  await writeFile(join(folder, 'other', 'other.onnx'), bytes);
  const { alternatives: _, ...rest } = manifest;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const other = { ...rest, version: `${manifest.version}-other`, file: 'other.onnx', sha256 };
  await writeFile(join(folder, 'other', 'manifest.json'), JSON.stringify(other));
  return `${manifest.name}@${manifest.version}`;
}
