/** A candidate that only one of several machines holds: whoever lacks it leaves its readings to who has it, and loses none. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makePhantom, phantomUid } from '../src/dicom/phantom.ts';
import { silentLog } from '../src/log.ts';
import { createClient, type PrismaClient } from '../src/store/client.ts';
import { Listener } from '../src/store/listener.ts';
import { graphql, stow } from './support/client.ts';
import { type GatewayProcess, type LoggedEvent, startGatewayProcess } from './support/gateway-process.ts';
import { createDatabase } from './support/postgres.ts';
import { type TwoVersions, twoVersions } from './support/two-versions.ts';
import { hasEnded, until } from './support/until.ts';

const MOVE = `mutation ($input: MoveModelVersionInput!) { moveModelVersion(input: $input) { modelVersion { state } } }`;

let folder: string;
let versions: TwoVersions;
let database: Awaited<ReturnType<typeof createDatabase>>;
let prisma: PrismaClient;
let listener: Listener;
/** Holds both versions, reads no films. */
let door: GatewayProcess;
let candidateId: string;
let seed = 140_000;
const readers: GatewayProcess[] = [];

function settings(models: string): Record<string, string> {
  return { DATABASE_URL: database.url, DATA_DIR: folder, INFERENCE_THREADS: '1', MODELS_DIR: join(folder, models) };
}

/** A process that reads films, and the promise that it has left one to others. */
async function startReader(models: string): Promise<{ readonly left: Promise<void> }> {
  const left = Promise.withResolvers<void>();
  const onEvent = (event: LoggedEvent & { readonly code?: string }) => {
    if (event.event === 'inference.attempt-failed' && event.code === 'MODEL_UNAVAILABLE') left.resolve();
  };
  readers.push(await startGatewayProcess({ ...settings(models), ROLE: 'worker' }, onEvent));
  return { left: left.promise };
}

async function send(count: number): Promise<string[]> {
  const seeds = Array.from({ length: count }, () => ++seed);
  const films = seeds.map((each) => makePhantom({ seed: each, rows: 256, columns: 256 }));
  expect((await stow(door.url, films)).stored).toHaveLength(count);
  return seeds.map((each) => phantomUid(`instance ${each}`));
}

const move = (toState: string, more: Record<string, unknown> = {}) =>
  graphql(door.url, MOVE, { input: { modelVersionId: candidateId, toState, reason: 'for the test', ...more } });

function readingsOf(uids: readonly string[], version: string) {
  return prisma.inference.findMany({
    where: { instance: { sopInstanceUid: { in: [...uids] } }, modelVersion: { version } },
    select: { id: true, state: true, attempts: true, executedDigest: true, errorCode: true, errorMessage: true },
  });
}

/** The readings once as many as expected have ended. */
function ended(uids: readonly string[], version: string, count = uids.length) {
  return until(
    listener,
    async () => readingsOf(uids, version),
    (readings) => readings.filter(hasEnded).length >= count,
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-elsewhere-'));
  versions = await twoVersions(join(folder, 'both'));
  await cp(versions.int8.directory, join(folder, 'one', 'int8'), { recursive: true });
  database = await createDatabase(inject('databaseUrl'));
  prisma = createClient({ url: database.url, poolSize: 1 });
  listener = new Listener(database.url, silentLog);
  await listener.open();
  const { name, version } = versions.int8.manifest;
  door = await startGatewayProcess({ ...settings('both'), ROLE: 'api', ACTIVE_MODEL: `${name}@${version}` });
  const { modelVersion } = await graphql<{ modelVersion: { id: string } }>(
    door.url,
    'query ($digest: String!) { modelVersion(digest: $digest) { id } }',
    { digest: versions.fp32.digest },
  );
  candidateId = modelVersion.id;
}, 60_000);

afterAll(async () => {
  for (const reader of readers) await reader[Symbol.asyncDispose]();
  await door?.[Symbol.asyncDispose]();
  await listener?.[Symbol.asyncDispose]();
  await prisma?.$disconnect();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('a candidate that one of two machines holds', { timeout: 120_000 }, () => {
  it('has all its films read there, none lost and none failed by the other', async () => {
    const [active, candidate] = [versions.int8.manifest.version, versions.fp32.manifest.version];
    await move('CANARY', { canaryShare: 1 });
    const clinical = await send(6);
    const without = await startReader('one');
    await without.left;

    // It goes on with what it holds, beside shadow readings that it lacks the version of, too.
    await move('SHADOW');
    const shadowed = await send(3);
    expect(new Set((await ended(shadowed, active)).map(({ state }) => state))).toEqual(new Set(['DONE']));
    const waiting = [...(await readingsOf(clinical, candidate)), ...(await readingsOf(shadowed, candidate))];
    expect(waiting).toHaveLength(9);
    expect(new Set(waiting.map(({ state }) => state))).toEqual(new Set(['QUEUED']));
    expect(new Set(waiting.map(({ attempts }) => attempts))).toEqual(new Set([0]));
    const left = waiting.filter(({ errorCode }) => errorCode !== null);
    expect(left.length).toBeGreaterThan(0);
    expect(left[0]).toMatchObject({
      errorCode: 'MODEL_UNAVAILABLE',
      errorMessage: expect.stringContaining('MODELS_DIR'),
    });

    await startReader('both');
    const more = await send(4);
    const read = await ended([...clinical, ...shadowed, ...more], candidate);
    expect(read).toHaveLength(13);
    for (const reading of read) expect(reading).toMatchObject({ state: 'DONE', attempts: 1, errorCode: null });
    expect(new Set(read.map(({ executedDigest }) => versions.versionOf(executedDigest ?? '')))).toEqual(
      new Set([candidate]),
    );
    expect((await ended(more, active)).every(({ state }) => state === 'DONE')).toBe(true);
  });

  it('fails where it was left for an hour, with what to do', async () => {
    const candidate = versions.fp32.manifest.version;
    for (const reader of readers.splice(0)) await reader.end('SIGKILL');
    await move('CANARY', { canaryShare: 1 });
    const uids = await send(2);
    const { left } = await startReader('one');
    await left;
    for (const reader of readers.splice(0)) await reader.end('SIGTERM');
    const [first, second] = await readingsOf(uids, candidate);
    const longAgo = JSON.stringify({ leftSince: new Date(Date.now() - 3_700_000).toISOString() });
    await prisma.$executeRaw`
      UPDATE pgboss.job SET data = data || ${longAgo}::jsonb
      WHERE state < 'active' AND data->>'inferenceId' = ${first?.id}`;
    await startReader('one');
    const readings = await ended(uids, candidate, 1);
    expect(readings.find(({ id }) => id === first?.id)).toMatchObject({
      state: 'FAILED',
      errorCode: 'MODEL_UNAVAILABLE',
      errorMessage: expect.stringMatching(/No folder of MODELS_DIR.*Copy the whole folder/),
    });
    expect(readings.find(({ id }) => id === second?.id)?.state).not.toBe('FAILED');
  });
});
