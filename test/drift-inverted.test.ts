/**
 * Drift through the real pipeline: a detector begins to send films with inverted pixels and says nothing of it. The gate keeps them
 * from being read; where a site has told it to let them through, the drift watch finds them.
 */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom, phantomUid } from '../src/dicom/phantom.ts';
import { discoverModels } from '../src/inference/registry.ts';
import { referenceOf } from '../src/statistics/reference-distribution.ts';
import type { PrismaClient } from '../src/store/client.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { graphql, stow, subscribe } from './support/client.ts';
import { allEnded, until } from './support/until.ts';

const REGISTER = `mutation { registerModelVersions(input: { reason: "films of our own house" }) {
  registered { version } updated { changedParts } refused { message } } }`;
const ALERTS = `subscription ($after: String) { modelDriftAlert(after: $after) {
  modelVersion { state } alerts { measure films psi ksPValue } } }`;

const [REFERENCE_FILMS, FILMS] = [30, 12];

interface Alert {
  readonly modelDriftAlert: { readonly alerts: readonly { measure: string; films: number; psi: number }[] };
}

let models: string;
let gateway: TestApp;
let prisma: PrismaClient;
let seed = 120_000;

/** What a detector writes that inverts its pixels and says that it did not. */
const INVERTED = {
  photometricInterpretation: 'MONOCHROME1',
  elements: { '00280004': ['CS', 'MONOCHROME2'], '20500020': ['CS', 'IDENTITY'] },
} as const;

/** The clinical readings of new films once none of them waits or runs any more. */
async function readFilms(url: string, count: number, options: Partial<typeof INVERTED> = {}) {
  const seeds = Array.from({ length: count }, (_, index) => seed + index);
  seed += count;
  const films = seeds.map((each) => makePhantom({ seed: each, rows: 256, columns: 256, ...options }));
  expect((await stow(url, films)).stored).toHaveLength(count);
  const uids = seeds.map((each) => phantomUid(`instance ${each}`));
  const look = async () =>
    prisma.inference.findMany({
      where: { instance: { sopInstanceUid: { in: uids } } },
      include: { findings: { select: { label: true, probability: true } } },
    });
  return until(gateway.app.store.listener, look, allEnded);
}

type Readings = Awaited<ReturnType<typeof readFilms>>;

/** What `cxr-gateway model evaluate` would write of these films. */
function referenceFrom(readings: Readings) {
  const labels = readings[0]?.findings.map(({ label }) => label) ?? [];
  const probabilities = (label: string) =>
    readings.flatMap(({ findings }) => findings.filter((one) => one.label === label).map((one) => one.probability));
  return {
    dataSet: 'films of our own house',
    films: readings.length,
    scores: Object.fromEntries(labels.map((label) => [label, referenceOf(probabilities(label))])),
    inputMean: referenceOf(readings.map(({ inputMean }) => inputMean ?? Number.NaN)),
    inputDeviation: referenceOf(readings.map(({ inputDeviation }) => inputDeviation ?? Number.NaN)),
  };
}

/** A process that starts looks at once, and has looked when it ends. */
async function watchLooks(): Promise<void> {
  const { app } = await gateway.another({ ROLE: 'api' });
  await app[Symbol.asyncDispose]();
}

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'cxr-gateway-drift-'));
  const [shipped] = await discoverModels(resolve(import.meta.dirname, '..', 'models'));
  if (shipped === undefined) throw new Error('models/ is empty');
  const { directory, manifest } = shipped;
  await mkdir(join(models, 'own'));
  for (const file of [manifest.file, ...(manifest.alternatives ?? []).map((engine) => engine.file), 'MODEL_CARD.md']) {
    await symlink(join(directory, file), join(models, 'own', file));
  }
  await writeFile(join(models, 'own', 'manifest.json'), await readFile(join(directory, 'manifest.json')));
  gateway = await startTestApp({ MODELS_DIR: models, DRIFT_MINIMUM_FILMS: String(FILMS) });
  ({ prisma } = gateway.app.store);
}, 60_000);

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await rm(models, { recursive: true, force: true });
});

describe('a detector that inverts its films', { timeout: 120_000 }, () => {
  it('is no drift as long as it does not: films like those of the reference raise no alert', async () => {
    const readings = await readFilms(gateway.url, REFERENCE_FILMS);
    const path = join(models, 'own', 'manifest.json');
    const manifest = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...manifest, reference: referenceFrom(readings) }));
    expect(await graphql(gateway.url, REGISTER)).toEqual({
      registerModelVersions: { registered: [], updated: [{ changedParts: ['reference'] }], refused: [] },
    });
    // The films of the reference were read before the 24 hours that are looked at.
    await prisma.inference.updateMany({ data: { createdAt: new Date(Date.now() - 3 * 86_400_000) } });
    await readFilms(gateway.url, FILMS);
    await watchLooks();
    expect(await prisma.driftAlert.count()).toBe(0);
  });

  it('is stopped by the gate, which reads none of them', async () => {
    const readings = await readFilms(gateway.url, FILMS, INVERTED);
    const states = new Set(readings.map(({ state }) => state));
    expect(states).toEqual(new Set(['INELIGIBLE']));
    await watchLooks();
    expect(await prisma.driftAlert.count()).toBe(0);
  });

  it('raises an alert where the gate was told to let them through', async () => {
    await gateway.app.drain();
    const lenient = await gateway.another({ GATE_RULES: 'PIXELS_INVERTED=warn,PIXELS_NO_FRONTAL_CHEST=warn' });
    await prisma.inference.updateMany({ data: { createdAt: new Date(Date.now() - 3 * 86_400_000) } });
    await using live = await subscribe<Alert>(lenient.url, ALERTS);
    const readings = await readFilms(lenient.url, FILMS, INVERTED);
    expect(new Set(readings.map(({ state }) => state))).toEqual(new Set(['DONE']));
    await watchLooks();
    const { alerts } = (await live.next()).modelDriftAlert;
    const mean = alerts.find(({ measure }) => measure === 'input mean');
    expect(mean).toMatchObject({ films: FILMS });
    expect(mean?.psi).toBeGreaterThan(0.25);
  });
});
