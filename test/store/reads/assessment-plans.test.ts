/** What figures of model versions read: ranges of indexes, on tables large enough for the planner to mean it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Prisma, type PrismaClient } from '../../../src/store/client.ts';
import { modelComparison } from '../../../src/store/reads/comparison.ts';
import { driftOf } from '../../../src/store/reads/drift.ts';
import { modelPerformance, type PerformanceGrouping } from '../../../src/store/reads/performance.ts';
import { type AccessScope, UNRESTRICTED } from '../../../src/store/reads/scope.ts';
import { openTestStore, type TestStore } from '../../support/store.ts';

const FILMS = 20_000;

/** 20,000 films, all read by versions 1 and 2, every twentieth by 3; every fiftieth finding of version 1 reviewed by two. */
const POPULATE = [
  `INSERT INTO "ModelVersion" (id, name, version, digest, precision, manifest)
    SELECT gen_random_uuid(), 'm', n::text, 'd' || n, 'INT8', '{}' FROM generate_series(1, 3) AS n`,
  `INSERT INTO "Patient" (id, mrn, issuer, "birthDate", sex)
    SELECT gen_random_uuid(), 'M' || n, 'I' || n % 4, '1960-01-01', 'MALE' FROM generate_series(1, ${FILMS}) AS n`,
  `INSERT INTO "Study" (id, "studyInstanceUid", "patientId", "studyDate", "createdAt")
    SELECT gen_random_uuid(), '1.2.' || mrn, id, '2026-01-01', '2026-01-01'::timestamptz + substr(mrn, 2)::integer * interval '1 minute'
    FROM "Patient"`,
  `INSERT INTO "Series" (id, "seriesInstanceUid", "studyId", "viewPosition", "createdAt")
    SELECT gen_random_uuid(), '1.3.' || "studyInstanceUid", id, 'PA', "createdAt" FROM "Study"`,
  `INSERT INTO "Instance" (id, "sopInstanceUid", "seriesId", "sopClassUid", "transferSyntaxUid", rows, columns,
      "photometricInterpretation", sha256, "byteLength", "blobKey", eligibility, "createdAt")
    SELECT gen_random_uuid(), '1.4.' || "seriesInstanceUid", id, '1', '1', 1, 1, 'MONOCHROME2', 's', 1, 'k', 'READ', "createdAt"
    FROM "Series"`,
  `INSERT INTO "Inference" (id, "instanceId", "modelVersionId", "studyId", "patientId", state, "createdAt")
    SELECT gen_random_uuid(), "Instance".id, version.id, "Study".id, "patientId", 'DONE', "Study"."createdAt"
    FROM "Instance" JOIN "Series" ON "Series".id = "seriesId" JOIN "Study" ON "Study".id = "studyId"
    CROSS JOIN "ModelVersion" AS version WHERE version.version <> '3' OR hashtext("Instance".id::text) % 20 = 0`,
  `INSERT INTO "Finding" (id, "inferenceId", "studyId", "patientId", "modelVersionId", label, probability, threshold,
      positive, "heatMapRows", "heatMapColumns", "heatMapValues", "createdAt")
    SELECT gen_random_uuid(), id, "studyId", "patientId", "modelVersionId", 'L' || label, random(), 0.5, random() < 0.3, 7, 7,
      array_fill(random(), ARRAY[49]), "createdAt"
    FROM "Inference", generate_series(1, 2) AS label`,
  `INSERT INTO "FindingReview" (id, "findingId", "inferenceId", "modelVersionId", "studyId", "patientId", label, verdict, reviewer)
    SELECT gen_random_uuid(), "Finding".id, "inferenceId", "modelVersionId", "studyId", "patientId", label, 'AGREE', 'dr-' || n
    FROM "Finding", generate_series(1, 2) AS n
    WHERE "modelVersionId" = (SELECT id FROM "ModelVersion" WHERE version = '1') AND random() < 0.02`,
  'ANALYZE',
];

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

let opened: TestStore;
let prisma: PrismaClient;
let versions: Record<string, string>;
let plans: string[] = [];

/** Takes the place of the client: explains each statement before it runs. */
const explaining = {
  $queryRaw: async (text: TemplateStringsArray | Prisma.Sql, ...parameters: unknown[]) => {
    const statement = text instanceof Prisma.Sql ? text : Prisma.sql(text, ...parameters);
    const explained = Prisma.sql(
      [`EXPLAIN (FORMAT JSON) ${statement.strings[0]}`, ...statement.strings.slice(1)],
      ...statement.values,
    );
    const [row] = await prisma.$queryRaw<{ readonly 'QUERY PLAN': [{ readonly Plan: PlanNode }] }[]>(explained);
    if (row !== undefined) plans.push(...nodesOf(row['QUERY PLAN'][0].Plan));
    return prisma.$queryRaw(statement);
  },
} as unknown as PrismaClient;

const nodesOf = (node: PlanNode): string[] => [
  `${node['Node Type']} ${node['Relation Name'] ?? ''}`.trim(),
  ...(node.Plans ?? []).flatMap(nodesOf),
];

beforeAll(async () => {
  opened = await openTestStore();
  ({ prisma } = opened.store);
  for (const sql of POPULATE) await prisma.$executeRawUnsafe(sql);
  const rows = await prisma.modelVersion.findMany();
  versions = Object.fromEntries(rows.map(({ version, id }) => [version, id]));
});

afterAll(() => opened?.[Symbol.asyncDispose]());

const scopes: readonly (readonly [string, AccessScope])[] = [
  ['everything', UNRESTRICTED],
  ['one issuer', { ...UNRESTRICTED, issuers: ['I1'] }],
];

/** Findings and readings are the large tables; version rows and the few reviews may be read as the planner likes. */
const LARGE = ['Seq Scan Finding', 'Seq Scan Inference', 'Seq Scan Instance', 'Seq Scan Study', 'Seq Scan Patient'];
const scansIn = (nodes: readonly string[]) => [...new Set(nodes)].filter((node) => LARGE.includes(node));

describe.each(scopes)('for a reader of %s', (_name, scope) => {
  const reader = { prisma: explaining, scope };
  const share = scope === UNRESTRICTED ? 1 : 0.25;

  it('the comparison walks the readings of both by index', async () => {
    plans = [];
    const { '1': a = '', '2': b = '' } = versions;
    const comparison = await modelComparison(reader, { a, b, period: {} });
    expect(comparison).toMatchObject({ films: FILMS * share, truncated: false });
    expect(comparison.labels.map(({ label, agreement }) => [label, agreement.trials])).toEqual([
      ['L1', FILMS * share],
      ['L2', FILMS * share],
    ]);
    expect(scansIn(plans)).toEqual([]);
  });

  it('stops at the readings that it may look at', async () => {
    const { '1': a = '', '2': b = '' } = versions;
    const bounds = { films: FILMS, readings: 3000 };
    expect(await modelComparison(reader, { a, b, period: {} }, bounds)).toMatchObject({ films: 3000, truncated: true });
  });

  it('drift reads the readings of the day alone', async () => {
    plans = [];
    const { '1': version = '' } = versions;
    const { films } = await driftOf(reader, version, null, {
      from: new Date('2026-01-05'),
      until: new Date('2026-01-06'),
    });
    expect(films).toBeGreaterThan(1000 * share);
    expect(scansIn(plans)).toEqual([]);
  });

  it('and those of a version that has read few films', async () => {
    plans = [];
    const { '1': a = '', '3': b = '' } = versions;
    const { films } = await modelComparison(reader, { a, b, period: { from: new Date('2026-01-10') } });
    expect(films).toBeGreaterThan(50 * share);
    expect(scansIn(plans)).toEqual([]);
  });

  it.each<PerformanceGrouping>(['NONE', 'SITE', 'VIEW', 'SEX', 'AGE_BAND'])(
    'the performance by %s reads the reviewed findings alone',
    async (groupBy) => {
      plans = [];
      const { '1': modelVersionId = '' } = versions;
      const period = { from: new Date('2026-01-01'), until: new Date('2027-01-01') };
      const { groups } = await modelPerformance(reader, { modelVersionId, period, groupBy });
      const judged = groups.flatMap(({ labels }) => labels).reduce((sum, { agreement }) => sum + agreement.trials, 0);
      expect(judged).toBeGreaterThan(300 * share);
      expect(scansIn(plans)).toEqual([]);
    },
  );
});
