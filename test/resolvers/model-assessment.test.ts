/** Figures of model versions against those worked out by hand. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toGlobalId } from '../../src/schema/global-id.ts';
import { modelComparison } from '../../src/store/reads/comparison.ts';
import { UNRESTRICTED } from '../../src/store/reads/scope.ts';
import type { FindingVerdict } from '../../src/store/reviews.ts';
import { BY_TEST } from '../support/records.ts';
import { LABELS, type SeededStudy, seedModel, seedStudy } from './seed.ts';
import { openApi, type TestApi } from './support.ts';

let api: TestApi;
let modelVersionId: string;

beforeAll(async () => {
  api = await openApi();
  modelVersionId = await seedModel(api.store, '1.0.0', false);
});

afterAll(() => api?.[Symbol.asyncDispose]());

const day = (date: string) => new Date(`${date}T12:00:00Z`);

interface FilmSeed {
  readonly probability: number;
  readonly issuer?: string;
  readonly view?: string | null;
  readonly sex?: 'MALE' | 'FEMALE' | null;
  readonly birthDate?: string | null;
  readonly studyDate?: string | null;
  readonly createdAt?: Date;
  readonly verdicts: readonly (FindingVerdict | 'MISSED')[];
}

/** A film whose Mass has the probability, and what dr-0, dr-1, ... say of it. */
async function film(seed: FilmSeed): Promise<SeededStudy> {
  const { store } = api;
  const study = await seedStudy(store, {
    modelVersionId,
    patient: { issuer: seed.issuer ?? 'HOSPITAL' },
    studyDate: seed.studyDate === null ? null : day(seed.studyDate ?? '2020-01-01'),
    createdAt: seed.createdAt ?? day('2026-03-01'),
    probability: (label) => (LABELS[label] === 'Mass' ? seed.probability : 0.1),
  });
  const birthDate = seed.birthDate === null ? null : new Date(`${seed.birthDate ?? '1970-01-31'}T00:00:00Z`);
  await store.prisma.patient.update({
    where: { id: study.patientId },
    data: { sex: seed.sex === undefined ? 'FEMALE' : seed.sex, birthDate },
  });
  await store.prisma.series.update({ where: { id: study.seriesId }, data: { viewPosition: seed.view ?? null } });
  const inferenceId = study.instances[0]?.inferenceId ?? '';
  const mass = await store.prisma.finding.findFirstOrThrow({ where: { inferenceId, label: 'Mass' } });
  for (const [index, verdict] of seed.verdicts.entries()) {
    const by = { ...BY_TEST, subject: `dr-${index}` };
    const given = { comment: null, scope: UNRESTRICTED, by };
    if (verdict === 'MISSED') await store.reviews.recordMissed({ ...given, inferenceId, label: 'mass' });
    else await store.reviews.record({ ...given, findingId: mass.id, verdict });
  }
  return study;
}

const FIGURES = `otherMissed groups { group labels { label truePositives falsePositives trueNegatives falseNegatives notAssessable
  agreement { successes trials value low high } sensitivity { successes trials value } specificity { successes trials value }
  positivePredictiveValue { successes trials value } } }`;

interface Performance {
  readonly otherMissed: number;
  readonly groups: readonly { readonly group: string | null; readonly labels: readonly Record<string, unknown>[] }[];
}

const performance = async (args = '', client = api.as({ roles: ['ADMIN'] })) =>
  (
    await client.data<{ modelPerformance: Performance }>(
      `{ modelPerformance(modelVersionId: "${toGlobalId('ModelVersion', modelVersionId)}" ${args}) { ${FIGURES} } }`,
    )
  ).modelPerformance;

/** TP, FP, TN, FN, not assessable of Mass, by group. */
const counts = ({ groups }: Performance) =>
  groups.map(({ group, labels }) => [
    group,
    ...labels.map((l) => [l.truePositives, l.falsePositives, l.trueNegatives, l.falseNegatives, l.notAssessable]),
  ]);

describe('the performance of a version', () => {
  it('is nothing without reviews', async () => {
    expect(await performance()).toEqual({ otherMissed: 0, groups: [] });
  });

  it('is that worked out by hand', async () => {
    const [positive, negative] = [0.9, 0.2];
    const north = { issuer: 'NORTH', view: 'PA' };
    await film({ probability: positive, verdicts: ['AGREE'], ...north, birthDate: '2002-01-01' }); // TP, 18 that day
    await film({ probability: positive, verdicts: ['AGREE', 'AGREE', 'DISAGREE'], ...north, birthDate: '2002-01-02' }); // TP, 17
    await film({ probability: positive, verdicts: ['DISAGREE'], ...north, birthDate: '1980-01-01', sex: 'MALE' }); // FP, 40
    await film({ probability: negative, verdicts: ['AGREE'], view: 'AP', birthDate: '1980-01-02' }); // TN, 39
    await film({ probability: negative, verdicts: ['AGREE', 'NOT_ASSESSABLE', 'AGREE'], birthDate: '1955-01-01' }); // TN, 65
    await film({ probability: negative, verdicts: ['MISSED'], birthDate: '1940-01-02', sex: null }); // FN, 79
    await film({ probability: negative, verdicts: ['DISAGREE', 'MISSED', 'AGREE'], birthDate: '1940-01-01' }); // FN, 80
    await film({ probability: positive, verdicts: ['AGREE', 'DISAGREE'], birthDate: null }); // a tie
    await film({ probability: positive, verdicts: ['NOT_ASSESSABLE'], studyDate: null });
    await film({ probability: positive, verdicts: [] });
    const all = await performance();
    expect(counts(all)).toEqual([[null, [2, 1, 2, 2, 2]]]);
    const [mass] = all.groups[0]?.labels ?? [];
    expect(mass).toMatchObject({
      label: 'Mass',
      agreement: { successes: 4, trials: 7, value: 4 / 7 },
      sensitivity: { successes: 2, trials: 4, value: 0.5 },
      specificity: { successes: 2, trials: 3, value: 2 / 3 },
      positivePredictiveValue: { successes: 2, trials: 3, value: 2 / 3 },
    });
    // Wilson at 4 of 7: centre (4/7 + 3.841459/14) / (1 + 3.841459/7) = 0.546119, reach 0.295661.
    expect(mass?.agreement).toMatchObject({ low: expect.closeTo(0.250458, 5), high: expect.closeTo(0.84178, 5) });
  });

  it('is grouped by site, view, sex and age at the study', async () => {
    expect(counts(await performance('groupBy: SITE'))).toEqual([
      ['HOSPITAL', [0, 0, 2, 2, 2]],
      ['NORTH', [2, 1, 0, 0, 0]],
    ]);
    expect(counts(await performance('groupBy: VIEW'))).toEqual([
      ['AP', [0, 0, 1, 0, 0]],
      ['PA', [2, 1, 0, 0, 0]],
      [null, [0, 0, 1, 2, 2]],
    ]);
    expect(counts(await performance('groupBy: SEX'))).toEqual([
      ['FEMALE', [2, 0, 2, 1, 2]],
      ['MALE', [0, 1, 0, 0, 0]],
      [null, [0, 0, 0, 1, 0]],
    ]);
    expect(counts(await performance('groupBy: AGE_BAND'))).toEqual([
      ['0-17', [1, 0, 0, 0, 0]],
      ['18-39', [1, 0, 1, 0, 0]],
      ['40-64', [0, 1, 0, 0, 0]],
      ['65-79', [0, 0, 1, 1, 0]],
      ['80+', [0, 0, 0, 1, 0]],
      [null, [0, 0, 0, 0, 2]],
    ]);
  });

  it('counts the newest verdict of each reviewer', async () => {
    const study = await film({ probability: 0.9, verdicts: ['AGREE'], createdAt: day('2025-06-01') });
    const range = 'since: "2025-05-01T00:00:00Z", until: "2025-07-01T00:00:00Z"';
    expect(counts(await performance(range))).toEqual([[null, [1, 0, 0, 0, 0]]]);
    const inferenceId = study.instances[0]?.inferenceId ?? '';
    const mass = await api.store.prisma.finding.findFirstOrThrow({ where: { inferenceId, label: 'Mass' } });
    const by = { ...BY_TEST, subject: 'dr-0' };
    await api.store.reviews.record({ findingId: mass.id, verdict: 'DISAGREE', comment: null, scope: UNRESTRICTED, by });
    expect(counts(await performance(range))).toEqual([[null, [0, 1, 0, 0, 0]]]);
    expect(counts(await performance('until: "2025-06-01T12:00:00Z"'))).toEqual([]);
    expect(counts(await performance('since: "2025-06-01T12:00:00Z", until: "2025-06-01T12:00:01Z"'))).toHaveLength(1);
  });

  it('counts apart what the version has no label for', async () => {
    const study = await film({ probability: 0.2, verdicts: [], createdAt: day('2024-06-01') });
    const inferenceId = study.instances[0]?.inferenceId ?? '';
    for (const [subject, label] of [
      ['dr-1', 'Rib fracture'],
      ['dr-2', 'rib fracture'],
      ['dr-2', 'Scoliosis'],
    ] as const) {
      const by = { ...BY_TEST, subject };
      await api.store.reviews.recordMissed({ inferenceId, label, comment: null, scope: UNRESTRICTED, by });
    }
    expect(await performance('until: "2024-12-01T00:00:00Z"')).toEqual({ otherMissed: 2, groups: [] });
  });

  it('is over what its reader may see', async () => {
    const auditor = api.as({ roles: ['AUDITOR'], issuers: ['NORTH'] });
    expect(counts(await performance('groupBy: SITE', auditor))).toEqual([['NORTH', [2, 1, 0, 0, 0]]]);
    expect((await performance('', auditor)).otherMissed).toBe(0);
    expect(await performance('', api.as({ roles: ['ADMIN'], issuers: [] }))).toEqual({ otherMissed: 0, groups: [] });
  });
});

describe('the comparison of two versions', () => {
  let a: string;
  let b: string;
  const films = [
    // Effusion by a and b: both positive, both negative, a flip each way.
    [0.9, 0.8],
    [0.1, 0.2],
    [0.4, 0.6],
    [0.7, 0.3],
  ] as const;

  beforeAll(async () => {
    a = await seedModel(api.store, '3.0.0', false);
    b = await seedModel(api.store, '3.1.0', false);
    for (const [index, [byA, byB]] of films.entries())
      await readByBoth(byA, byB, index, index === 3 ? 'SOUTH' : 'NORTH');
    // Read by one alone, and read by both but failed by one.
    await seedStudy(api.store, { modelVersionId: a, probability: () => 0.99 });
    const failed = await readByBoth(0.5, 0.5, 10, 'NORTH');
    await api.store.prisma.inference.update({ where: { id: failed }, data: { state: 'FAILED' } });
  });

  /** Returns the id of the reading by b. */
  async function readByBoth(byA: number, byB: number, index: number, issuer: string): Promise<string> {
    const { prisma } = api.store;
    const createdAt = new Date(day('2026-05-01').getTime() + index * 60_000);
    const study = await seedStudy(api.store, {
      modelVersionId: a,
      createdAt,
      patient: { issuer },
      probability: (label) => (LABELS[label] === 'Effusion' ? byA : 0.1),
    });
    const [instance] = study.instances;
    const { studyId, patientId } = study;
    const { id: inferenceId } = await prisma.inference.create({
      data: {
        instanceId: instance?.id ?? '',
        modelVersionId: b,
        studyId,
        patientId,
        state: 'DONE',
        shadow: true,
        attempts: 1,
        inferenceMs: 10 + index,
        queuedAt: createdAt,
        startedAt: new Date(createdAt.getTime() + 60_000),
        completedAt: new Date(createdAt.getTime() + 60_200),
      },
    });
    await prisma.finding.createMany({
      data: LABELS.filter((label) => label !== 'Hernia').map((label) => {
        const probability = label === 'Effusion' ? byB : 0.1;
        return {
          ...{ inferenceId, studyId, patientId, modelVersionId: b, label, probability, threshold: 0.5, shadow: true },
          ...{ positive: probability >= 0.5, heatMapRows: 0, heatMapColumns: 0, heatMapValues: [] },
        };
      }),
    });
    return inferenceId;
  }

  const SOURCE = `query ($a: ID!, $b: ID!, $since: DateTime, $until: DateTime) {
    modelComparison(a: $a, b: $b, since: $since, until: $until) { films truncated a { version } b { version }
      latencyOfA { inferenceMs { count median } totalMs { count median } }
      latencyOfB { inferenceMs { count median low high } totalMs { median } }
      labels { label agreement { successes trials value } becamePositive becameNegative kappa largestDifference
        meanDifference { value low high } scoresOfA { count mean median } scoresOfB { count mean } } } }`;

  interface Compared {
    readonly films: number;
    readonly labels: readonly { readonly label: string; readonly [name: string]: unknown }[];
  }
  const compare = async (client = api.as({ roles: ['ADMIN'] }), more: Record<string, unknown> = {}) => {
    const variables = { a: toGlobalId('ModelVersion', a), b: toGlobalId('ModelVersion', b), ...more };
    return (await client.data<{ modelComparison: Compared }>(SOURCE, variables)).modelComparison;
  };

  it('is that worked out by hand', async () => {
    const comparison = await compare();
    expect(comparison).toMatchObject({
      films: 4,
      truncated: false,
      a: { version: '3.0.0' },
      b: { version: '3.1.0' },
      latencyOfA: { inferenceMs: { count: 4, median: 4 }, totalMs: { count: 4, median: 100 } },
      latencyOfB: { inferenceMs: { count: 4, median: 11.5 }, totalMs: { median: 200 } },
    });
    expect(comparison.labels.map(({ label }) => label)).toEqual(LABELS.filter((label) => label !== 'Hernia').sort());
    const effusion = comparison.labels.find(({ label }) => label === 'Effusion');
    expect(effusion).toMatchObject({
      agreement: { successes: 2, trials: 4, value: 0.5 },
      becamePositive: 1,
      becameNegative: 1,
      kappa: 0,
      largestDifference: expect.closeTo(0.4, 10),
      // Differences -0.1, 0.1, 0.2, -0.4: mean -0.05, standard error 0.132288.
      meanDifference: {
        value: expect.closeTo(-0.05, 10),
        low: expect.closeTo(-0.05 - 1.959964 * 0.132288, 5),
        high: expect.closeTo(-0.05 + 1.959964 * 0.132288, 5),
      },
      scoresOfA: { count: 4, mean: expect.closeTo(0.525, 10), median: expect.closeTo(0.55, 10) },
      scoresOfB: { count: 4, mean: expect.closeTo(0.475, 10) },
    });
  });

  it('mirrors itself the other way round', async () => {
    const back = await compare(undefined, { a: toGlobalId('ModelVersion', b), b: toGlobalId('ModelVersion', a) });
    const effusion = back.labels.find(({ label }) => label === 'Effusion');
    expect(effusion).toMatchObject({ meanDifference: { value: expect.closeTo(0.05, 10) }, scoresOfA: { count: 4 } });
  });

  it('is over the films of a time, and over those that its reader may see', async () => {
    const since = new Date(day('2026-05-01').getTime() + 60_000).toISOString();
    const until = new Date(day('2026-05-01').getTime() + 180_000).toISOString();
    expect((await compare(undefined, { since, until })).films).toBe(2);
    expect((await compare(api.as({ roles: ['AUDITOR'], issuers: ['NORTH'] }))).films).toBe(3);
    expect(await compare(api.as({ roles: ['AUDITOR'], issuers: [] }))).toMatchObject({ films: 0, labels: [] });
  });

  it('takes the newest films when there are too many, and says so', async () => {
    const reader = api.store.reads(UNRESTRICTED);
    const newest = await modelComparison(reader, { a, b, period: {} }, { films: 2, readings: 100 });
    expect(newest).toMatchObject({ films: 2, truncated: true });
    const effusion = newest.labels.find(({ label }) => label === 'Effusion');
    expect(effusion).toMatchObject({ becamePositive: 1, becameNegative: 1, agreement: { successes: 0, trials: 2 } });
    const all = await modelComparison(reader, { a, b, period: {} }, { films: 4, readings: 100 });
    expect(all).toMatchObject({ films: 4, truncated: false });
  });

  it('needs two versions that are known', async () => {
    const client = api.as({ roles: ['ADMIN'] });
    const run = (one: string, other: string) =>
      client.run(SOURCE, { a: toGlobalId('ModelVersion', one), b: toGlobalId('ModelVersion', other) });
    expect((await run(a, a)).errors).toMatchObject([{ code: 'BAD_REQUEST' }]);
    expect((await run(a, '018f0000-0000-7000-8000-000000000000')).errors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });
});
