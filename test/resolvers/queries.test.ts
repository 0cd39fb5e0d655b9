import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXECUTED_DIGEST, type SeededStudy, seedModel, seedStudy } from './seed.ts';
import { openApi, type TestApi } from './support.ts';

let api: TestApi;
let modelVersionId: string;
let study: SeededStudy;

beforeAll(async () => {
  api = await openApi();
  modelVersionId = await seedModel(api.store);
  study = await seedStudy(api.store, {
    modelVersionId,
    createdAt: new Date('2026-05-06T07:08:09.123Z'),
    studyDate: new Date('2026-05-06T06:00:00Z'),
    accessionNumber: 'ACC-1',
    patient: { mrn: '4711' },
  });
});

afterAll(() => api?.[Symbol.asyncDispose]());

const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64url');
const first = () => {
  const [instance] = study.instances;
  if (instance === undefined) throw new Error('the study has no film');
  return instance;
};

describe('one study', () => {
  test('with everything that belongs to it', async () => {
    const { data, errors } = await api.run<{ study: Record<string, unknown> }>(
      `query ($uid: DicomUID!) { study(studyInstanceUid: $uid) {
        studyDate createdAt accessionNumber description
        patient { id mrn issuer name birthDate sex studies(first: 1) { studyInstanceUid } }
        series { modality bodyPart viewPosition study { id } instances { sopInstanceUid } }
        instances { rows columns byteLength eligibility eligibilityReasons previewUrl photometricInterpretation
          patient { mrn } series { modality } inferences { id } }
        inferences { state priority attempts error { code } warnings queuedAt startedAt completedAt
          timings { waitMs readMs decodeMs preprocessMs inferenceMs } executedEngine { digest precision }
          instance { sopInstanceUid } study { id } patient { id } }
      } }`,
      { uid: study.studyInstanceUid },
    );
    expect(errors).toEqual([]);
    const { sopInstanceUid, inferenceId } = first();
    const warnings = ['VIEW_UNKNOWN: The view is not given.'];
    expect(data?.study).toEqual({
      studyDate: new Date('2026-05-06T06:00:00Z'),
      createdAt: new Date('2026-05-06T07:08:09.123Z'),
      accessionNumber: 'ACC-1',
      description: 'Chest',
      patient: {
        id: globalId('Patient', study.patientId),
        mrn: '4711',
        issuer: 'HOSPITAL',
        name: 'DOE^JANE',
        birthDate: '1970-01-31',
        sex: 'FEMALE',
        studies: [{ studyInstanceUid: study.studyInstanceUid }],
      },
      series: [
        {
          modality: 'DX',
          bodyPart: 'CHEST',
          viewPosition: null,
          study: { id: globalId('Study', study.studyId) },
          instances: [{ sopInstanceUid }],
        },
      ],
      instances: [
        {
          rows: 2048,
          columns: 2500,
          byteLength: 5_000_000_000,
          eligibility: 'READ_WITH_WARNING',
          eligibilityReasons: warnings,
          previewUrl: `/instances/${sopInstanceUid}/preview.png`,
          photometricInterpretation: 'MONOCHROME2',
          patient: { mrn: '4711' },
          series: { modality: 'DX' },
          inferences: [{ id: globalId('Inference', inferenceId) }],
        },
      ],
      inferences: [
        {
          state: 'DONE',
          priority: 'ROUTINE',
          attempts: 1,
          error: null,
          warnings,
          queuedAt: new Date('2026-05-06T07:08:09.123Z'),
          startedAt: new Date('2026-05-06T07:08:09.143Z'),
          completedAt: new Date('2026-05-06T07:08:09.243Z'),
          timings: { waitMs: 20, readMs: 1, decodeMs: 2, preprocessMs: 3, inferenceMs: 4 },
          executedEngine: { digest: EXECUTED_DIGEST, precision: 'INT8' },
          instance: { sopInstanceUid },
          study: { id: globalId('Study', study.studyId) },
          patient: { id: globalId('Patient', study.patientId) },
        },
      ],
    });
  });

  test('with findings that can be traced and drawn', async () => {
    const { study: found } = await api.data<{ study: { findings: unknown[] } }>(
      `query ($uid: DicomUID!) { study(studyInstanceUid: $uid) { findings {
        label probability threshold positive codes { system value display } warnings
        heatMap { rows columns values url } modelVersion { digest } inference { id } patient { id } study { id }
      } } }`,
      { uid: study.studyInstanceUid },
    );
    const { sopInstanceUid, inferenceId } = first();
    expect(found.findings).toHaveLength(14);
    expect(found.findings).toContainEqual({
      label: 'Effusion',
      probability: 0.15,
      threshold: 0.5,
      positive: false,
      codes: [
        { system: 'SCT', value: '60046008', display: 'Pleural effusion' },
        { system: 'RADLEX', value: 'RID34539', display: 'pleural effusion' },
      ],
      warnings: ['VIEW_UNKNOWN: The view is not given.'],
      heatMap: {
        rows: 2,
        columns: 2,
        values: [0.25, -1, 2, 2],
        url: `/instances/${sopInstanceUid}/heatmaps/Effusion.png?modelVersion=${modelVersionId}`,
      },
      modelVersion: { digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
      inference: { id: globalId('Inference', inferenceId) },
      patient: { id: globalId('Patient', study.patientId) },
      study: { id: globalId('Study', study.studyId) },
    });
    expect(found.findings).toContainEqual(expect.objectContaining({ label: 'Hernia', codes: [], positive: true }));
  });

  test('by accession number, but never by a guess', async () => {
    const source = 'query ($number: String) { study(accessionNumber: $number) { studyInstanceUid } }';
    expect(await api.data(source, { number: 'ACC-1' })).toEqual({
      study: { studyInstanceUid: study.studyInstanceUid },
    });
    expect(await api.data(source, { number: 'ACC-0' })).toEqual({ study: null });
    for (const _ of [1, 2]) await seedStudy(api.store, { modelVersionId, accessionNumber: 'ACC-2' });
    const { errors } = await api.run(source, { number: 'ACC-2' });
    expect(errors).toMatchObject([{ code: 'AMBIGUOUS', message: expect.stringContaining('list the candidates') }]);
  });
});

describe('lookups', () => {
  test('need exactly one way of naming', async () => {
    for (const source of [
      '{ study { id } }',
      '{ study(studyInstanceUid: "1.2", accessionNumber: "A") { id } }',
      '{ patient { id } }',
      '{ patient(mrn: "1") { id } }',
      '{ patient(id: "x", mrn: "1", issuer: "2") { id } }',
      '{ modelVersion { id } }',
      '{ modelVersion(name: "a") { id } }',
      '{ modelVersion(name: "a", version: "1", digest: "d") { id } }',
      '{ patient(id: "x") { id } }',
      '{ node(id: "x") { id } }',
      '{ changes(first: 0) { cursor } }',
      '{ patients { nodes { studies(first: 1000) { id } } } }',
      // What the database could not even be asked.
      '{ patient(mrn: "a\\u0000", issuer: "b") { id } }',
      '{ study(accessionNumber: "\\u0000") { id } }',
      '{ modelVersion(digest: "\\u0000") { id } }',
      '{ patients(filter: { namePrefix: "\\u0000" }) { nodes { id } } }',
      '{ findings(filter: { labels: ["\\u0000"] }) { nodes { id } } }',
      '{ studies(filter: { createdAt: { from: "0000-06-01T00:00:00Z" } }) { nodes { id } } }',
      '{ studies(filter: { studyDate: { until: "9999-12-31T23:59:59-05:00" } }) { nodes { id } } }',
    ]) {
      expect((await api.run(source)).errors[0]?.code, source).toBe('BAD_REQUEST');
    }
  });

  test('find patients, instances and model versions', async () => {
    const { sopInstanceUid } = first();
    const version = await api.store.prisma.modelVersion.findUniqueOrThrow({ where: { id: modelVersionId } });
    const model = { modelVersion: { id: globalId('ModelVersion', modelVersionId) } };
    const checks: [string, Record<string, unknown>, unknown][] = [
      ['query { patient(mrn: "4711", issuer: "HOSPITAL") { mrn } }', {}, { patient: { mrn: '4711' } }],
      ['query { patient(mrn: "4711", issuer: "OTHER") { mrn } }', {}, { patient: null }],
      [
        'query ($id: ID) { patient(id: $id) { mrn } }',
        { id: globalId('Patient', study.patientId) },
        { patient: { mrn: '4711' } },
      ],
      [
        'query ($uid: DicomUID!) { instance(sopInstanceUid: $uid) { rows } }',
        { uid: sopInstanceUid },
        { instance: { rows: 2048 } },
      ],
      ['query { instance(sopInstanceUid: "1.2.3") { rows } }', {}, { instance: null }],
      ['query { modelVersion(name: "chexnet", version: "1.0.0") { id } }', {}, model],
      ['query ($digest: String) { modelVersion(digest: $digest) { id } }', { digest: version.digest }, model],
      ['query ($id: ID) { modelVersion(id: $id) { id } }', { id: globalId('ModelVersion', modelVersionId) }, model],
    ];
    for (const [source, variables, expected] of checks) expect(await api.data(source, variables)).toEqual(expected);
  });

  test('refuse what is no UID before they ask the database', async () => {
    api.statements.length = 0;
    for (const uid of ['1.02', '1..2', 'abc', '1', `1.${'2'.repeat(64)}`, '1.2.']) {
      await expect(api.run(`{ instance(sopInstanceUid: "${uid}") { id } }`), uid).rejects.toThrow('DICOM UID');
    }
    const variables = await api.run('query ($u: DicomUID!) { instance(sopInstanceUid: $u) { id } }', { u: '1.02' });
    expect(variables.errors).toMatchObject([{ code: 'GRAPHQL_VALIDATION_FAILED' }]);
    expect(api.statements).toEqual([]);
  });
});

describe('node', () => {
  const NODE = `query ($id: ID!) { node(id: $id) { __typename id
    ... on Patient { mrn } ... on Study { patient { mrn } } ... on Finding { label heatMap { rows } } } }`;

  test('finds every kind of object by the id that it gave', async () => {
    const { study: found } = await api.data<{ study: Record<string, unknown> }>(
      `query ($uid: DicomUID!) { study(studyInstanceUid: $uid) { id patient { id } series { id } instances { id }
        inferences { id modelVersion { id transitions { id } } } findings { id } } }`,
      { uid: study.studyInstanceUid },
    );
    const ids = new Set([...JSON.stringify(found).matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id));
    expect(ids.size).toBe(7 + 14);
    for (const id of ids) {
      const { node } = await api.data<{ node: { __typename: string; id: string } }>(NODE, { id });
      expect(node.id).toBe(id);
      expect(Buffer.from(String(id), 'base64url').toString()).toContain(`${node.__typename}:`);
    }
    expect(await api.data(NODE, { id: globalId('Study', study.studyId) })).toMatchObject({
      node: { patient: { mrn: '4711' } },
    });
  });

  test('is null where there is nothing', async () => {
    const id = globalId('Study', '018f0000-0000-7000-8000-000000000000');
    expect(await api.data(NODE, { id })).toEqual({ node: null });
  });
});

describe('model versions', () => {
  test('show their manifest, their history and who made it', async () => {
    const { modelVersions } = await api.data<{ modelVersions: { nodes: unknown[] } }>(
      `{ modelVersions(filter: { name: "chexnet", states: [ACTIVE] }) { nodes {
        name version precision state description labels { name threshold } input { height width channels }
        preprocessingVersion manifest metrics transitions { fromState toState actor reason modelVersion { name } } } } }`,
    );
    expect(modelVersions.nodes).toMatchObject([
      {
        name: 'chexnet',
        precision: 'INT8',
        state: 'ACTIVE',
        description: 'A model for tests.',
        labels: expect.arrayContaining([{ name: 'Hernia', threshold: 0.5 }]),
        input: { height: 128, width: 128, channels: 1 },
        preprocessingVersion: 'grayscale-1/resize-1',
        manifest: { preprocessing: { version: 'resize-1' } },
        metrics: [{ measure: 'AUC', mean: 0.8 }],
        transitions: [
          {
            fromState: 'REGISTERED',
            toState: 'ACTIVE',
            actor: 'test',
            reason: 'first',
            modelVersion: { name: 'chexnet' },
          },
        ],
      },
    ]);
  });
});

describe('the change feed as a query', () => {
  test('gives every change once, in order, with global ids', async () => {
    const source = 'query ($after: String) { changes(after: $after, first: 1) { cursor type modelVersionId studyId } }';
    const types: string[] = [];
    interface Changes {
      readonly changes: readonly { readonly cursor: string; readonly type: string }[];
    }
    for (let after: string | null = null; ; ) {
      const answer: Changes = await api.data<Changes>(source, { after });
      const [change] = answer.changes;
      if (change === undefined) break;
      types.push(change.type);
      expect(change).toMatchObject({ modelVersionId: globalId('ModelVersion', modelVersionId), studyId: null });
      after = change.cursor;
    }
    expect(types).toEqual(['MODEL_VERSION_CHANGED', 'MODEL_VERSION_CHANGED']);
    const { currentCursor } = await api.data<{ currentCursor: string }>('{ currentCursor }');
    expect(await api.data(source, { after: currentCursor })).toEqual({ changes: [] });
    expect((await api.run(source, { after: 'nonsense' })).errors).toMatchObject([{ code: 'CURSOR_INVALID' }]);
  });
});
