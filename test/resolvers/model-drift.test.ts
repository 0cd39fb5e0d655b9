/** Drift of scores and films against a reference, day by day, and its alerts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DriftWatch } from '../../src/drift-watch.ts';
import { silentLog } from '../../src/log.ts';
import { toGlobalId } from '../../src/schema/global-id.ts';
import { referenceOf } from '../../src/statistics/reference-distribution.ts';
import { driftByDay, referenceOfManifest } from '../../src/store/reads/drift.ts';
import { UNRESTRICTED } from '../../src/store/reads/scope.ts';
import { LABELS, MANIFEST, seedModel, seedStudy } from './seed.ts';
import { openApi, type TestApi } from './support.ts';

let api: TestApi;
let modelVersionId: string;

/** 0.001, 0.002, ..., 1: ten tenths of equal share. */
const EVENLY = referenceOf(Array.from({ length: 1000 }, (_, index) => (index + 1) / 1000));
const MEANS = referenceOf(Array.from({ length: 1000 }, (_, index) => 100 + index / 20));

const day = (date: string, time = '12:00:00') => new Date(`${date}T${time}Z`);

beforeAll(async () => {
  api = await openApi();
  modelVersionId = await seedModel(api.store, '1.0.0', false);
  const reference = {
    dataSet: 'the evaluation films',
    films: 1000,
    scores: Object.fromEntries(LABELS.filter((label) => label !== 'Hernia').map((label) => [label, EVENLY])),
    inputMean: MEANS,
    inputDeviation: MEANS,
  };
  await api.store.prisma.modelVersion.update({
    where: { id: modelVersionId },
    data: { manifest: JSON.parse(JSON.stringify({ ...MANIFEST, reference })), state: 'ACTIVE' },
  });
});

afterAll(() => api?.[Symbol.asyncDispose]());

/** Films whose Mass has these probabilities, all else spread evenly over the reference, at the middle of its tenths. */
async function filmsOf(createdAt: Date, masses: readonly number[], mean: (index: number) => number): Promise<void> {
  for (const [index, mass] of masses.entries()) {
    const evenly = (index + 0.5) / masses.length;
    const study = await seedStudy(api.store, {
      modelVersionId,
      createdAt,
      probability: (label) => (LABELS[label] === 'Mass' ? mass : evenly),
    });
    await api.store.prisma.inference.update({
      where: { id: study.instances[0]?.inferenceId ?? '' },
      data: { inputMean: mean(index), inputDeviation: mean(index) },
    });
  }
}

interface Measure {
  readonly measure: string;
  readonly count: number;
  readonly psi: number;
  readonly ksStatistic: number;
  readonly ksPValue: number;
}
interface Drift {
  readonly reference: unknown;
  readonly days: readonly { readonly day: string; readonly films: number; readonly measures: readonly Measure[] }[];
  readonly alerts: readonly { readonly day: string; readonly measure: string; readonly films: number }[];
}

const drift = async (since: string, until: string, client = api.as({ roles: ['AUDITOR'] })) =>
  (
    await client.data<{ modelDrift: Drift }>(
      `{ modelDrift(modelVersionId: "${toGlobalId('ModelVersion', modelVersionId)}", since: "${since}", until: "${until}") {
         reference { dataSet films } days { day films measures { measure count psi ksStatistic ksPValue } }
         alerts { day measure films psi ksPValue } } }`,
    )
  ).modelDrift;

describe('drift by day', () => {
  beforeAll(async () => {
    // Twenty films, two in each tenth: nothing has moved but Mass, which lies in the last tenth.
    const high = Array.from({ length: 20 }, () => 0.95);
    await filmsOf(day('2026-02-02'), high, (index) => 100 + (index + 0.5) * 2.5);
    await filmsOf(day('2026-02-04'), [0.5], () => 125);
  });

  it('is that worked out by hand', async () => {
    const { reference, days } = await drift('2026-02-01T00:00:00Z', '2026-02-06T00:00:00Z');
    expect(reference).toEqual({ dataSet: 'the evaluation films', films: 1000 });
    expect(days.map(({ day: date, films }) => [date, films])).toEqual([
      ['2026-02-02', 20],
      ['2026-02-04', 1],
    ]);
    const measures = new Map(days[0]?.measures.map((each) => [each.measure, each]));
    expect([...measures.keys()]).toEqual([
      'input mean',
      'input deviation',
      ...LABELS.filter((label) => label !== 'Hernia').sort(),
    ]);
    expect(measures.get('Edema')).toMatchObject({ count: 20, psi: expect.closeTo(0, 6) });
    expect(measures.get('input mean')).toMatchObject({ count: 20, psi: expect.closeTo(0, 6) });
    // Nine empty tenths count half a film: 9 (0.025 - 0.1) ln 0.25 + (1 - 0.1) ln 10.
    const psi = 9 * (0.025 - 0.1) * Math.log(0.25) + 0.9 * Math.log(10);
    expect(measures.get('Mass')).toMatchObject({ psi: expect.closeTo(psi, 6), ksStatistic: expect.closeTo(0.95, 2) });
    expect(measures.get('Mass')?.ksPValue).toBeLessThan(1e-6);
    expect(measures.get('Edema')?.ksPValue).toBeGreaterThan(0.99);
  });

  it('leaves out re-readings and what its reader may not see', async () => {
    const job = await api.store.prisma.rereadJob.create({
      data: { modelVersionId, selection: {}, reason: 'r', createdBy: 't', total: 1 },
    });
    await filmsOf(day('2026-02-10'), [0.5, 0.5], () => 125);
    const [one] = await api.store.prisma.inference.findMany({ where: { createdAt: day('2026-02-10') }, take: 1 });
    await api.store.prisma.inference.update({ where: { id: one?.id ?? '' }, data: { rereadJobId: job.id } });
    expect((await drift('2026-02-10T00:00:00Z', '2026-02-11T00:00:00Z')).days).toMatchObject([{ films: 1 }]);
    const stranger = api.as({ roles: ['AUDITOR'], issuers: [] });
    expect((await drift('2026-02-10T00:00:00Z', '2026-02-11T00:00:00Z', stranger)).days).toEqual([]);
  });

  it('is over 92 days at most, and of versions that are known', async () => {
    await expect(drift('2026-01-01T00:00:00Z', '2026-06-01T00:00:00Z')).rejects.toThrow('BAD_REQUEST');
    const unknown = toGlobalId('ModelVersion', '018f0000-0000-7000-8000-000000000000');
    const answer = await api.run(`{ modelDrift(modelVersionId: "${unknown}") { days { films } } }`);
    expect(answer.errors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });

  it('measures the newest films of each day where there are more than one answer looks at, and counts all', async () => {
    const reader = api.store.reads(UNRESTRICTED);
    const manifest = await api.store.prisma.modelVersion.findUnique({ where: { id: modelVersionId } });
    const reference = referenceOfManifest(manifest?.manifest);
    const period = { from: day('2026-02-01', '00:00:00'), until: day('2026-02-05', '00:00:00') };
    const days = await driftByDay(reader, modelVersionId, reference, period, 4 * 5);
    const counted = days.map(({ films, measures }) => [films, ...new Set(measures.map(({ count }) => count))]);
    expect(counted).toEqual([
      [20, 5],
      [1, 1],
    ]);
  });

  it('counts films where there is nothing to compare with', async () => {
    const other = await seedModel(api.store, '0.9.0', false);
    await seedStudy(api.store, { modelVersionId: other });
    const source = `{ modelDrift(modelVersionId: "${toGlobalId('ModelVersion', other)}") {
      reference { films } days { films measures { measure } } } }`;
    expect(await api.data(source)).toEqual({ modelDrift: { reference: null, days: [{ films: 1, measures: [] }] } });
  });
});

describe('the watch', () => {
  const watch = (minimumFilms: number) =>
    new DriftWatch({
      alerts: api.store.driftAlerts,
      reader: api.store.reads(UNRESTRICTED),
      ...{ minimumFilms, psi: 0.25, log: silentLog },
    });

  it('raises an alert a measure, once a day, tells administrators, and records it', async () => {
    const after = await api.feed.currentCursor();
    const events = await api
      .as({ roles: ['ADMIN'] })
      .listen<{ modelDriftAlert: unknown }>(
        'subscription ($after: String) { modelDriftAlert(after: $after) { modelVersion { version } alerts { measure films } } }',
        { after },
      );
    const evening = day('2026-02-02', '23:00:00');
    expect(await watch(21).look(evening)).toBe(0); // too few films
    expect(await watch(20).look(day('2026-02-03', '13:00:00'))).toBe(0); // none in these 24 hours
    const found = await Promise.all([watch(20).look(evening), watch(20).look(evening)]);
    expect(found.sort()).toEqual([0, 1]);
    expect(await watch(20).look(evening)).toBe(0);
    const event = { modelVersion: { version: '1.0.0' }, alerts: [{ measure: 'Mass', films: 20 }] };
    expect((await events.next()).data).toEqual({ modelDriftAlert: event });
    await events.return();
    expect(await api.store.prisma.driftAlert.findMany()).toMatchObject([
      { modelVersionId, measure: 'Mass', films: 20, day: day('2026-02-02', '00:00:00') },
    ]);
    expect(await api.store.prisma.change.count({ where: { type: 'MODEL_DRIFT_ALERT' } })).toBe(1);
    const record = await api.store.prisma.auditRecord.findFirst({ where: { operation: 'drift watch' } });
    expect(record).toMatchObject({ subject: 'system', action: 'CREATE', modelVersionIds: [modelVersionId] });
  });

  it('finds films that are inverted, by their grey values', async () => {
    // 255 less the mean of each: 130 to 155, where the reference has 100 to 150.
    await filmsOf(
      day('2026-02-20'),
      Array.from({ length: 20 }, (_, index) => (index + 0.5) / 20),
      (index) => 255 - (100 + (index + 0.5)),
    );
    expect(await watch(20).look(day('2026-02-20', '23:00:00'))).toBe(2);
    const alerts = await api.store.prisma.driftAlert.findMany({
      where: { day: day('2026-02-20', '00:00:00') },
      orderBy: { measure: 'asc' },
    });
    expect(alerts.map(({ measure }) => measure)).toEqual(['input deviation', 'input mean']);
  });

  it('looks as soon as it is opened, and ends', async () => {
    const opened = watch(20);
    opened.open();
    await opened[Symbol.asyncDispose]();
  });

  it('lets versions be that are not in clinical use', async () => {
    await api.store.prisma.modelVersion.update({ where: { id: modelVersionId }, data: { state: 'SHADOW' } });
    await filmsOf(
      day('2026-03-02'),
      Array.from({ length: 20 }, () => 0.95),
      () => 125,
    );
    expect(await watch(20).look(day('2026-03-02', '23:00:00'))).toBe(0);
  });
});
