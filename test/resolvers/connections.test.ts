import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LABELS, type SeededStudy, seedModel, seedStudy } from './seed.ts';
import { type Answer, openApi, type TestApi } from './support.ts';

interface Page<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

const PAGE_INFO = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

const STUDIES = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: StudyFilter, $orderBy: StudyOrder! = { field: CREATED_AT, direction: DESC }) {
  studies(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    edges { cursor node { accessionNumber } } ${PAGE_INFO} } }`;

let api: TestApi;
let modelVersionId: string;

beforeAll(async () => {
  api = await openApi();
  modelVersionId = await seedModel(api.store);
});

afterAll(() => api?.[Symbol.asyncDispose]());

type StudyNode = { readonly accessionNumber: string };

async function studies(variables: Record<string, unknown>): Promise<Page<StudyNode>> {
  return (await api.data<{ studies: Page<StudyNode> }>(STUDIES, variables)).studies;
}

const names = (page: Page<StudyNode>) => page.edges.map(({ node }) => node.accessionNumber);

const codes = (answer: Answer<unknown>) => answer.errors.map(({ code }) => code);

/** Reads the whole list page by page; `between` runs before each further page. */
async function walk(
  variables: Record<string, unknown>,
  forwards: boolean,
  between: (page: number) => Promise<void> = async () => {},
): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | null = null;
  for (let number = 0; ; number++) {
    const place = forwards ? { first: 2, after: cursor } : { last: 2, before: cursor };
    const page = await studies({ ...variables, ...place });
    if (forwards) seen.push(...names(page));
    else seen.unshift(...names(page));
    const { hasNextPage, hasPreviousPage, endCursor, startCursor } = page.pageInfo;
    if (!(forwards ? hasNextPage : hasPreviousPage)) return seen;
    cursor = forwards ? endCursor : startCursor;
    await between(number);
  }
}

describe('studies', () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute));
  const dates: Record<string, Date | null> = {
    A: at(30),
    B: null,
    C: at(10),
    D: at(20),
    E: null,
    F: at(20),
    G: at(5),
  };
  const seeded = new Map<string, SeededStudy>();

  beforeAll(async () => {
    for (const [index, [accessionNumber, studyDate]] of Object.entries(dates).entries()) {
      // D and E arrive in the same millisecond.
      const createdAt = at(accessionNumber === 'E' ? 3 : index);
      seeded.set(
        accessionNumber,
        await seedStudy(api.store, { modelVersionId, accessionNumber, studyDate, createdAt }),
      );
    }
  });

  test('are the same list forwards and backwards, in both directions', async () => {
    for (const field of ['CREATED_AT', 'STUDY_DATE']) {
      const descending = await walk({ orderBy: { field, direction: 'DESC' } }, true);
      expect([...descending].sort()).toEqual([...'ABCDEFG']);
      expect(await walk({ orderBy: { field, direction: 'DESC' } }, false)).toEqual(descending);
      const ascending = await walk({ orderBy: { field, direction: 'ASC' } }, true);
      expect(ascending).toEqual([...descending].reverse());
      expect(await walk({ orderBy: { field, direction: 'ASC' } }, false)).toEqual(ascending);
    }
  });

  test('without a date sort as the oldest', async () => {
    const ascending = names(await studies({ orderBy: { field: 'STUDY_DATE', direction: 'ASC' } }));
    expect(ascending.slice(0, 2).sort()).toEqual(['B', 'E']);
    expect(ascending.slice(2, 4)).toEqual(['G', 'C']);
    expect(ascending.slice(4, 6).sort()).toEqual(['D', 'F']);
    expect(ascending.slice(6)).toEqual(['A']);
  });

  test('are newest first by default, 50 to a page', async () => {
    const page = await studies({});
    expect(names(page).join('')).toMatch(/^GF(DE|ED)CBA$/);
    expect(page.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
    expect(page.pageInfo.startCursor).toBe(page.edges[0]?.cursor);
    expect(page.pageInfo.endCursor).toBe(page.edges.at(-1)?.cursor);
  });

  test('say what lies on either side of a page', async () => {
    const first = await studies({ first: 3 });
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const middle = await studies({ first: 2, after: first.pageInfo.endCursor });
    expect(middle.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
    const back = await studies({ last: 3, before: middle.pageInfo.startCursor });
    expect(names(back)).toEqual(names(first));
    expect(back.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const between = await studies({ after: first.edges[0]?.cursor, before: middle.edges[1]?.cursor });
    expect(names(between)).toEqual([...names(first).slice(1), ...names(middle).slice(0, 1)]);
  });

  test('by date, by arrival, by patient and by accession number', async () => {
    const inRange = await studies({
      filter: { studyDate: { from: at(10).toISOString(), until: at(30).toISOString() } },
    });
    expect(names(inRange).sort()).toEqual(['C', 'D', 'F']);
    // No lower bound does not mean that undated studies are in the range.
    expect(names(await studies({ filter: { studyDate: { until: at(10).toISOString() } } }))).toEqual(['G']);
    const arrived = await studies({ filter: { createdAt: { from: at(5).toISOString() } } });
    expect(names(arrived)).toEqual(['G', 'F']);
    expect(names(await studies({ filter: { accessionNumber: 'D' } }))).toEqual(['D']);
    const patientId = Buffer.from(`Patient:${seeded.get('C')?.patientId}`).toString('base64url');
    expect(names(await studies({ filter: { patientId } }))).toEqual(['C']);
    expect(names(await studies({ filter: { patientId, accessionNumber: 'D' } }))).toEqual([]);
  });

  test('that arrive while a client turns pages neither repeat nor hide others', async () => {
    const before = await walk({}, true);
    const arriving = async (page: number) => {
      const number = { accessionNumber: `NEW-${page}`, createdAt: new Date(Date.UTC(2026, 0, 2, 0, page)) };
      await seedStudy(api.store, { modelVersionId, ...number, studyDate: null });
    };
    expect(await walk({}, true, arriving)).toEqual(before);
    const withNew = await walk({}, false);
    expect(withNew.filter((name) => !name.startsWith('NEW'))).toEqual(before);
    expect(withNew.filter((name) => name.startsWith('NEW'))).toHaveLength(3);
  });

  test('refuse sizes out of bounds and two sizes at once', async () => {
    for (const variables of [{ first: 0 }, { first: 201 }, { last: 201 }, { first: -1 }, { first: 1, last: 1 }]) {
      expect(codes(await api.run(STUDIES, variables)), JSON.stringify(variables)).toEqual(['BAD_REQUEST']);
    }
    expect(codes(await api.run(STUDIES, { first: 200 }))).toEqual([]);
  });

  test('refuse cursors of another order, direction or list, and forged ones', async () => {
    const { pageInfo } = await studies({ first: 1 });
    const forge = (content: unknown) => Buffer.from(JSON.stringify(content)).toString('base64url');
    const id = '018f0000-0000-7000-8000-000000000000';
    const bad = [
      { after: pageInfo.endCursor, orderBy: { field: 'STUDY_DATE', direction: 'DESC' } },
      { after: pageInfo.endCursor, orderBy: { field: 'CREATED_AT', direction: 'ASC' } },
      { after: 'nonsense' },
      { after: '' },
      { after: 'x'.repeat(100_000) },
      { after: forge(null) },
      { after: forge(['studies.CREATED_AT.DESC', 'yesterday', id]) },
      { after: forge(['studies.CREATED_AT.DESC', null, id]) },
      { after: forge(['studies.CREATED_AT.DESC', '2026-13-45T00:00:00.000Z', id]) },
      { after: forge(['studies.CREATED_AT.DESC', '0000-01-01T00:00:00.000Z', id]) },
      { after: forge(['studies.CREATED_AT.DESC', '2026-01-01T00:00:00.000Z', "'; DROP TABLE"]) },
      { before: forge(['patients.CREATED_AT.DESC', '2026-01-01T00:00:00.000Z', id]) },
    ];
    for (const variables of bad) {
      expect(codes(await api.run(STUDIES, variables)), JSON.stringify(variables).slice(0, 200)).toEqual([
        'CURSOR_INVALID',
      ]);
    }
  });
});

describe('findings', () => {
  const FINDINGS = `query ($first: Int, $after: String, $filter: FindingFilter, $orderBy: FindingOrder! = { field: CREATED_AT, direction: DESC }) {
    findings(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
      totalCount edges { cursor node { label probability positive study { studyInstanceUid } } } ${PAGE_INFO} } }`;
  type FindingNode = { label: string; probability: number; positive: boolean; study: { studyInstanceUid: string } };
  type Findings = { findings: Page<FindingNode> & { totalCount: number } };
  let other: string;
  let study: SeededStudy;

  const list = async (variables: Record<string, unknown>) => (await api.data<Findings>(FINDINGS, variables)).findings;

  beforeAll(async () => {
    other = await seedModel(api.store, '2.0.0', false);
    const probability = (label: number) => 0.9 - label / 100;
    study = await seedStudy(api.store, { modelVersionId: other, probability, createdAt: new Date('2027-01-01') });
  });

  test('by each condition and by all together', async () => {
    const { studyInstanceUid, patientId } = study;
    const of = { studyInstanceUid };
    expect((await list({ filter: of })).edges).toHaveLength(14);
    expect((await list({ filter: { ...of, labels: ['Effusion'] } })).edges.map(({ node }) => node.label)).toEqual([
      'Effusion',
    ]);
    expect((await list({ filter: { ...of, labels: ['Effusion', 'Mass', 'Unknown'] } })).edges).toHaveLength(2);
    expect((await list({ filter: { ...of, minimumProbability: 0.88 } })).edges).toHaveLength(3);
    expect((await list({ filter: { ...of, positive: false } })).edges).toHaveLength(0);
    expect((await list({ filter: { createdAt: { from: '2026-12-31T00:00:00Z' } } })).edges).toHaveLength(14);
    const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64url');
    const all = {
      ...of,
      labels: ['Effusion'],
      positive: true,
      minimumProbability: 0.5,
      patientId: globalId('Patient', patientId),
      modelVersionId: globalId('ModelVersion', other),
      createdAt: { from: '2027-01-01T00:00:00Z', until: '2027-01-02T00:00:00Z' },
    };
    const page = await list({ filter: all });
    expect(page.totalCount).toBe(1);
    expect(page.edges[0]?.node).toEqual({ label: 'Effusion', probability: 0.88, positive: true, study: of });
  });

  test('by probability, through all pages', async () => {
    const seen: number[] = [];
    const orderBy = { field: 'PROBABILITY', direction: 'DESC' };
    for (let after: string | null = null, more = true; more; ) {
      const page: Page<FindingNode> = await list({ first: 50, after, orderBy });
      seen.push(...page.edges.map(({ node }) => node.probability));
      after = page.pageInfo.endCursor;
      more = page.pageInfo.hasNextPage;
    }
    expect(seen).toHaveLength(await api.store.prisma.finding.count());
    expect(seen).toEqual([...seen].sort((a, b) => b - a));
  });

  test('refuse a probability outside 0 to 1, no labels, and an id of another type', async () => {
    for (const filter of [
      { minimumProbability: 1.1 },
      { minimumProbability: -0.1 },
      { labels: [] },
      { labels: Array.from({ length: 101 }, String) },
      { patientId: Buffer.from(`Study:${study.studyId}`).toString('base64url') },
      { patientId: 'x' },
    ]) {
      expect(codes(await api.run(FINDINGS, { filter })), JSON.stringify(filter).slice(0, 80)).toEqual(['BAD_REQUEST']);
    }
  });

  test('of one study by sign', async () => {
    const { data } = await api.run<{ study: Record<string, { label: string }[]> }>(
      `query ($uid: DicomUID!) { study(studyInstanceUid: $uid) {
        all: findings { label } positive: findings(positive: true) { label } negative: findings(positive: false) { label } } }`,
      { uid: study.studyInstanceUid },
    );
    expect(data?.study.all?.map(({ label }) => label)).toEqual(LABELS);
    expect(data?.study.positive).toHaveLength(14);
    expect(data?.study.negative).toHaveLength(0);
  });
});

describe('patients', () => {
  const PATIENTS = `query ($filter: PatientFilter, $orderBy: PatientOrder!, $after: String, $last: Int, $before: String) {
    patients(filter: $filter, orderBy: $orderBy, after: $after, last: $last, before: $before) {
      edges { cursor node { mrn name } } ${PAGE_INFO} } }`;
  type Patients = { patients: Page<{ mrn: string; name: string | null }> };

  test('by the beginning of their name, whatever its case, with wildcards taken literally', async () => {
    for (const [mrn, name] of [
      ['P1', 'Smith^John'],
      ['P2', 'SMITHERS^ANN'],
      ['P3', 'S%ITH^X'],
      ['P4', null],
    ] as const) {
      await seedStudy(api.store, { modelVersionId, patient: { mrn, name } });
    }
    const orderBy = { field: 'NAME', direction: 'ASC' };
    const find = async (namePrefix: string) =>
      (await api.data<Patients>(PATIENTS, { filter: { namePrefix }, orderBy })).patients.edges.map(
        ({ node }) => node.mrn,
      );
    expect((await find('smith')).sort()).toEqual(['P1', 'P2']);
    expect(await find('SMITH^')).toEqual(['P1']);
    expect(await find('s%')).toEqual(['P3']);
    const { patients } = await api.data<Patients>(PATIENTS, { orderBy });
    expect(patients.edges[0]?.node).toEqual({ mrn: 'P4', name: null });
    const back = await api.data<Patients>(PATIENTS, { orderBy, last: 1, before: patients.edges[1]?.cursor });
    expect(back.patients.edges[0]?.node.mrn).toBe('P4');
  });
});

describe('inferences', () => {
  test('by state, one or several', async () => {
    const study = await seedStudy(api.store, { modelVersionId, films: 3 });
    const [first, second] = study.instances;
    for (const [instance, state] of [
      [first, 'FAILED'],
      [second, 'CANCELLED'],
    ] as const) {
      await api.store.prisma.inference.update({ where: { id: instance?.inferenceId ?? '' }, data: { state } });
    }
    const find = async (states: readonly string[]) => {
      const source = `query ($filter: InferenceFilter) { inferences(filter: $filter) { nodes { state } } }`;
      const filter = { states, studyInstanceUid: study.studyInstanceUid };
      const { inferences } = await api.data<{ inferences: { nodes: { state: string }[] } }>(source, { filter });
      return inferences.nodes.map(({ state }) => state).sort();
    };
    expect(await find(['FAILED'])).toEqual(['FAILED']);
    expect(await find(['FAILED', 'CANCELLED'])).toEqual(['CANCELLED', 'FAILED']);
    expect(await find(['DONE', 'QUEUED'])).toEqual(['DONE']);
  });
});
