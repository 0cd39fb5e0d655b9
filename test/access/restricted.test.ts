/** Who is granted some issuers or studies finds no trace of the others: generated for every root field, and by hidden ids. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../../src/access/identity.ts';
import { declaredPermissions } from '../../src/resolvers/authorization.ts';
import { buildGatewaySchema } from '../../src/resolvers/build-schema.ts';
import { NODE_TYPES, type NodeType, toGlobalId } from '../../src/schema/global-id.ts';
import { announce } from '../resolvers/seed.ts';
import { openApi, type TestApi, type TestClient } from '../resolvers/support.ts';
import { fullCall, type GivenArguments } from './documents.ts';
import { leaksIn, type Marked, NORTH, SHARED_ACCESSION, SOUTH, seedWorld, type World } from './world.ts';

const schema = await buildGatewaySchema();
const queries = declaredPermissions(schema).flatMap(({ type, field }) => (type === 'Query' ? [field] : []));

/** Levels of objects below a root field: enough for a page, its rows, what is below them, and the way back to the patient. */
const DEPTH = 3;

const UNKNOWN_ID = '018f0000-0000-7000-8000-000000000000';

let api: TestApi;
let world: World;

beforeAll(async () => {
  api = await openApi();
  world = await seedWorld(api.store);
  for (const study of [world.south, world.north, world.northToo])
    await announce(api.store, study, world.modelVersionId);
});

afterAll(() => api?.[Symbol.asyncDispose]());

interface Case {
  readonly name: string;
  readonly identity: () => Partial<Identity>;
  readonly visible: () => readonly Marked[];
  readonly hidden: () => readonly string[];
}

const ofSouth = () => [...world.south.marks, ...world.southToo.marks];

const cases: readonly Case[] = [
  {
    name: 'granted an issuer',
    identity: () => ({ issuers: [NORTH] }),
    visible: () => [world.north, world.northToo],
    hidden: ofSouth,
  },
  {
    name: 'granted a study',
    identity: () => ({ issuers: [], studies: [world.north.studyInstanceUid] }),
    visible: () => [world.north],
    hidden: () => [...ofSouth(), ...world.northToo.ownMarks],
  },
  {
    name: 'granted nothing',
    identity: () => ({ issuers: [], studies: [] }),
    visible: () => [],
    hidden: () => [...ofSouth(), ...world.north.marks, ...world.northToo.marks],
  },
];

/** Every way to name a study's records, as arguments by root field; several for one field. */
function naming(study: Named): readonly (readonly [field: string, given: string])[] {
  const id = (type: NodeType, uuid: string) => `"${toGlobalId(type, uuid)}"`;
  const text = JSON.stringify;
  return [
    ['patient', `id: ${id('Patient', study.patientId)}`],
    ['patient', `mrn: ${text(study.mrn)}, issuer: ${text(study.issuer)}`],
    ['patients', `filter: { mrn: ${text(study.mrn)} }`],
    ['patients', `filter: { issuer: ${text(study.issuer)}, mrn: ${text(study.mrn)} }`],
    ['patients', `filter: { mrn: ${text(study.mrn)}, hasDiscrepancies: true }`],
    ['study', `studyInstanceUid: ${text(study.studyInstanceUid)}`],
    ['study', `accessionNumber: ${text(study.accessionNumber)}`],
    ['studies', `filter: { patientId: ${id('Patient', study.patientId)} }`],
    ['studies', `filter: { accessionNumber: ${text(study.accessionNumber)} }`],
    ['instance', `sopInstanceUid: ${text(study.sopInstanceUid)}`],
    ['inference', `id: ${id('Inference', study.inferenceId)}`],
    ['inferences', `filter: { patientId: ${id('Patient', study.patientId)} }`],
    ['inferences', `filter: { studyInstanceUid: ${text(study.studyInstanceUid)} }`],
    ['findings', `filter: { patientId: ${id('Patient', study.patientId)} }`],
    ['findings', `filter: { studyInstanceUid: ${text(study.studyInstanceUid)}, positive: true }`],
    ['dicomTransfers', `filter: { studyInstanceUid: ${text(study.studyInstanceUid)} }`],
    ['breakGlassOpenings', `filter: { patientId: ${id('Patient', study.patientId)} }`],
    ...NODE_TYPES.flatMap((type) => {
      const uuid = study.ids[type];
      return uuid === undefined ? [] : [['node', `id: ${id(type, uuid)}`] as const];
    }),
  ];
}

interface Named {
  readonly patientId: string;
  readonly mrn: string;
  readonly issuer: string;
  readonly accessionNumber: string;
  readonly studyInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly inferenceId: string;
  readonly ids: Partial<Record<NodeType, string>>;
}

const nameOf = (study: Marked): Named => ({
  ...study,
  sopInstanceUid: study.instances[0]?.sopInstanceUid ?? '',
  inferenceId: study.instances[0]?.inferenceId ?? '',
  ids: {
    Patient: study.patientId,
    Study: study.studyId,
    Series: study.seriesId,
    Instance: study.instances[0]?.id ?? '',
    Inference: study.instances[0]?.inferenceId ?? '',
    Finding: study.findingId,
  },
});

/** Of the same form, and of nobody. */
const NOBODY: Named = {
  patientId: UNKNOWN_ID,
  mrn: 'NO-MRN',
  issuer: 'NO-ISSUER',
  accessionNumber: 'NO-ACCESSION',
  studyInstanceUid: '1.2.3.4',
  sopInstanceUid: '1.2.3.4',
  inferenceId: UNKNOWN_ID,
  ids: {
    Patient: UNKNOWN_ID,
    Study: UNKNOWN_ID,
    Series: UNKNOWN_ID,
    Instance: UNKNOWN_ID,
    Inference: UNKNOWN_ID,
    Finding: UNKNOWN_ID,
  },
};

const ask = (client: TestClient, field: string, given?: string, depth = DEPTH) => {
  const args: GivenArguments = given === undefined ? {} : { [`Query.${field}`]: given };
  return client.run<Record<string, unknown>>(fullCall(schema, 'Query', field, depth, args));
};

describe.each(cases)('somebody who is $name', ({ identity, visible, hidden }) => {
  it.each(queries)('finds nothing hidden by %s, however deep', async (field) => {
    const client = api.as(identity());
    const answers = [await ask(client, field)];
    for (const study of visible()) {
      const ways = naming(nameOf(study)).filter(([named]) => named === field);
      for (const [, given] of ways) answers.push(await ask(client, field, given));
    }
    expect(leaksIn(answers, hidden())).toEqual([]);
  });

  it('is answered as if hidden records were not there, whichever way they are named', async () => {
    const client = api.as(identity());
    const concealed = [world.south, world.northToo, world.north].filter((study) => !visible().includes(study));
    const partly = new Set(visible().map(({ patientId }) => patientId));
    const nobody = naming(NOBODY);
    for (const study of concealed) {
      for (const [index, [field, given]] of naming(nameOf(study)).entries()) {
        // Of a patient who is visible by one study, the other studies are hidden, not the patient.
        const ofPatient = [toGlobalId('Patient', study.patientId), study.mrn].some((mark) => given.includes(mark));
        if (ofPatient && partly.has(study.patientId)) continue;
        const answer = await ask(client, field, given, 2);
        expect(answer, `${field}(${given})`).toEqual(await ask(client, field, nobody[index]?.[1], 2));
        expect(leaksIn(answer, hidden())).toEqual([]);
      }
    }
  });

  it('sees all of what is granted', async () => {
    const client = api.as(identity());
    for (const study of visible()) {
      for (const [field, given] of naming(nameOf(study))) {
        const answer = await ask(client, field, given, 2);
        expect(answer.errors, `${field}(${given})`).toEqual([]);
        if (field !== 'breakGlassOpenings') expect(leaksIn(answer, study.marks), `${field}(${given})`).not.toEqual([]);
      }
    }
  });

  it('counts and pages over visible rows only', async () => {
    const client = api.as(identity());
    const expected = visible().length;
    type Page = {
      studies: { totalCount: number; pageInfo: { hasNextPage: boolean }; nodes: { studyInstanceUid: string }[] };
    };
    const page = (first: number, after?: string) =>
      client.data<Page>(
        `query ($first: Int, $after: String) { studies(first: $first, after: $after) {
           totalCount pageInfo { hasNextPage endCursor } nodes { studyInstanceUid accessionNumber } } }`,
        { first, ...(after === undefined ? {} : { after }) },
      );
    const shared = identity().issuers?.includes(NORTH) ? 1 : 0;
    const { studies } = await page(200);
    expect(studies.totalCount).toBe(expected + shared);
    expect(studies.nodes).toHaveLength(expected + shared);
    expect(studies.pageInfo.hasNextPage).toBe(false);
    if (expected + shared > 1) {
      const { studies: exact } = await page(expected + shared);
      expect(exact.pageInfo.hasNextPage).toBe(false);
      const { studies: less } = await page(expected + shared - 1);
      expect(less.pageInfo.hasNextPage).toBe(true);
    }
  });

  it('finds nothing by a cursor of somebody who sees more', async () => {
    const everything = await api.data<{ studies: { edges: { cursor: string }[] } }>(
      '{ studies(first: 200) { edges { cursor } } }',
    );
    const client = api.as(identity());
    for (const { cursor } of everything.studies.edges) {
      for (const place of ['first: 200, after', 'last: 200, before']) {
        const answer = await client.run(`{ studies(${place}: "${cursor}") {
          nodes { studyInstanceUid patient { mrn } } totalCount edges { cursor } } }`);
        expect(answer.errors).toEqual([]);
        expect(leaksIn(answer, hidden())).toEqual([]);
      }
    }
  });

  it('is not told apart by aliases, fragments or several roots in one operation', async () => {
    const south = nameOf(world.south);
    const answer = await api.as(identity()).run<Record<string, unknown>>(`
      fragment Below on Study { id studyInstanceUid patient { mrn studies { studyInstanceUid } } findings { id heatMap { values url } } }
      { a: study(studyInstanceUid: "${south.studyInstanceUid}") { ...Below }
        b: study(studyInstanceUid: "${south.studyInstanceUid}") { ... on Study { x: id } }
        c: node(id: "${toGlobalId('Study', world.south.studyId)}") { ... on Study { ...Below } }
        d: node(id: "${toGlobalId('Finding', world.south.findingId)}") { ... on Finding { heatMap { values url } } } }`);
    expect(answer).toEqual({ data: { a: null, b: null, c: null, d: null }, errors: [] });
  });
});

describe('an accession number of several studies', () => {
  const source = `{ study(accessionNumber: "${SHARED_ACCESSION}") { patient { issuer } } }`;

  it('is ambiguous only to who sees several', async () => {
    expect((await api.run(source)).errors).toMatchObject([{ code: 'AMBIGUOUS' }]);
    expect(await api.as({ issuers: [NORTH] }).data(source)).toEqual({ study: { patient: { issuer: NORTH } } });
    expect(await api.as({ issuers: [SOUTH] }).data(source)).toEqual({ study: { patient: { issuer: SOUTH } } });
    expect(await api.as({ issuers: [] }).data(source)).toEqual({ study: null });
  });
});

describe('a patient who is visible by one study', () => {
  it('shows this study, its findings and its discrepancies alone', async () => {
    const client = api.as({ issuers: [], studies: [world.north.studyInstanceUid] });
    const { patients } = await client.data<{ patients: { nodes: unknown[]; totalCount: number } }>(`{ patients {
      totalCount nodes { mrn studies { studyInstanceUid findings { id } } discrepancies { stated instance { id } } } } }`);
    expect(patients.totalCount).toBe(1);
    expect(patients.nodes).toMatchObject([
      {
        mrn: 'MARK-MRN-N1',
        studies: [{ studyInstanceUid: world.north.studyInstanceUid }],
        discrepancies: [{ stated: 'MARK-STATED-N1' }],
      },
    ]);
  });

  it('has discrepancies only when a visible film has', async () => {
    await api.store.prisma.patientDiscrepancy.deleteMany({ where: { stated: 'MARK-STATED-N1' } });
    const source = '{ patients(filter: { hasDiscrepancies: true }) { totalCount } }';
    const client = api.as({ issuers: [], studies: [world.north.studyInstanceUid] });
    expect(await client.data(source)).toEqual({ patients: { totalCount: 0 } });
    expect(await api.as({ issuers: [NORTH] }).data(source)).toEqual({ patients: { totalCount: 1 } });
  });
});

describe('writes', () => {
  it.each([
    (named: Named) => `mutation { requestInference(input: { sopInstanceUid: "${named.sopInstanceUid}" }) { created } }`,
    (named: Named) =>
      `mutation { requestInference(input: { instanceId: "${toGlobalId('Instance', named.ids.Instance ?? '')}" }) { created } }`,
    (named: Named) =>
      `mutation { cancelInference(inferenceId: "${toGlobalId('Inference', named.inferenceId)}") { inference { id } } }`,
    (named: Named) =>
      `mutation { sendStudy(input: { node: "N", studyId: "${toGlobalId('Study', named.ids.Study ?? '')}" }) { created } }`,
    (named: Named) =>
      `mutation { recordReview(input: { findingId: "${toGlobalId('Finding', named.ids.Finding ?? '')}", verdict: AGREE }) { review { label } } }`,
    (named: Named) =>
      `mutation { recordMissedFinding(input: { inferenceId: "${toGlobalId('Inference', named.inferenceId)}", label: "Mass" }) { review { label } } }`,
  ])('%# of what is hidden end as of what is unknown, and change nothing', async (source) => {
    const client = api.as({ issuers: [NORTH] });
    const before = await api.store.prisma.change.count();
    const hidden = await client.run(source(nameOf(world.south)));
    const unknown = await client.run(source(NOBODY));
    expect(hidden.errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect(hidden).toEqual(unknown);
    expect(await api.store.prisma.change.count()).toBe(before);
  });

  it.each([
    '{ remoteStudies(node: "N", patientId: "P") { studies { studyInstanceUid } } }',
    'mutation { retrieveStudy(input: { node: "N", studyInstanceUid: "1.2" }) { created } }',
    `mutation { retrievePriorStudies(input: { node: "N", patientId: "${toGlobalId('Patient', UNKNOWN_ID)}" }) { transfers { id } } }`,
  ])('and looks beyond the store are for those who are granted every issuer: %s', async (source) => {
    expect((await api.as({ issuers: [NORTH] }).run(source)).errors).toMatchObject([{ code: 'FORBIDDEN' }]);
    expect((await api.run(source)).errors[0]?.code).not.toBe('FORBIDDEN');
  });
});

describe('the change feed', () => {
  it('as a query holds what is visible only', async () => {
    const source = '{ changes(first: 200) { cursor type patientId studyId instanceId inferenceId } }';
    for (const { identity, visible, hidden } of cases) {
      const { changes } = await api
        .as(identity())
        .data<{ changes: { patientId: string | null; studyId: string | null }[] }>(source);
      expect(leaksIn(changes, hidden())).toEqual([]);
      const studies = new Set(changes.map(({ studyId }) => studyId).filter((id) => id !== null));
      expect(studies).toEqual(new Set(visible().map(({ studyId }) => toGlobalId('Study', studyId))));
    }
  });

  it('as subscriptions brings what is visible only', async () => {
    const after = await api.feed.currentCursor();
    for (const study of [world.south, world.north]) await announce(api.store, study, world.modelVersionId);
    const client = api.as({ issuers: [NORTH] });
    const sources = [
      `subscription ($after: String) { findingsCompleted(after: $after) ${completed()} }`,
      `subscription ($after: String) { findingsCompleted(after: $after, filter: { positiveOnly: true }) ${completed()} }`,
      `subscription ($after: String) { inferenceProgress(after: $after, studyInstanceUid: "${world.north.studyInstanceUid}") {
        cursor inference { study { studyInstanceUid } } } }`,
    ];
    for (const source of sources) {
      const events = await client.listen(source, { after });
      const first = await events.next();
      expect(first.errors).toEqual([]);
      expect(JSON.stringify(first.data)).toContain(world.north.studyInstanceUid);
      expect(leaksIn(first, ofSouth())).toEqual([]);
      await events.return();
    }
  });

  it('costs an event its statements once for equal scopes, and again for others', async () => {
    const after = await api.feed.currentCursor();
    await announce(api.store, { ...world.north, instances: world.north.instances.slice(0, 1) }, world.modelVersionId);
    await api.feed.currentCursor();
    const source = `subscription ($after: String) { findingsCompleted(after: $after) ${completed()} }`;
    const cost = async (...clients: TestClient[]) => {
      api.statements.length = 0;
      const all = await Promise.all(clients.map((client) => client.listen(source, { after })));
      api.statements.length = 0; // what it takes to find the cursor
      await Promise.all(all.map((events) => events.next()));
      const { length } = api.statements.filter((sql) => !sql.includes('"Change"'));
      for (const events of all) await events.return();
      return length;
    };
    const scope = { issuers: [NORTH], subject: 'cost' };
    const one = await cost(api.as({ ...scope, subject: 'first' }));
    expect(await cost(api.as(scope), api.as(scope), api.as(scope))).toBe(one);
    expect(await cost(api.as({ ...scope, subject: 'a' }), api.as({ ...scope, subject: 'b' }))).toBeGreaterThan(one);
  });
});

function completed(): string {
  return '{ cursor patient { mrn } study { studyInstanceUid patient { studies { studyInstanceUid } } } inference { id } findings { id heatMap { values } } }';
}
