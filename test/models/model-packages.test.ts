/** Finding folders of models that come, change and go while the process runs. */
import { appendFile, cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enginesOf } from '../../src/inference/engine.ts';
import { silentLog } from '../../src/log.ts';
import { ModelPackages } from '../../src/models/model-packages.ts';
import { type TwoVersions, twoVersions } from '../support/two-versions.ts';

let folder: string;
let models: string;
let versions: TwoVersions;

const packagesOf = (lookIntervalMs: number) => new ModelPackages({ directory: models, log: silentLog, lookIntervalMs });
const arrive = () => cp(versions.fp32.directory, join(models, 'fp32'), { recursive: true });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-packages-'));
  versions = await twoVersions(join(folder, 'made'));
  models = join(folder, 'models');
  await cp(versions.int8.directory, join(models, 'int8'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('model packages', () => {
  it('are found when they are asked for, though others beside them are broken', async () => {
    const packages = packagesOf(0);
    const { digest } = versions.fp32;
    expect(await packages.find(digest)).toBeUndefined();
    await expect(packages.packageOf(digest)).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    await arrive();
    await writeFile(join(models, 'int8', 'manifest.json'), 'nonsense');
    const found = await Promise.all([packages.packageOf(digest), packages.packageOf(digest)]);
    expect(found.map(({ directory }) => directory)).toEqual([join(models, 'fp32'), join(models, 'fp32')]);
    expect(found[0]).toBe(found[1]);
  });

  it('are not looked for with every film, but again once something has changed', async () => {
    const packages = packagesOf(3_600_000);
    const { digest } = versions.fp32;
    expect(await packages.find(digest)).toBeUndefined();
    await arrive();
    expect(await packages.find(digest)).toBeUndefined();
    await packages.refresh();
    expect(await packages.find(digest)).toMatchObject({ digest });
  });

  it('are none while their bytes are others than the manifest names', async () => {
    const packages = packagesOf(0);
    await arrive();
    const { file } = versions.fp32.manifest;
    await appendFile(join(models, 'fp32', file), 'x');
    await expect(packages.find(versions.fp32.digest)).rejects.toMatchObject({ code: 'MODEL_DIGEST_MISMATCH' });
    const { found, refused } = await packages.scan();
    expect(found.map((entry) => entry.folder)).toEqual(['int8']);
    expect(refused).toMatchObject([{ folder: 'fp32', error: { code: 'MODEL_DIGEST_MISMATCH' } }]);
    await cp(join(versions.fp32.directory, file), join(models, 'fp32', file));
    expect(await packages.find(versions.fp32.digest)).toMatchObject({ digest: versions.fp32.digest });
  });

  it('leave drafts alone, and are told apart by name and by bytes', async () => {
    await arrive();
    await rename(join(models, 'fp32'), join(models, '.import-x'));
    await cp(join(models, 'int8'), join(models, 'twin'), { recursive: true });
    const { found, refused } = await packagesOf(0).scan();
    expect(found.map((entry) => entry.folder)).toEqual(['int8']);
    expect(refused).toMatchObject([{ folder: 'twin', error: { code: 'MODEL_INVALID' } }]);
    await expect(packagesOf(0).scan('.import-x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(packagesOf(0).scan('../made')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('have the engines that their manifest names now', async () => {
    const packages = packagesOf(0);
    const { digest } = versions.int8;
    expect(enginesOf((await packages.packageOf(digest)).manifest)).toHaveLength(2);
    const path = join(models, 'int8', 'manifest.json');
    const { alternatives: _, ...manifest } = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify(manifest));
    await packages.refresh();
    expect(enginesOf((await packages.packageOf(digest)).manifest)).toHaveLength(1);
  });
});
