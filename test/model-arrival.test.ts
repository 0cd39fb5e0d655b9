/** A version comes into the model folders of two gateway processes that run, each with its own, and goes into use without a restart. */
import { copyFile, cp, mkdir, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makePhantom } from '../src/dicom/phantom.ts';
import { writeCard } from '../src/inference/model-card/write-card.ts';
import { createClient, type PrismaClient } from '../src/store/client.ts';
import { graphql, type Subscription, stow, subscribe } from './support/client.ts';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.ts';
import { createDatabase } from './support/postgres.ts';
import { type TwoVersions, twoVersions } from './support/two-versions.ts';

interface Completed {
  readonly findingsCompleted: {
    readonly inference: {
      readonly modelVersion: { version: string };
      readonly executedEngine: { readonly digest: string };
    };
  };
}
interface Registrations {
  readonly registerModelVersions: {
    readonly registered: readonly { readonly id: string; readonly version: string; readonly state: string }[];
    readonly updated: readonly { readonly modelVersion: { version: string }; readonly changedParts: string[] }[];
    readonly known: readonly { readonly version: string }[];
    readonly refused: readonly { readonly folder: string; readonly code: string; readonly message: string }[];
  };
}

const LIVE = `subscription ($after: String) { findingsCompleted(after: $after) {
  inference { modelVersion { version } executedEngine { digest } } } }`;
const SHADOWED =
  'subscription ($after: String) { modelVersionChanged(after: $after) { modelVersion { version state } } }';
const REGISTER = `mutation ($input: RegisterModelVersionsInput!) { registerModelVersions(input: $input) {
  registered { id version state } updated { modelVersion { version } changedParts } known { version }
  refused { folder code message } } }`;
const MOVE = `mutation ($input: MoveModelVersionInput!) { moveModelVersion(input: $input) { modelVersion { state } } }`;

let folder: string;
let versions: TwoVersions;
let database: Awaited<ReturnType<typeof createDatabase>>;
let prisma: PrismaClient;
let first: GatewayProcess;
let second: GatewayProcess;
let seed = 95_000;

const modelsOf = (machine: string) => join(folder, machine);
const register = async (input: { readonly folder?: string } = {}, reason = 'for the test') =>
  (await graphql<Registrations>(first.url, REGISTER, { input: { ...input, reason } })).registerModelVersions;

async function readBy(gateway: GatewayProcess, live: Subscription<Completed>) {
  seed += 1;
  expect((await stow(gateway.url, [makePhantom({ seed, rows: 256, columns: 256 })])).status).toBe(200);
  const { modelVersion, executedEngine } = (await live.next()).findingsCompleted.inference;
  // What ran is a file of the version that the reading is filed under.
  expect(versions.versionOf(executedEngine.digest)).toBe(modelVersion.version);
  return modelVersion.version;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-arrival-'));
  versions = await twoVersions(join(folder, 'imported'));
  for (const machine of ['first', 'second']) {
    await cp(versions.int8.directory, join(modelsOf(machine), 'int8'), { recursive: true });
  }
  database = await createDatabase(inject('databaseUrl'));
  prisma = createClient({ url: database.url, poolSize: 1 });
  const settings = { DATABASE_URL: database.url, DATA_DIR: folder, INFERENCE_THREADS: '1' };
  first = await startGatewayProcess({ ...settings, MODELS_DIR: modelsOf('first') });
  second = await startGatewayProcess({ ...settings, MODELS_DIR: modelsOf('second') });
});

afterAll(async () => {
  await first?.[Symbol.asyncDispose]();
  await second?.[Symbol.asyncDispose]();
  await prisma?.$disconnect();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('a version that comes while the gateway runs', () => {
  it('is refused while it is being copied, beside others that are not, and can be asked for again', async () => {
    const { directory, manifest } = versions.fp32;
    const half = join(modelsOf('first'), 'fp32');
    await mkdir(half);
    await copyFile(join(directory, 'manifest.json'), join(half, 'manifest.json'));
    expect(await register()).toMatchObject({
      registered: [],
      updated: [],
      known: [{ version: versions.int8.manifest.version }],
      refused: [{ folder: 'fp32', code: 'MODEL_INVALID' }],
    });
    await copyFile(join(directory, manifest.file), join(half, manifest.file));
    await truncate(join(half, manifest.file), 1_000_000);
    const { registered, refused } = await register({ folder: 'fp32' });
    expect(registered).toEqual([]);
    expect(refused).toMatchObject([{ folder: 'fp32', code: 'MODEL_DIGEST_MISMATCH' }]);
    expect(await prisma.modelVersion.count()).toBe(1);
    await rm(half, { recursive: true });
  });

  it.each(['../imported', '/etc', '.', '..', '.import-x', 'a/b', 'a\\b', ''])(
    'is not looked for in %j',
    async (name) => {
      await expect(register({ folder: name })).rejects.toThrow('BAD_REQUEST');
    },
  );

  it('needs a reason, and a folder that is there', async () => {
    await expect(register({}, ' ')).rejects.toThrow('BAD_REQUEST');
    await expect(register({ folder: 'nothing' })).rejects.toThrow('NOT_FOUND');
  });

  it('goes from its folder to ACTIVE, and is read by a process that nobody asked', async () => {
    const { version } = versions.fp32.manifest;
    for (const machine of ['first', 'second']) {
      // As an import does: written beside and moved into place.
      await cp(versions.fp32.directory, join(modelsOf(machine), '.import-draft'), { recursive: true });
      await rename(join(modelsOf(machine), '.import-draft'), join(modelsOf(machine), 'fp32'));
    }
    const { registered, known, refused } = await register({}, 'Candidate of October');
    expect(registered).toMatchObject([{ version, state: 'REGISTERED' }]);
    expect([known, refused]).toEqual([[{ version: versions.int8.manifest.version }], []]);
    expect(await register()).toMatchObject({ registered: [], known: [{}, {}] });
    const created = await prisma.auditRecord.findMany({
      where: { action: 'CREATE', operation: { contains: 'registerModelVersions' } },
    });
    expect(created).toHaveLength(1);
    expect(JSON.parse(created[0]?.details ?? '')).toMatchObject({ version, reason: 'Candidate of October' });

    const modelVersionId = registered[0]?.id;
    const move = (toState: string) =>
      graphql(first.url, MOVE, { input: { modelVersionId, toState, reason: 'for the test' } });
    await using live = await subscribe<Completed>(second.url, LIVE);
    await using moves = await subscribe<{ modelVersionChanged: { modelVersion: unknown } }>(second.url, SHADOWED);
    await move('SHADOW');
    expect(await moves.next()).toEqual({ modelVersionChanged: { modelVersion: { version, state: 'SHADOW' } } });
    expect(await readBy(first, live)).toBe(versions.int8.manifest.version);
    await move('ACTIVE');
    expect(await readBy(first, live)).toBe(version);

    await first.end('SIGTERM');
    expect(await readBy(second, live)).toBe(version);
    const { checks } = (await (await fetch(`${second.url}/readyz`)).json()) as {
      checks: { name: string; ok: boolean }[];
    };
    expect(checks.find(({ name }) => name === 'model')).toMatchObject({ ok: true });
    const readings = await prisma.inference.findMany({
      select: { shadow: true, modelVersion: { select: { version: true } } },
    });
    expect(readings.filter(({ shadow }) => shadow)).toMatchObject([{ modelVersion: { version } }]);
  });
});

describe('a manifest that changes', () => {
  it('keeps a version from being moved where it would have films read otherwise', async () => {
    const path = join(modelsOf('second'), 'int8', 'manifest.json');
    const text = await readFile(path, 'utf8');
    const manifest = JSON.parse(text);
    await writeFile(path, JSON.stringify({ ...manifest, preprocessing: { ...manifest.preprocessing, divisor: 256 } }));
    const rollback = () =>
      graphql(second.url, 'mutation { rollbackModelVersion(reason: "for the test") { modelVersion { state } } }');
    await expect(rollback()).rejects.toThrow(/preprocessing/);
    await writeFile(path, text);
    // The record is brought up to the folder that the move was judged by, in the name of who moves.
    await writeFile(path, JSON.stringify({ ...manifest, description: 'Told with the move.' }));
    await writeCard(join(modelsOf('second'), 'int8'));
    expect(await rollback()).toEqual({ rollbackModelVersion: { modelVersion: { state: 'ACTIVE' } } });
    const found = await prisma.modelVersion.findUnique({ where: { digest: versions.int8.digest } });
    expect(found?.manifest).toMatchObject({ description: 'Told with the move.' });
    const updated = await prisma.auditRecord.findMany({
      where: {
        action: 'UPDATE',
        operation: { contains: 'rollbackModelVersion' },
        details: { contains: 'changedParts' },
      },
    });
    expect(updated.map(({ details }) => JSON.parse(details ?? ''))).toMatchObject([
      { changedParts: ['description'], reason: 'for the test' },
    ]);
  });

  it('brings the description up at the next start, and stops one that would read otherwise', async () => {
    const path = join(modelsOf('first'), 'int8', 'manifest.json');
    const manifest = JSON.parse(await readFile(path, 'utf8'));
    const settings = {
      DATABASE_URL: database.url,
      DATA_DIR: folder,
      INFERENCE_THREADS: '1',
      MODELS_DIR: modelsOf('first'),
    };
    await writeFile(path, JSON.stringify({ ...manifest, description: 'Told better.' }));
    await using _again = await startGatewayProcess(settings);
    const found = await prisma.modelVersion.findUnique({ where: { digest: versions.int8.digest } });
    expect(found?.manifest).toMatchObject({ description: 'Told better.' });
    await writeFile(path, JSON.stringify({ ...manifest, preprocessing: { ...manifest.preprocessing, divisor: 256 } }));
    await expect(startGatewayProcess(settings)).rejects.toThrow(/preprocessing.*new version of its own/);
  });
});
