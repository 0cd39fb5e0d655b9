/** A shadow beside a stream of live films that never ends the queue: it waits, and catches up afterwards. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom } from '../src/dicom/phantom.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { graphql, stow, subscribe } from './support/client.ts';
import { twoVersions } from './support/two-versions.ts';
import { until } from './support/until.ts';

const LIVE = 'subscription ($after: String) { findingsCompleted(after: $after) { inference { id } } }';
const MOVE = `mutation ($input: MoveModelVersionInput!) { moveModelVersion(input: $input) { modelVersion { id } } }`;

/** Live films that wait when reading begins, so many that the queue does not run empty before the last of the stream has come. */
const BACKLOG = 40;
/** Live films that come while it reads, a batch whenever as many were read. */
const STREAM = 6;
const BATCH = 2;

interface Job {
  readonly inferenceId: string;
  readonly priority: number;
  readonly claimedAt: Date;
  readonly retries: number;
}

let folder: string;
/** Takes films in, and reads none. */
let door: TestApp;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-shadow-'));
  const { int8, fp32 } = await twoVersions(folder);
  const active = `${int8.manifest.name}@${int8.manifest.version}`;
  door = await startTestApp({ MODELS_DIR: folder, ACTIVE_MODEL: active, ROLE: 'api' });
  const { modelVersion } = await graphql<{ modelVersion: { id: string } }>(
    door.url,
    'query ($digest: String!) { modelVersion(digest: $digest) { id } }',
    { digest: fp32.digest },
  );
  await graphql(door.url, MOVE, { input: { modelVersionId: modelVersion.id, toState: 'SHADOW', reason: 'a test' } });
}, 60_000);

afterAll(async () => {
  await door?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Resolves when no reading waits or runs any more. */
async function allRead(): Promise<void> {
  const { prisma, listener } = door.app.store;
  const open = async () => prisma.inference.count({ where: { state: { in: ['QUEUED', 'RUNNING'] } } });
  await until(listener, open, (count) => count === 0);
}

describe('a shadow under sustained load', { timeout: 180_000 }, () => {
  it('is claimed for nothing while a live film waits, and has read every film in the end', async () => {
    const { prisma } = door.app.store;
    const films = Array.from({ length: BACKLOG + STREAM }, (_, index) =>
      makePhantom({ seed: 130_000 + index, rows: 256, columns: 256 }),
    );
    expect((await stow(door.url, films.slice(0, BACKLOG))).stored).toHaveLength(BACKLOG);
    await using live = await subscribe(door.url, LIVE);
    await door.another({ ROLE: 'worker' });
    for (let next = BACKLOG; next < films.length; next += BATCH) {
      for (let read = 0; read < BATCH; read += 1) await live.next();
      expect((await stow(door.url, films.slice(next, next + BATCH))).stored).toHaveLength(BATCH);
    }
    await allRead();

    const readings = await prisma.inference.findMany({
      select: { id: true, shadow: true, state: true, queuedAt: true },
    });
    expect(readings).toHaveLength(2 * films.length);
    expect(new Set(readings.map(({ state }) => state))).toEqual(new Set(['DONE']));
    const jobs = await prisma.$queryRaw<Job[]>`
      SELECT data->>'inferenceId' AS "inferenceId", priority, started_on AS "claimedAt", retry_count AS retries
      FROM pgboss.job WHERE name = 'inference'`;
    const claimsOf = (shadow: boolean) => {
      const ids = new Set(readings.filter((reading) => reading.shadow === shadow).map(({ id }) => id));
      return jobs.filter(({ inferenceId }) => ids.has(inferenceId));
    };
    const [clinical, shadows] = [claimsOf(false), claimsOf(true)];
    expect([clinical.length, shadows.length]).toEqual([films.length, films.length]);
    expect(jobs.every(({ retries }) => retries === 0)).toBe(true);
    expect(new Set(clinical.map(({ priority }) => priority))).toEqual(new Set([0]));
    // The stream never let the queue run empty, so every live film was claimed before the first shadow reading, those that had
    // not come yet when it was queued among them.
    const at = ({ claimedAt }: Job) => claimedAt.getTime();
    expect(Math.min(...shadows.map(at))).toBeGreaterThanOrEqual(Math.max(...clinical.map(at)));
    const lastCame = Math.max(...readings.filter(({ shadow }) => !shadow).map(({ queuedAt }) => queuedAt.getTime()));
    const waited = readings.filter(({ shadow, queuedAt }) => shadow && queuedAt.getTime() < lastCame);
    expect(waited.length).toBeGreaterThanOrEqual(BACKLOG);
  });
});
