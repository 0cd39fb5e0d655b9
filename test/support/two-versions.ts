/** Two real versions of the shipped model in one folder: INT8 as it is shipped, and FP32. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { enginesOf } from '../../src/inference/engine.ts';
import { writeCard } from '../../src/inference/model-card/write-card.ts';
import { discoverModels, type ModelPackage } from '../../src/inference/registry.ts';

/** The two versions, and which files each may run. */
export interface TwoVersions {
  readonly int8: ModelPackage;
  readonly fp32: ModelPackage;
  /** Version of the one that has a file with this digest. */
  versionOf(executedDigest: string): string | undefined;
}

/** No file belongs to both, so the digest that ran tells which version really read. Needs `npm run model:demo`. */
export async function twoVersions(parent: string): Promise<TwoVersions> {
  const [shipped] = await discoverModels(resolve(import.meta.dirname, '..', '..', 'models'));
  if (shipped === undefined) throw new Error('models/ is empty');
  const { alternatives = [], weightBits, ...manifest } = shipped.manifest;
  const fp32 = alternatives.find(({ precision }) => precision === 'FP32');
  if (fp32 === undefined) throw new Error('the shipped model has no FP32 file');
  const others = alternatives.filter((engine) => engine !== fp32);
  const bits = weightBits === undefined ? {} : { weightBits };
  await write(parent, shipped, { ...manifest, ...bits, alternatives: others });
  await write(parent, shipped, { ...manifest, ...fp32, version: `${manifest.version}-fp32` });
  const packages = await discoverModels(parent);
  const [first, second] = packages;
  if (first === undefined || second === undefined) throw new Error('there are not two versions');
  return {
    int8: first,
    fp32: second,
    versionOf: (digest) =>
      packages.find((model) => enginesOf(model.manifest).some((engine) => engine.digest === digest))?.manifest.version,
  };
}

async function write(
  parent: string,
  shipped: ModelPackage,
  manifest: Omit<ModelPackage['manifest'], 'alternatives' | 'weightBits'> &
    Partial<Pick<ModelPackage['manifest'], 'alternatives' | 'weightBits'>>,
): Promise<void> {
  const directory = join(parent, manifest.version);
  await mkdir(directory, { recursive: true });
  for (const file of [manifest.file, ...(manifest.alternatives ?? []).map(({ file }) => file)]) {
    await copyFile(join(shipped.directory, file), join(directory, file));
  }
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(manifest));
  await writeCard(directory);
}
