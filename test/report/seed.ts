/** Two versions with a life: films of twelve days read by both, reviews, moves, thresholds, alerts of drift. */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { SOURCE_ATTRIBUTES } from '../../src/inference/model-card/source-attributes.ts';
import type { ReferenceDistribution } from '../../src/statistics/reference-distribution.ts';
import type { FindingVerdict } from '../../src/store/reviews.ts';
import type { Store } from '../../src/store/store.ts';
import { BY_TEST, freshUid } from '../support/records.ts';

const SHIPPED = resolve(import.meta.dirname, '..', '..', 'models', 'chexnet-demo', 'manifest.json');

/** The shipped manifest: 14 labels, an evaluation with intervals, a reference. */
const manifest = JSON.parse(readFileSync(SHIPPED, 'utf8')) as {
  readonly sha256: string;
  readonly labels: readonly { readonly name: string; readonly threshold: number }[];
  readonly metrics: readonly object[];
  readonly reference: {
    readonly scores: Readonly<Record<string, ReferenceDistribution>>;
    readonly inputMean: ReferenceDistribution;
    readonly inputDeviation: ReferenceDistribution;
  };
};

/** What must be in no report: of patients, reviewers, and their words. */
export const SECRETS = ['quetzal', 'mrn-secret', 'acc-secret', 'dr-house', 'gregory', 'only between us', '1931-'];

/** Attributes that the seeded card lacks. */
export const LACKING = ['4(c)', '6(a)', '6(b)'];

/** A reason that would run if it were not escaped. */
export const HOSTILE = `Candidate of October <script>alert("1")</script> & 'all' \u202egnorw`;

export const SINCE = new Date('2026-10-01T00:00:00Z');
export const UNTIL = new Date('2026-10-15T00:00:00Z');

const DAY_MS = 86_400_000;

/** Films by day of October; the last days have moved away. */
const FILMS_OF_DAYS = [104, 8, 0, 112, 105, 22, 101, 0, 9, 103, 108, 110];
const DRIFTED_FROM = 9;

const SITES = ['NORTH', 'SOUTH', 'ST ELSEWHERE'];
const VIEWS = ['PA', 'AP', null];
const BIRTHS = ['2012-03-01', '1990-03-01', '1969-03-01', '1955-03-01', '1931-03-01'];

/** Versions that were written. */
export interface SeededVersions {
  /** ACTIVE, with everything. */
  readonly active: string;
  /** SHADOW, has read the same films. */
  readonly candidate: string;
  /** REGISTERED, without anything. */
  readonly empty: string;
}

/** The same each time: mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export async function seedVersions(store: Store): Promise<SeededVersions> {
  const active = await register(store, '1.1.0', { ...manifest, card: card() });
  const candidate = await register(store, '1.2.0-rc.1', { ...manifest, card: card() });
  const { id: empty } = await store.modelVersions.register(
    {
      ...{ name: 'bare', version: '0.1', precision: 'FP32', manifest: { labels: [{ name: 'Mass', threshold: 0.5 }] } },
      ...{ digest: createHash('sha256').update('bare').digest('hex'), metrics: undefined },
    },
    BY_TEST,
  );
  await govern(store, active, candidate);
  await readFilms(store, active, candidate);
  return { active, candidate, empty };
}

async function register(store: Store, version: string, content: object): Promise<string> {
  const digest = version === '1.1.0' ? manifest.sha256 : createHash('sha256').update(version).digest('hex');
  const { metrics, ...json } = JSON.parse(JSON.stringify({ ...content, version, sha256: digest }));
  const { id } = await store.modelVersions.register(
    { name: 'chexnet-demo', version, digest, precision: 'INT8', manifest: { ...json, metrics }, metrics },
    BY_TEST,
  );
  return id;
}

function card(): Record<string, string> {
  const stated = SOURCE_ATTRIBUTES.filter(({ number }) => !LACKING.includes(number));
  const text = 'As the developer states it, in a sentence or two, with what a reader must know of it before use.';
  return Object.fromEntries(stated.map(({ key, name }) => [key, `${name}. ${text}`]));
}

async function govern({ modelVersions, driftAlerts }: Store, active: string, candidate: string): Promise<void> {
  const ada = { ...BY_TEST, subject: 'oidc:https://id.hospital.example#ada.lovelace' };
  const move = (modelVersionId: string, toState: 'SHADOW' | 'CANARY' | 'ACTIVE', reason: string) =>
    modelVersions.moveNow({
      ...{ modelVersionId, toState, reason, by: ada, missing: [] },
      ...(toState === 'CANARY' ? { canary: { canaryShare: 0.05, canarySources: [] } } : {}),
    });
  await move(active, 'SHADOW', HOSTILE);
  await move(
    active,
    'CANARY',
    'Two weeks as shadow without a flip that clinicians disagreed with.\nMinutes of 12 October.',
  );
  await move(active, 'ACTIVE', 'Approved by the quality board.');
  await move(candidate, 'SHADOW', 'Weights of November.');
  const thresholds = { Effusion: 0.1, Pleural_Thickening: 0.055 };
  const method = 'By hand.';
  await modelVersions.changeThresholds({
    ...{ modelVersionId: active, thresholds, method, by: ada },
    reason: 'Screening of new staff.',
  });
  await driftAlerts.record(active, new Date('2026-10-10T00:00:00Z'), 103, [
    { measure: 'input mean', count: 103, psi: 1.31, ksStatistic: 0.41, ksPValue: 1e-9 },
    { measure: 'Mass', count: 103, psi: 0.61, ksStatistic: 0.22, ksPValue: 0.0007 },
  ]);
}

/** Each row of every table, written at once. */
async function readFilms({ prisma }: Store, active: string, candidate: string): Promise<void> {
  await prisma.driftAlert.updateMany({ data: { createdAt: new Date('2026-10-10T13:00:00Z') } });
  const random = randomNumbers(7);
  const films = FILMS_OF_DAYS.flatMap((many, day) => Array.from({ length: many }, () => ({ day })));
  const rows = films.map(({ day }, index) =>
    filmOf(index, new Date(SINCE.getTime() + day * DAY_MS + (index % 1000) * 60_000)),
  );
  await prisma.patient.createMany({ data: rows.map(({ patient }) => patient) });
  await prisma.study.createMany({ data: rows.map(({ study }) => study) });
  await prisma.series.createMany({ data: rows.map(({ series }) => series) });
  await prisma.instance.createMany({ data: rows.map(({ instance }) => instance) });
  const readings = rows.flatMap((row, index) => {
    const drifted = (films[index]?.day ?? 0) >= DRIFTED_FROM;
    const u = manifest.labels.map(() => random());
    const inputs = [random(), random()] as const;
    return [
      readingOf(row, active, false, u, inputs, drifted),
      readingOf(
        row,
        candidate,
        true,
        u.map((each) => Math.min(Math.max(each + (random() - 0.45) * 0.1, 0), 1)),
        inputs,
        drifted,
      ),
    ];
  });
  await prisma.inference.createMany({ data: readings.map(({ inference }) => inference) });
  for (let at = 0; at < readings.length; at += 100) {
    await prisma.finding.createMany({ data: readings.slice(at, at + 100).flatMap(({ findings }) => findings) });
  }
  const reviewed = readings.filter(({ inference }, index) => !inference.shadow && index % 10 === 0);
  await prisma.findingReview.createMany({
    data: reviewed.flatMap(({ findings }) => findings.flatMap((each) => reviewOf(each, random()))),
  });
}

function filmOf(index: number, createdAt: Date) {
  const [patientId, studyId, seriesId, instanceId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  const at = <Value>(values: readonly Value[], step: number): Value =>
    values[Math.floor(index / step) % values.length] as Value;
  return {
    patient: {
      ...{
        id: patientId,
        mrn: `MRN-SECRET-${index}`,
        issuer: at(SITES, 1),
        name: `QUETZAL^PATIENT ${index}`,
        createdAt,
      },
      ...{ birthDate: new Date(`${at(BIRTHS, 7)}T00:00:00Z`), sex: at(['FEMALE', 'MALE'] as const, 6) },
    },
    study: {
      ...{ id: studyId, patientId, studyInstanceUid: freshUid(), accessionNumber: `ACC-SECRET-${index}`, createdAt },
      ...{ studyDate: createdAt, description: 'Chest' },
    },
    series: {
      ...{ id: seriesId, studyId, seriesInstanceUid: freshUid(), modality: 'DX', bodyPart: 'CHEST', createdAt },
      viewPosition: at(VIEWS, 2),
    },
    instance: {
      ...{ id: instanceId, seriesId, sopInstanceUid: freshUid(), sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1' },
      ...{
        transferSyntaxUid: '1.2.840.10008.1.2.1',
        rows: 512,
        columns: 512,
        photometricInterpretation: 'MONOCHROME2',
      },
      ...{
        sha256: createHash('sha256').update(instanceId).digest('hex'),
        byteLength: 524_288n,
        blobKey: `k/${instanceId}`,
      },
      ...{ eligibility: 'READ' as const, eligibilityReasons: [], createdAt },
    },
  };
}

function readingOf(
  { patient, study, instance }: ReturnType<typeof filmOf>,
  modelVersionId: string,
  shadow: boolean,
  u: readonly number[],
  inputs: readonly [number, number],
  drifted: boolean,
) {
  const { createdAt } = instance;
  const ids = { studyId: study.id, patientId: patient.id, modelVersionId, shadow, createdAt };
  const inferenceId = randomUUID();
  const { scores, inputMean, inputDeviation } = manifest.reference;
  const inference = {
    ...{ ...ids, id: inferenceId, instanceId: instance.id, state: 'DONE' as const, attempts: 1, queuedAt: createdAt },
    ...{
      startedAt: createdAt,
      completedAt: new Date(createdAt.getTime() + 90 + (u[0] ?? 0) * 60),
      thresholdSetVersion: 1,
    },
    ...{
      readMs: 1,
      decodeMs: 20,
      preprocessMs: 9,
      inferenceMs: 40 + (u[1] ?? 0) * 20,
      executedPrecision: 'INT8' as const,
    },
    inputMean: at(inputMean, drifted ? inputs[0] ** 0.3 : inputs[0]),
    inputDeviation: at(inputDeviation, inputs[1]),
  };
  const findings = manifest.labels.map(({ name: label, threshold }, index) => {
    const share = u[index] ?? 0;
    const probability = at(scores[label], drifted && label === 'Mass' ? share ** 0.4 : share);
    return {
      ...{ ...ids, id: randomUUID(), inferenceId, label, probability, threshold, positive: probability >= threshold },
      ...{ heatMapRows: 0, heatMapColumns: 0, heatMapValues: [] },
    };
  });
  return { inference, findings };
}

function reviewOf(
  {
    id,
    inferenceId,
    studyId,
    patientId,
    modelVersionId,
    label,
    positive,
  }: ReturnType<typeof readingOf>['findings'][number],
  chance: number,
) {
  const right = chance < (positive ? 0.72 : 0.9);
  const verdict: FindingVerdict = chance > 0.97 ? 'NOT_ASSESSABLE' : right ? 'AGREE' : 'DISAGREE';
  const by = { reviewer: 'oidc:dr-house', reviewerName: 'Gregory House', comment: 'only between us' };
  return [{ findingId: id, inferenceId, studyId, patientId, modelVersionId, label, verdict, ...by }];
}

function at(distribution: ReferenceDistribution | undefined, share: number): number {
  const quantiles = distribution?.quantiles ?? [];
  const place = share * (quantiles.length - 1);
  const [low = 0, high = low] = [quantiles[Math.floor(place)], quantiles[Math.ceil(place)]];
  return low + (high - low) * (place - Math.floor(place));
}
