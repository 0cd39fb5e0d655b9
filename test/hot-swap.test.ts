/** Versions are exchanged under a stream of films that two gateway processes read: nothing is lost, read twice or mixed up. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom, phantomUid } from '../src/dicom/phantom.ts';
import type { PrismaClient } from '../src/store/client.ts';
import type { Listener } from '../src/store/listener.ts';
import { graphql, stow, subscribe } from './support/client.ts';
import { type TwoGateways, twoGateways } from './support/two-gateways.ts';
import type { TwoVersions } from './support/two-versions.ts';
import { allEnded, until } from './support/until.ts';

interface Completed {
  readonly findingsCompleted: {
    readonly inference: {
      readonly instance: { readonly sopInstanceUid: string };
      readonly modelVersion: { version: string };
    };
  };
}

const LIVE = `subscription Live($after: String) { findingsCompleted(after: $after) {
  inference { instance { sopInstanceUid } modelVersion { version } } } }`;
const MOVE = `mutation ($input: MoveModelVersionInput!) { moveModelVersion(input: $input) { modelVersion { state } } }`;

/** From the mutation to the findings of the first film on the new version. */
const LONGEST_SWAP_MS = 5000;

let gateways: TwoGateways;
let prisma: PrismaClient;
let listener: Listener;
let versions: TwoVersions;
let seed = 90_000;

const url = (index: number) => (index % 2 === 0 ? gateways.first : gateways.second).url;
const move = (version: string, toState: string, more: Record<string, unknown> = {}) =>
  graphql(url(0), MOVE, {
    input: { modelVersionId: gateways.idOf(version), toState, reason: 'for the test', ...more },
  });

async function send(count: number): Promise<string[]> {
  const uids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    seed += 1;
    const answer = await stow(url(index), [makePhantom({ seed, rows: 256, columns: 256 })]);
    expect(answer.status).toBe(200);
    uids.push(phantomUid(`instance ${seed}`));
  }
  return uids;
}

/** The readings of films once none waits or runs any more. */
function readingsOf(uids: readonly string[]) {
  const look = async () =>
    prisma.inference.findMany({
      where: { instance: { sopInstanceUid: { in: [...uids] } } },
      select: {
        state: true,
        shadow: true,
        queuedAt: true,
        executedDigest: true,
        modelVersion: { select: { version: true } },
        instance: { select: { sopInstanceUid: true } },
        _count: { select: { findings: true } },
      },
    });
  return until(listener, look, allEnded);
}

beforeAll(async () => {
  gateways = await twoGateways();
  ({ prisma, listener, versions } = gateways);
});

afterAll(() => gateways?.[Symbol.asyncDispose]());

describe('two processes under a stream of films', () => {
  it('exchange the active version and roll it back, hot', async () => {
    const [int8, fp32] = [versions.int8.manifest.version, versions.fp32.manifest.version];
    await using live = await subscribe<Completed>(url(1), LIVE);
    const seen: { readonly uid: string; readonly version: string; readonly at: number }[] = [];
    const next = async () => {
      const { inference } = (await live.next()).findingsCompleted;
      seen.push({ uid: inference.instance.sopInstanceUid, version: inference.modelVersion.version, at: Date.now() });
    };
    const count = 40;
    const exchanged = Promise.withResolvers<number>();
    const streaming = (async () => {
      const before = await send(count);
      const asked = Date.now();
      // While the films before still wait: they stay with their version.
      const [, during] = await Promise.all([move(fp32, 'ACTIVE'), send(count)]);
      exchanged.resolve(asked);
      const { rollbackModelVersion } = await graphql<{ rollbackModelVersion: { modelVersion: { version: string } } }>(
        url(1),
        'mutation { rollbackModelVersion(reason: "for the test") { modelVersion { version } } }',
      );
      expect(rollbackModelVersion.modelVersion.version).toBe(int8);
      return { before, during, after: await send(count) };
    })();
    for (let index = 0; index < 3 * count; index += 1) await next();
    const { before, during, after } = await streaming;
    const all = [...before, ...during, ...after];

    // Nothing lost, nothing twice, in the feed as in the records.
    expect(seen.map(({ uid }) => uid).sort()).toEqual([...all].sort());
    const readings = await readingsOf(all);
    expect(readings).toHaveLength(all.length);
    for (const reading of readings) {
      expect(reading).toMatchObject({ state: 'DONE', shadow: false, _count: { findings: 14 } });
      // What ran is a file of the version that it is filed under.
      expect(versions.versionOf(reading.executedDigest ?? '')).toBe(reading.modelVersion.version);
    }
    const versionsOf = (uids: readonly string[]) =>
      new Set(
        readings.filter(({ instance }) => uids.includes(instance.sopInstanceUid)).map((r) => r.modelVersion.version),
      );
    expect(versionsOf(before)).toEqual(new Set([int8]));
    expect(versionsOf(after)).toEqual(new Set([int8]));
    expect(versionsOf(during)).toContain(fp32);

    const firstNew = seen.find(({ version }) => version === fp32)?.at ?? Number.NaN;
    expect(firstNew - (await exchanged.promise)).toBeLessThan(LONGEST_SWAP_MS);
    const moves = await prisma.modelTransition.findMany({ orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
    expect(moves.map(({ fromState, toState }) => [fromState, toState])).toEqual([
      ['REGISTERED', 'ACTIVE'],
      ['ACTIVE', 'RETIRED'],
      ['REGISTERED', 'ACTIVE'],
      ['ACTIVE', 'RETIRED'],
      ['RETIRED', 'ACTIVE'],
    ]);
  });

  it('read every film a second time by a shadow, of which no subscription tells', async () => {
    const fp32 = versions.fp32.manifest.version;
    await move(fp32, 'SHADOW');
    await using live = await subscribe<Completed>(url(0), LIVE);
    const uids = await send(20);
    const told: string[] = [];
    for (let index = 0; index < uids.length; index += 1) {
      const { inference } = (await live.next()).findingsCompleted;
      expect(inference.modelVersion.version).toBe(versions.int8.manifest.version);
      told.push(inference.instance.sopInstanceUid);
    }
    expect(told.sort()).toEqual([...uids].sort());
    const readings = await readingsOf(uids);
    expect(readings).toHaveLength(2 * uids.length);
    for (const reading of readings) {
      expect(reading).toMatchObject({ state: 'DONE', _count: { findings: 14 } });
      expect(versions.versionOf(reading.executedDigest ?? '')).toBe(reading.modelVersion.version);
      expect(reading.shadow).toBe(reading.modelVersion.version === fp32);
    }
  });

  it('refuse a version whose file was altered since, naming the file', async () => {
    const { directory, manifest } = versions.fp32;
    await appendFile(join(directory, manifest.file), 'x');
    await expect(move(manifest.version, 'CANARY', { canaryShare: 0.5 })).rejects.toThrow(
      new RegExp(`MODEL_DIGEST_MISMATCH|${manifest.file}`),
    );
    await expect(move(versions.int8.manifest.version, 'RETIRED')).rejects.toThrow('INVALID_STATE');
  });
});
