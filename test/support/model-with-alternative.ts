/** A model version with two engines. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ModelManifest } from '../../src/inference/manifest.ts';
import { writeCard } from '../../src/inference/model-card/write-card.ts';
import { discoverModels, type ModelPackage } from '../../src/inference/registry.ts';

type Alternative = NonNullable<ModelManifest['alternatives']>[number];

/**
 * The shipped model with an alternative: the same graph with a field that readers of ONNX pass over (a documentation string)
 * added, so that it is another file that really runs.
 *
 * @param parent - models folder to write it into
 */
export async function modelWithAlternative(
  parent: string,
  alternative: Pick<Alternative, 'precision' | 'weightBits'>,
  documentation = 'an alternative',
): Promise<ModelPackage> {
  const [shipped] = await discoverModels(resolve(import.meta.dirname, '..', '..', 'models'));
  if (shipped === undefined) throw new Error('models/ is empty');
  const text = Buffer.from(documentation);
  // ModelProto.doc_string is field 6, length-delimited.
  const bytes = Buffer.concat([
    await readFile(join(shipped.directory, shipped.manifest.file)),
    Uint8Array.of((6 << 3) | 2, text.length),
    text,
  ]);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const directory = join(parent, 'two-engines');
  await mkdir(directory);
  await symlink(join(shipped.directory, shipped.manifest.file), join(directory, shipped.manifest.file));
  await writeFile(join(directory, 'alternative.onnx'), bytes);
  const { alternatives: _, ...manifest } = shipped.manifest;
  const content = { ...manifest, alternatives: [{ file: 'alternative.onnx', sha256, ...alternative }] };
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(content));
  await writeCard(directory);
  const [model] = await discoverModels(parent);
  if (model === undefined) throw new Error('the folder holds no model');
  return model;
}
