/** Who saw and did what, through every door of a real gateway. */
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createApiKey, OPERATOR } from '../src/access/api-keys.ts';
import { makePhantom, phantomUid } from '../src/dicom/phantom.ts';
import { toGlobalId } from '../src/schema/global-id.ts';
import { appendChanges } from '../src/store/change-log.ts';
import type { AccessRole } from '../src/store/generated/enums.ts';
import type { Store } from '../src/store/store.ts';
import { type SeededStudy, seedStudy } from './resolvers/seed.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { graphql, stow, subscribe } from './support/client.ts';
import { BY_TEST } from './support/records.ts';

let gateway: TestApp;
let store: Store;
let modelVersionId: string;
let study: SeededStudy;

beforeAll(async () => {
  gateway = await startTestApp();
  ({ store } = gateway.app);
  modelVersionId = (await store.modelVersions.active())?.id ?? '';
  study = await seedStudy(store, { modelVersionId, films: 2 });
});

afterAll(() => gateway?.[Symbol.asyncDispose]());

/** What the gateway's own work leaves in between is not asked for. */
const OF_OTHERS = ['system', 'test'];

/** The records that some work leaves, in their order. */
async function recordsOf(work: () => Promise<unknown>) {
  await store.audit.seal();
  const { position } = await store.audit.end();
  await work();
  await store.audit.seal();
  return store.prisma.auditRecord.findMany({
    where: { position: { gt: position }, subject: { notIn: OF_OTHERS } },
    orderBy: { position: 'asc' },
  });
}

const idsOf = (seeded: SeededStudy) => ({
  patientId: seeded.patientId,
  studyIds: [seeded.studyId],
  instanceIds: seeded.instances.map(({ id }) => id),
  inferenceIds: seeded.instances.map(({ inferenceId }) => inferenceId),
  modelVersionIds: [modelVersionId],
});

/** Loads nothing but what is named: lists come in no order that matters. */
const sorted = <T extends { readonly [key: string]: unknown }>(row: T | undefined) =>
  Object.fromEntries(
    Object.entries(row ?? {}).map(([key, value]) => [key, Array.isArray(value) ? [...value].sort() : value]),
  );

/** Lets everybody in whatever the tables say while `work` runs without a table to record in. */
async function withoutAudit(work: () => Promise<void>): Promise<void> {
  await store.prisma.$executeRaw`ALTER TABLE "AuditRecord" RENAME TO "AuditRecordAway"`;
  try {
    await work();
  } finally {
    await store.prisma.$executeRaw`ALTER TABLE "AuditRecordAway" RENAME TO "AuditRecord"`;
  }
}

const post = (query: string, headers: Record<string, string> = {}) =>
  fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });

async function keyOf(roles: AccessRole[], issuers: string[]): Promise<Record<string, string>> {
  const request = { name: 'test', roles, issuers, studies: [], deidentifiedOnly: false, expiresInDays: 1 };
  const { secret } = await createApiKey(store.apiKeys, request, OPERATOR, BY_TEST);
  return { 'x-api-key': secret };
}

describe('a query', () => {
  it('is one record a patient with everything that it shows, whatever the nesting', async () => {
    const nested = `query Mine { mine: study(studyInstanceUid: "${study.studyInstanceUid}") {
      patient { mrn studies { id series { instances { inferences { findings { label } } } } } }
      instances { id inferences { id findings { label } } } ...Again
    } } fragment Again on Study { findings { label inference { instance { id } } } }`;
    const rows = await recordsOf(() => graphql(gateway.url, nested));
    expect(rows).toHaveLength(1);
    expect(sorted(rows[0])).toMatchObject({
      ...sorted(idsOf(study)),
      operation: 'query study',
      action: 'READ',
      outcome: 'SUCCESS',
      subject: 'anonymous',
      identityKind: 'ANONYMOUS',
      sourceAddress: '127.0.0.1',
      purpose: 'TREAT',
    });
    expect(rows[0]?.findingIds).toHaveLength(28);
    expect(new Set(rows[0]?.findingIds).size).toBe(28);
  });

  it('names no more than was asked for', async () => {
    const rows = await recordsOf(() =>
      graphql(gateway.url, `{ study(studyInstanceUid: "${study.studyInstanceUid}") { description } }`),
    );
    expect(rows).toMatchObject([{ studyIds: [study.studyId], instanceIds: [], inferenceIds: [], findingIds: [] }]);
  });

  it('of a page is as many records as it shows patients', async () => {
    const others = [await seedStudy(store, { modelVersionId }), await seedStudy(store, { modelVersionId })];
    const rows = await recordsOf(() =>
      graphql(gateway.url, '{ studies(first: 3) { edges { node { id findings { label } } } } }'),
    );
    expect(rows.map(({ patientId }) => patientId).sort()).toEqual(
      [study, ...others].map(({ patientId }) => patientId).sort(),
    );
    expect(rows.map(({ findingIds }) => findingIds.length).sort((a, b) => a - b)).toEqual([14, 14, 28]);
  });

  it.each([
    ['Series', () => study.seriesId, () => ({ instanceIds: [] })],
    ['Instance', () => study.instances[0]?.id ?? '', () => ({ instanceIds: [study.instances[0]?.id] })],
    [
      'Inference',
      () => study.instances[0]?.inferenceId ?? '',
      () => ({ inferenceIds: [study.instances[0]?.inferenceId] }),
    ],
  ] as const)('of a node that is a %s finds whose it is', async (type, id, shown) => {
    const rows = await recordsOf(() => graphql(gateway.url, `{ node(id: "${toGlobalId(type, id())}") { id } }`));
    expect(rows).toMatchObject([
      { operation: 'query node', patientId: study.patientId, studyIds: [study.studyId], ...shown() },
    ]);
  });

  it('of the change feed records whose changes it shows', async () => {
    const rows = await recordsOf(() => graphql(gateway.url, '{ changes(first: 200) { type patientId } }'));
    for (const row of rows) expect(row.operation).toBe('query changes');
  });

  it.each([
    '{ modelVersions(first: 5) { edges { node { name } } } }',
    '{ currentCursor }',
    '{ study(studyInstanceUid: "1.2.3.4.5") { id } }',
  ])('that shows nobody leaves nothing: %s', async (query) => {
    expect(await recordsOf(() => graphql(gateway.url, query))).toEqual([]);
  });

  it('over a WebSocket is recorded as well', async () => {
    const client = createClient({ url: `${gateway.url.replace(/^http/, 'ws')}/graphql`, webSocketImpl: WebSocket });
    const rows = await recordsOf(async () => {
      for await (const { data } of client.iterate({
        query: `{ study(studyInstanceUid: "${study.studyInstanceUid}") { patient { mrn } } }`,
      })) {
        expect(data).toBeTruthy();
      }
    });
    await client.dispose();
    expect(rows).toMatchObject([{ operation: 'query study', patientId: study.patientId }]);
  });
});

describe('a film', () => {
  it('is recorded as it comes in, is read, is told of, and is looked at', async () => {
    const film = makePhantom({ seed: 4711, rows: 256, columns: 256 });
    const uid = phantomUid('instance 4711');
    await store.audit.seal();
    const { position } = await store.audit.end();
    const received = await recordsOf(async () => {
      await using live = await subscribe<{ findingsCompleted: { findings: { label: string }[] } }>(
        gateway.url,
        'subscription($after: String) { findingsCompleted(after: $after) { cursor patient { mrn } findings { label } } }',
      );
      await stow(gateway.url, [film]);
      await live.next();
    });
    const { id: instanceId } = await store.prisma.instance.findUniqueOrThrow({ where: { sopInstanceUid: uid } });
    const findings = await store.prisma.finding.findMany({ where: { inference: { instanceId } } });
    const findingIds = findings.map(({ id }) => id).sort();
    const { patientId } = findings[0] ?? {};
    expect(received).toMatchObject([
      { operation: 'POST /dicomweb/studies', action: 'CREATE', patientId, instanceIds: [instanceId] },
      { operation: 'subscription findingsCompleted', action: 'READ', patientId },
    ]);
    expect(received[1]?.findingIds.toSorted()).toEqual(findingIds);
    const [read] = await store.prisma.auditRecord.findMany({
      where: { position: { gt: position }, operation: 'pipeline' },
    });
    expect(read).toMatchObject({ subject: 'system', action: 'CREATE', outcome: 'SUCCESS', patientId });
    expect(read?.findingIds.toSorted()).toEqual(findingIds);

    const { label, id: findingId } = findings[0] ?? { label: '', id: '' };
    const pictures = await recordsOf(async () => {
      expect((await fetch(`${gateway.url}/instances/${uid}/preview.png`)).status).toBe(200);
      expect((await fetch(`${gateway.url}/instances/${uid}/heatmaps/${label}.png`)).status).toBe(200);
    });
    expect(pictures).toMatchObject([
      { operation: 'GET /instances/:uid/preview.png', patientId, instanceIds: [instanceId], findingIds: [] },
      {
        operation: 'GET /instances/:uid/heatmaps/:label.png',
        patientId,
        findingIds: [findingId],
        modelVersionIds: [modelVersionId],
      },
    ]);
  });
});

describe('a mutation', () => {
  it('is recorded with its change, and what its answer shows', async () => {
    const input = `input: { instanceId: "${toGlobalId('Instance', study.instances[0]?.id ?? '')}" }`;
    const known = await recordsOf(() =>
      graphql(gateway.url, `mutation { requestInference(${input}) { created inference { id } } }`),
    );
    expect(known).toMatchObject([{ operation: 'mutation requestInference', action: 'READ' }]);
  });

  it('that fails is recorded with its code', async () => {
    const id = toGlobalId('Inference', study.instances[0]?.inferenceId ?? '');
    const rows = await recordsOf(async () => {
      const answer = await post(`mutation { secret: cancelInference(inferenceId: "${id}") { inference { id } } }`);
      expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'INVALID_STATE' } }] });
    });
    expect(rows).toMatchObject([
      { operation: 'mutation cancelInference', action: 'EXECUTE', outcome: 'FAILED', errorCode: 'INVALID_STATE' },
    ]);
    expect(JSON.parse(rows[0]?.details ?? '')).toEqual({ fields: ['cancelInference'] });
  });
});

describe('a refusal', () => {
  it('is recorded with who was refused what', async () => {
    const key = await keyOf(['TECHNOLOGIST'], ['*']);
    const rows = await recordsOf(async () => {
      await post('{ findings(first: 1) { edges { node { label } } } }', key);
      const picture = await fetch(`${gateway.url}/instances/1.2.3/heatmaps/Mass.png`, { headers: key });
      expect(picture.status).toBe(403);
      const film = await fetch(`${gateway.url}/dicomweb/studies`, {
        method: 'POST',
        headers: await keyOf(['CLINICIAN'], ['*']),
      });
      expect(film.status).toBe(403);
    });
    expect(
      rows.map(({ operation, action, outcome, errorCode, identityKind }) => [
        operation,
        action,
        outcome,
        errorCode,
        identityKind,
      ]),
    ).toEqual([
      ['query findings', 'READ', 'DENIED', 'FORBIDDEN', 'API_KEY'],
      ['GET /instances/:uid/heatmaps/:label.png', 'READ', 'DENIED', 'FORBIDDEN', 'API_KEY'],
      ['POST /dicomweb/studies', 'EXECUTE', 'DENIED', 'FORBIDDEN', 'API_KEY'],
    ]);
  });
});

describe('what was seen by break-glass', () => {
  it('is marked, and nothing else is', async () => {
    const granted = await seedStudy(store, { modelVersionId, patient: { issuer: 'GRANTED' } });
    const opened = await seedStudy(store, { modelVersionId, patient: { issuer: 'OTHER' } });
    const key = await keyOf(['CLINICIAN'], ['GRANTED']);
    const patientId = toGlobalId('Patient', opened.patientId);
    await post(
      `mutation { openBreakGlass(input: { patientId: "${patientId}", reason: "unconscious in the emergency room" }) { opening { id } } }`,
      key,
    );
    const opening = await store.prisma.breakGlass.findFirstOrThrow({ where: { patientId: opened.patientId } });
    const rows = await recordsOf(() =>
      post(
        `{ a: study(studyInstanceUid: "${granted.studyInstanceUid}") { id } b: study(studyInstanceUid: "${opened.studyInstanceUid}") { id } }`,
        key,
      ),
    );
    expect(new Map(rows.map((row) => [row.patientId, row.breakGlassId]))).toEqual(
      new Map([
        [granted.patientId, null],
        [opened.patientId, opening.id],
      ]),
    );
    expect(rows).toHaveLength(2);
  });
});

describe('what cannot be recorded', () => {
  it('is not answered', async () => {
    await withoutAudit(async () => {
      const answer = await post(`{ study(studyInstanceUid: "${study.studyInstanceUid}") { patient { mrn } } }`);
      const body = (await answer.json()) as object;
      expect(body).toMatchObject({ errors: [{ extensions: { code: 'AUDIT_UNAVAILABLE', retryable: true } }] });
      expect(body).not.toHaveProperty('data');
      expect(await graphql(gateway.url, '{ currentCursor }')).toBeTruthy();
      const uid = phantomUid('instance 4711');
      expect((await fetch(`${gateway.url}/instances/${uid}/preview.png`)).status).toBe(503);
    });
  });

  it('ends a subscription, which misses nothing by it', async () => {
    const events = 'subscription($after: String) { inferenceProgress(studyInstanceUid: "%", after: $after) { state } }';
    const { currentCursor: cursor } = await graphql<{ currentCursor: string }>(gateway.url, '{ currentCursor }');
    const query = events.replace('%', study.studyInstanceUid);
    const inferenceId = study.instances[1]?.inferenceId ?? '';
    await withoutAudit(async () => {
      await using live = await subscribe(gateway.url, query, { after: cursor });
      const next = live.next();
      await store.prisma.$transaction((tx) =>
        appendChanges(tx, [
          { type: 'INFERENCE_DONE', inferenceId, studyId: study.studyId, patientId: study.patientId },
        ]),
      );
      await expect(next).rejects.toMatchObject([{ extensions: { code: 'AUDIT_UNAVAILABLE', retryable: true } }]);
    });
    await using again = await subscribe<{ inferenceProgress: { state: string } }>(gateway.url, query, {
      after: cursor,
    });
    expect(await again.next()).toEqual({ inferenceProgress: { state: 'DONE' } });
  });
});
