/** Every list that the API offers is read through an index, on tables large enough for the planner to mean it. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { rowsByIds } from '../../../src/store/reads/by-ids.ts';
import * as children from '../../../src/store/reads/children.ts';
import { encodeCursor } from '../../../src/store/reads/cursor.ts';
import { listDeidentifiedStudies, recordsOfUids, storedFilmById } from '../../../src/store/reads/deidentified.ts';
import { listFindings } from '../../../src/store/reads/findings.ts';
import { heatMapValues } from '../../../src/store/reads/heat-maps.ts';
import { listInferences } from '../../../src/store/reads/inferences.ts';
import type { Direction } from '../../../src/store/reads/keyset.ts';
import { findPatient, listPatients } from '../../../src/store/reads/patients.ts';
import { drawnFinding, storedFilm } from '../../../src/store/reads/pictures.ts';
import { type AccessScope, UNRESTRICTED } from '../../../src/store/reads/scope.ts';
import { findInstance, findStudy, findStudyByAccessionNumber, listStudies } from '../../../src/store/reads/studies.ts';
import { STUDIES } from '../../../src/store/reads/tables.ts';
import { explainer } from '../../support/explain.ts';
import { createDatabase } from '../../support/postgres.ts';

const STUDY_COUNT = 5000;

/** 5,000 studies in 5,000 minutes, one film and 14 findings each; 3 in 100 findings are positive. */
const POPULATE = `
  INSERT INTO "ModelVersion" (id, name, version, digest, precision, manifest)
    VALUES (gen_random_uuid(), 'm', '1', 'd', 'INT8', '{}'), (gen_random_uuid(), 'm', '2', 'e', 'INT8', '{}');
  INSERT INTO "Patient" (id, mrn, issuer, name, "createdAt")
    SELECT gen_random_uuid(), 'M' || n, 'I', 'NAME' || n || '^X', '2026-01-01'::timestamptz + n * interval '1 minute'
    FROM generate_series(1, ${STUDY_COUNT}) AS n;
  INSERT INTO "Study" (id, "studyInstanceUid", "patientId", "accessionNumber", "studyDate", "createdAt")
    SELECT gen_random_uuid(), '1.2.' || mrn, id, 'A' || mrn, CASE WHEN random() < 0.8 THEN "createdAt" END, "createdAt"
    FROM "Patient";
  INSERT INTO "Series" (id, "seriesInstanceUid", "studyId", "createdAt")
    SELECT gen_random_uuid(), '1.3.' || "accessionNumber", id, "createdAt" FROM "Study";
  INSERT INTO "Instance" (id, "sopInstanceUid", "seriesId", "sopClassUid", "transferSyntaxUid", rows, columns,
      "photometricInterpretation", sha256, "byteLength", "blobKey", eligibility, "createdAt")
    SELECT gen_random_uuid(), '1.4.' || "seriesInstanceUid", id, '1', '1', 1, 1, 'MONOCHROME2', 's', 1, 'k', 'READ', "createdAt"
    FROM "Series";
  INSERT INTO "Inference" (id, "instanceId", "modelVersionId", "studyId", "patientId", state, "createdAt")
    SELECT gen_random_uuid(), "Instance".id, (SELECT id FROM "ModelVersion" WHERE version = '1'), "Study".id, "patientId",
      CASE WHEN random() < 0.02 THEN 'FAILED' ELSE 'DONE' END::"InferenceState", "Study"."createdAt"
    FROM "Instance" JOIN "Series" ON "Series".id = "seriesId" JOIN "Study" ON "Study".id = "studyId";
  INSERT INTO "PatientDiscrepancy" (id, "patientId", "instanceId", attribute, recorded, stated, "createdAt")
    SELECT gen_random_uuid(), "Study"."patientId", "Instance".id, attribute, 'recorded', 'stated', "Instance"."createdAt"
    FROM "Instance" JOIN "Series" ON "Series".id = "seriesId" JOIN "Study" ON "Study".id = "studyId",
      unnest(enum_range(NULL::"PatientAttribute")) AS attribute WHERE random() < 0.3;
  INSERT INTO "Finding" (id, "inferenceId", "studyId", "patientId", "modelVersionId", label, probability, threshold,
      positive, "heatMapRows", "heatMapColumns", "createdAt")
    SELECT gen_random_uuid(), id, "studyId", "patientId", "modelVersionId", 'L' || label, random(), 0.5, random() < 0.03, 4, 4,
      "createdAt"
    FROM "Inference", generate_series(1, 14) AS label;
  ANALYZE;`;

let database: Awaited<ReturnType<typeof createDatabase>>;
let client: pg.Client;

const explain = explainer(() => client);
const explaining = explain.prisma;

const unrestricted = { prisma: explaining, scope: UNRESTRICTED };

beforeAll(async () => {
  database = await createDatabase(inject('databaseUrl'));
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(POPULATE);
});

afterAll(async () => {
  await client?.end();
  await database?.[Symbol.asyncDispose]();
});

/** Node types of the plans that `read` leads to. */
async function plan(read: () => Promise<unknown>): Promise<string[]> {
  const nodes = await explain.nodesOf(read);
  expect(nodes.length).toBeGreaterThan(0);
  return nodes.map((node) => `${node['Node Type']} ${node['Relation Name'] ?? ''}`.trim());
}

/** Whole tables that are read. A sort is no fault where an index has left few rows. */
const tableScans = (nodes: readonly string[]) => nodes.filter((node) => node.startsWith('Seq Scan'));

const ID = '018f0000-0000-7000-8000-000000000000';
const NOON = '2026-01-02T12:00:00.000Z';
const directions: Direction[] = ['ASC', 'DESC'];

describe('pages are index ranges in both directions, also deep ones', () => {
  const pages = (name: string, key: string | number | null) =>
    directions.flatMap((direction) => {
      const cursor = encodeCursor(`${name}.${direction}`, { key, id: ID });
      return [
        { direction, page: { first: 50 } },
        { direction, page: { first: 50, after: cursor } },
      ].concat(
        // A page before a cursor reads the index the other way.
        [{ direction, page: { last: 50, before: cursor } as never }],
      );
    });

  it('of studies', async () => {
    for (const [field, key] of [
      ['CREATED_AT', NOON],
      ['STUDY_DATE', NOON],
      ['STUDY_DATE', null],
    ] as const) {
      for (const { direction, page } of pages(`studies.${field}`, key)) {
        const nodes = await plan(() => listStudies(unrestricted, {}, { field, direction }, page));
        expect(nodes, `${field} ${direction} ${JSON.stringify(page)}`).toEqual(['Limit', 'Index Scan Study']);
      }
    }
  });

  it('of patients', async () => {
    for (const [field, key] of [
      ['CREATED_AT', NOON],
      ['NAME', 'NAME2500^X'],
    ] as const) {
      for (const { direction, page } of pages(`patients.${field}`, key)) {
        const nodes = await plan(() => listPatients(unrestricted, {}, { field, direction }, page));
        expect(nodes, `${field} ${direction}`).toEqual(['Limit', 'Index Scan Patient']);
      }
    }
  });

  it('of inferences', async () => {
    for (const { direction, page } of pages('inferences.CREATED_AT', NOON)) {
      const nodes = await plan(() => listInferences(unrestricted, {}, direction, page));
      expect(nodes).toEqual(['Limit', 'Index Scan Inference']);
      const failed = await plan(() => listInferences(unrestricted, { states: ['FAILED'] }, direction, page));
      expect(failed).toEqual(['Limit', 'Index Scan Inference']);
    }
  });

  it('of findings', async () => {
    for (const [field, key] of [
      ['CREATED_AT', NOON],
      ['PROBABILITY', 0.5],
    ] as const) {
      for (const { direction, page } of pages(`findings.${field}`, key)) {
        for (const filter of [{}, { labels: ['L3'] }, { positive: true }]) {
          const nodes = await plan(() => listFindings(unrestricted, filter, { field, direction }, page));
          expect(nodes, `${field} ${direction} ${JSON.stringify(filter)}`).toEqual(['Limit', 'Index Scan Finding']);
        }
      }
    }
  });
});

describe('de-identified studies are listed by an index of their own', () => {
  it('page by page', async () => {
    expect(await plan(() => listDeidentifiedStudies(unrestricted, {}, 50, undefined))).toEqual([
      'Limit',
      'Index Scan Study',
    ]);
    expect(tableScans(await plan(() => listDeidentifiedStudies(unrestricted, {}, 50, ID)))).toEqual([]);
  });

  it('by what was found, through the findings alone', async () => {
    const filter = { labels: ['L3'], positive: true, minimumProbability: 0.5 };
    const nodes = await plan(() => listDeidentifiedStudies(unrestricted, filter, 50, undefined));
    expect(nodes).not.toContain('Seq Scan Finding');
  });

  it('films by their id, and records by UIDs', async () => {
    expect(tableScans(await plan(() => storedFilmById(unrestricted, ID)))).toEqual([]);
    expect(tableScans(await plan(() => recordsOfUids(unrestricted, ['1.2.M77', '1.2.3'])))).toEqual([]);
  });
});

describe('filters use an index', () => {
  it.each([
    ['patient', { patientId: ID }],
    ['study', { studyInstanceUid: '1.2.M77' }],
  ])('of findings and inferences by %s', async (_, filter) => {
    const order = { field: 'CREATED_AT', direction: 'DESC' } as const;
    expect(tableScans(await plan(() => listFindings(unrestricted, filter, order, {})))).toEqual([]);
    expect(tableScans(await plan(() => listInferences(unrestricted, filter, 'DESC', {})))).toEqual([]);
  });

  it('of positive findings of a label, the question that is asked most', async () => {
    const filter = { labels: ['L3'], positive: true };
    const newest = await plan(() => listFindings(unrestricted, filter, { field: 'CREATED_AT', direction: 'DESC' }, {}));
    expect(newest).toEqual(['Limit', 'Index Scan Finding']);
    const surest = await plan(() =>
      listFindings(unrestricted, filter, { field: 'PROBABILITY', direction: 'DESC' }, {}),
    );
    expect(tableScans(surest)).toEqual([]);
  });

  it('of studies and patients', async () => {
    const order = { field: 'CREATED_AT', direction: 'DESC' } as const;
    const studyDate = { from: new Date('2026-01-02T00:00:00Z'), until: new Date('2026-01-02T01:00:00Z') };
    const reads = [
      () => listStudies(unrestricted, { accessionNumber: 'AM77' }, order, {}),
      () => listStudies(unrestricted, { patientId: ID }, order, {}),
      () => listStudies(unrestricted, { studyDate }, { field: 'STUDY_DATE', direction: 'DESC' }, {}),
      () => listPatients(unrestricted, { mrn: 'M77', issuer: 'I' }, order, {}),
      () => listPatients(unrestricted, { namePrefix: 'name77^' }, order, {}),
      () => listPatients(unrestricted, { hasDiscrepancies: true }, order, {}),
      () => findPatient(unrestricted, 'M77', 'I'),
      () => findStudy(unrestricted, '1.2.M77'),
      () => findStudyByAccessionNumber(unrestricted, 'AM77'),
      () => findInstance(unrestricted, '1.4.1.3.AM77'),
    ];
    for (const read of reads) {
      const nodes = await plan(read);
      expect(tableScans(nodes), read.toString()).toEqual([]);
    }
  });
});

describe('batches use an index a key', () => {
  it('of rows below parents', async () => {
    const { rows } = await client.query<{ id: string }>('SELECT id FROM "Study" LIMIT 50');
    const ids = rows.map(({ id }) => id);
    const relations = [
      children.STUDIES_OF_PATIENT,
      children.DISCREPANCIES_OF_PATIENT,
      children.SERIES_OF_STUDY,
      children.INSTANCES_OF_STUDY,
      children.INSTANCES_OF_SERIES,
      children.INFERENCES_OF_STUDY,
      children.INFERENCES_OF_INSTANCE,
      children.FINDINGS_OF_STUDY,
      children.findingsOfStudyBySign(true),
      children.FINDINGS_OF_INFERENCE,
    ] as unknown as children.Relation<{ readonly id: string }>[];
    for (const relation of relations) {
      const nodes = await plan(() => children.childrenOf(unrestricted, relation, ids, children.MAXIMUM_CHILDREN));
      expect(tableScans(nodes), JSON.stringify(relation)).toEqual([]);
    }
    // Few of many: for one in a hundred of so small a table PostgreSQL 15 thinks a scan as cheap.
    const byId = await plan(() => rowsByIds(unrestricted, STUDIES, ids.slice(0, 5)));
    expect(tableScans(byId)).toEqual([]);
  });
});

describe('the grants of a restricted reader are looked up by index, row by row', () => {
  const SCOPES: readonly Pick<AccessScope, 'issuers' | 'studies'>[] = [
    { issuers: ['I'], studies: [] },
    { issuers: ['J', 'K'], studies: ['1.2.M77', '1.2.M78'] },
    { issuers: [], studies: ['1.2.M77'] },
  ];

  it.each(SCOPES)('granted %j', async (grants) => {
    const scope = { ...grants, subject: 'somebody', shadow: false, openings: false };
    const reader = { prisma: explaining, scope };
    const newest = { field: 'CREATED_AT', direction: 'DESC' } as const;
    const { rows } = await client.query<{ id: string }>('SELECT id FROM "Study" LIMIT 5');
    const ids = rows.map(({ id }) => id);
    const reads = [
      // Where few patients are granted, most are looked at in any order: then a scan with a sort is as good as the index.
      ...(grants.issuers.includes('I') ? [() => listPatients(reader, {}, newest, { first: 50 })] : []),
      () => listStudies(reader, {}, newest, { first: 50 }),
      () => listInferences(reader, {}, 'DESC', { first: 50 }),
      () => listFindings(reader, {}, newest, { first: 50 }),
      () => listFindings(reader, { patientId: ID }, newest, { first: 50 }),
      () => findPatient(reader, 'M77', 'I'),
      () => findStudy(reader, '1.2.M77'),
      () => findInstance(reader, '1.4.1.3.AM77'),
      () => storedFilm(reader, '1.4.1.3.AM77'),
      () => drawnFinding(reader, '1.4.1.3.AM77', 'L3', undefined),
      () => rowsByIds(reader, STUDIES, ids),
      () => heatMapValues(reader, ids),
      () => children.childrenOf(reader, children.INSTANCES_OF_STUDY, ids, children.MAXIMUM_CHILDREN),
      () => children.childrenOf(reader, children.FINDINGS_OF_STUDY, ids, children.MAXIMUM_CHILDREN),
      () => children.childrenOf(reader, children.DISCREPANCIES_OF_PATIENT, ids, children.MAXIMUM_CHILDREN),
    ];
    for (const read of reads) {
      const scans = tableScans(await plan(read));
      // An empty table has no use for its index.
      expect(
        scans.filter((node) => node !== 'Seq Scan BreakGlass'),
        read.toString(),
      ).toEqual([]);
    }
  });
});
