import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Identity } from '../../src/access/identity.ts';
import { toGlobalId } from '../../src/schema/global-id.ts';
import { testPseudonyms } from '../support/pseudonyms.ts';
import { type SeededStudy, seedModel, seedStudy } from './seed.ts';
import { openApi, type TestApi } from './support.ts';

const RESEARCH: Partial<Identity> = { roles: ['INTEGRATION'], deidentifiedOnly: true };

const VIEW = `
  id patientPseudonym
  series { id modality bodyPart viewPosition instances { id } }
  instances { id rows columns eligibility previewUrl dicomUrl }
  findings { label probability threshold positive instanceId model { name version digest } }`;
const PAGE = `nodes { ${VIEW} } edges { cursor node { id } } totalCount
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`;
const LIST = `query ($first: Int, $after: String, $filter: DeidentifiedStudyFilter) {
  deidentifiedStudies(first: $first, after: $after, filter: $filter) { ${PAGE} } }`;

interface View {
  readonly id: string;
  readonly patientPseudonym: string;
  readonly series: readonly {
    readonly id: string;
    readonly modality: string;
    readonly instances: readonly unknown[];
  }[];
  readonly instances: readonly { readonly id: string; readonly dicomUrl: string; readonly previewUrl: string }[];
  readonly findings: readonly { readonly label: string; readonly instanceId: string; readonly model: unknown }[];
}

interface List {
  readonly deidentifiedStudies: {
    readonly nodes: readonly View[];
    readonly totalCount: number;
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

let api: TestApi;
let studies: SeededStudy[];
let elsewhere: SeededStudy;
let shadowModel: string;
const pseudonyms = testPseudonyms();

beforeAll(async () => {
  api = await openApi();
  const modelVersionId = await seedModel(api.store);
  shadowModel = await seedModel(api.store, '2.0.0', false);
  studies = [];
  for (let index = 0; index < 7; index += 1) {
    studies.push(
      await seedStudy(api.store, {
        modelVersionId,
        films: 2,
        createdAt: new Date(Date.UTC(2026, 0, 1 + index, 7, 8, 9)),
        studyDate: new Date('2025-12-24T11:22:33Z'),
        accessionNumber: `ACCESSION-${index}`,
        patient: { mrn: `MRN-SECRET-${index}`, name: `SECRET^NUMBER${index}` },
        // Only study 3 has a hernia, and it alone.
        probability: (label) => (label === 13 && index === 3 ? 0.9 : 0.2),
      }),
    );
  }
  elsewhere = await seedStudy(api.store, { modelVersionId, probability: () => 0.2 });
  await api.store.prisma.patient.update({ where: { id: elsewhere.patientId }, data: { issuer: 'ELSEWHERE' } });
  const [first] = studies;
  const [film] = first?.instances ?? [];
  if (first === undefined || film === undefined) throw new Error('nothing was seeded');
  const inference = await api.store.prisma.inference.create({
    data: {
      instanceId: film.id,
      modelVersionId: shadowModel,
      studyId: first.studyId,
      patientId: first.patientId,
      state: 'DONE',
      shadow: true,
    },
  });
  await api.store.prisma.finding.create({
    data: {
      inferenceId: inference.id,
      studyId: first.studyId,
      patientId: first.patientId,
      modelVersionId: shadowModel,
      label: 'ShadowOnly',
      probability: 0.99,
      threshold: 0.5,
      positive: true,
      shadow: true,
      heatMapRows: 1,
      heatMapColumns: 1,
      heatMapValues: [1],
    },
  });
});

afterAll(() => api?.[Symbol.asyncDispose]());

/** Every text that tells who a seeded study is of, or when it was. */
async function secrets(): Promise<readonly string[]> {
  const { prisma } = api.store;
  const rows = [
    await prisma.patient.findMany(),
    await prisma.study.findMany(),
    await prisma.series.findMany(),
    await prisma.instance.findMany(),
    await prisma.inference.findMany(),
    await prisma.finding.findMany(),
  ].flat() as Record<string, unknown>[];
  const names = [
    'mrn',
    'name',
    'issuer',
    'studyInstanceUid',
    'accessionNumber',
    'seriesInstanceUid',
    'sopInstanceUid',
    'sha256',
  ];
  const texts = rows.flatMap((row) => [
    ...names.map((name) => row[name]),
    ...Object.entries(row).flatMap(([name, value]) => (/(^id|Id)$/.test(name) ? [value] : [])),
  ]);
  const ids = texts.filter((text): text is string => typeof text === 'string' && text !== '');
  const global = ids.flatMap((id) => [
    Buffer.from(id).toString('base64'),
    toGlobalId('Study', id),
    toGlobalId('Instance', id),
  ]);
  return [...new Set([...ids, ...global, 'blobKey'])];
}

/**
 * The years in which the seeded patients were born, examined and stored. Not in the middle of a word and not as a
 * component of a UID: the digits of a pseudonym are random, and hold any four of them now and then.
 */
const YEARS = /(?<![\w.])(?:1970|2025|2026)/g;

describe('de-identified studies', () => {
  test('show what the profile keeps and nothing that tells whose they are', async () => {
    const answer = await api.as(RESEARCH).run<List>(LIST);
    expect(answer.errors).toEqual([]);
    const text = JSON.stringify(answer);
    const found = (await secrets()).filter((secret) => text.includes(secret));
    expect(found).toEqual([]);
    expect(text.match(YEARS) ?? []).toEqual([]);
    const [view] = answer.data?.deidentifiedStudies.nodes ?? [];
    expect(view?.series[0]).toMatchObject({ modality: 'DX', bodyPart: 'CHEST' });
    expect(view?.instances[0]).toMatchObject({ rows: 2048, columns: 2500, eligibility: 'READ_WITH_WARNING' });
    expect(view?.findings[0]?.model).toMatchObject({ name: 'chexnet', version: '1.0.0' });
    expect(view?.instances.map(({ id }) => id)).toContain(view?.findings[0]?.instanceId);
  });

  test('have pseudonyms that the key alone leads back from', async () => {
    const { deidentifiedStudies } = await api.as(RESEARCH).data<List>(LIST);
    const ids = deidentifiedStudies.nodes.map(({ id }) => pseudonyms.idOf('study', id));
    expect(new Set(ids)).toEqual(new Set([...studies, elsewhere].map(({ studyId }) => studyId)));
    const view = deidentifiedStudies.nodes.find(({ id }) => pseudonyms.idOf('study', id) === studies[2]?.studyId);
    expect(pseudonyms.idOf('patient', view?.patientPseudonym ?? '')).toBe(studies[2]?.patientId);
    expect(view?.instances[0]?.dicomUrl).toBe(`/deidentified/instances/${view?.instances[0]?.id}`);
    expect(view?.instances[0]?.previewUrl).toBe(`/deidentified/instances/${view?.instances[0]?.id}/preview.png`);
  });

  test('come page by page, each once, and not in the order in which they came', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    for (;;) {
      const { deidentifiedStudies: page }: List = await api.as(RESEARCH).data<List>(LIST, { first: 3, after });
      expect(page.totalCount).toBe(8);
      seen.push(...page.nodes.map(({ id }) => pseudonyms.idOf('study', id) ?? ''));
      after = page.pageInfo.endCursor;
      if (!page.pageInfo.hasNextPage) break;
    }
    expect(seen.length).toBe(8);
    // By a digest of ids that nobody is shown.
    const digest = (id: string) => createHash('sha256').update(id.replaceAll('-', ''), 'hex').digest('hex');
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => (digest(a) < digest(b) ? -1 : 1)));
  });

  test('are found by what was found', async () => {
    const of = async (filter: object) =>
      (await api.as(RESEARCH).data<List>(LIST, { filter })).deidentifiedStudies.nodes.map(({ id }) =>
        pseudonyms.idOf('study', id),
      );
    expect(await of({ label: 'Hernia', positive: true })).toEqual([studies[3]?.studyId]);
    expect(await of({ minimumProbability: 0.8 })).toEqual([studies[3]?.studyId]);
    expect(await of({ label: 'Hernia', positive: false })).toHaveLength(7);
    expect(await of({ label: 'Nothing' })).toEqual([]);
  });

  test('by pseudonym: one, or none', async () => {
    const one = `query ($id: DicomUID!) { deidentifiedStudy(id: $id) { id findings { label } } }`;
    const id = pseudonyms.uidOf('study', studies[1]?.studyId ?? '');
    expect(await api.as(RESEARCH).data(one, { id })).toMatchObject({ deidentifiedStudy: { id } });
    for (const other of [
      testPseudonyms('other').uidOf('study', studies[1]?.studyId ?? ''),
      '2.25.17',
      studies[1]?.studyInstanceUid,
    ]) {
      expect(await api.as(RESEARCH).data(one, { id: other })).toEqual({ deidentifiedStudy: null });
    }
  });

  test('a cursor of another list is refused', async () => {
    const answer = await api.as(RESEARCH).run(LIST, { after: 'bm90IGEgY3Vyc29y' });
    expect(answer.errors.map(({ code }) => code)).toEqual(['CURSOR_INVALID']);
  });

  test('are reached from the study itself', async () => {
    const study = `query ($uid: DicomUID!) { study(studyInstanceUid: $uid) { deidentified { ${VIEW} } } }`;
    const uid = studies[0]?.studyInstanceUid;
    const { study: found } = await api.data<{ study: { deidentified: View } }>(study, { uid });
    expect(pseudonyms.idOf('study', found.deidentified.id)).toBe(studies[0]?.studyId);
  });
});

describe('who may see them', () => {
  test('a reading out of clinical use is never in them, for nobody', async () => {
    for (const identity of [{}, { roles: ['ADMIN'] as const }, RESEARCH]) {
      const { deidentifiedStudies } = await api.as(identity).data<List>(LIST);
      expect(JSON.stringify(deidentifiedStudies)).not.toContain('ShadowOnly');
      const byLabel = await api.as(identity).data<List>(LIST, { filter: { label: 'ShadowOnly' } });
      expect(byLabel.deidentifiedStudies.totalCount).toBe(0);
    }
  });

  test('grants hold: of another issuer there is nothing', async () => {
    const restricted = api.as({ ...RESEARCH, issuers: ['ELSEWHERE'] });
    const { deidentifiedStudies } = await restricted.data<List>(LIST);
    expect(deidentifiedStudies.nodes.map(({ id }) => pseudonyms.idOf('study', id))).toEqual([elsewhere.studyId]);
    expect(deidentifiedStudies.totalCount).toBe(1);
    const id = pseudonyms.uidOf('study', studies[0]?.studyId ?? '');
    const one = `query ($id: DicomUID!) { deidentifiedStudy(id: $id) { id } }`;
    expect(await restricted.data(one, { id })).toEqual({ deidentifiedStudy: null });
  });

  test.each([
    [
      'a study by its UID',
      () => `{ study(studyInstanceUid: "${studies[0]?.studyInstanceUid}") { deidentified { id } } }`,
    ],
    ['the list of studies', () => '{ studies { nodes { deidentified { id } } } }'],
    ['patients', () => '{ patients { nodes { mrn } } }'],
    ['findings', () => '{ findings { nodes { label } } }'],
    ['a node', () => `{ node(id: "${toGlobalId('Study', studies[0]?.studyId ?? '')}") { id } }`],
    ['changes', () => '{ changes(first: 1) { type } }'],
    ['both at once', () => '{ deidentifiedStudies { totalCount } patients { nodes { mrn } } }'],
  ])('an identity that is granted de-identified views only gets nothing else: %s', async (_name, source) => {
    const answer = await api
      .as(RESEARCH)
      .run(source().replace('{ changes(first: 1) { type } }', '{ changes(first: 1) { type } }'));
    expect(answer.errors.map(({ code }) => code)).toContain('FORBIDDEN');
    expect(Object.values(answer.data ?? {}).filter((value) => value !== null)).toEqual([]);
  });

  test.each(['TECHNOLOGIST', 'AUDITOR'] as const)('not %s', async (role) => {
    const answer = await api.as({ roles: [role] }).run(LIST);
    expect(answer.errors.map(({ code }) => code)).toEqual(['FORBIDDEN']);
  });
});
