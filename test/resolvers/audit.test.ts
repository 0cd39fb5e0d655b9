import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toGlobalId } from '../../src/schema/global-id.ts';
import type { AuditActor, AuditEntry } from '../../src/store/audit/audit-entry.ts';
import { seedModel, seedStudy } from './seed.ts';
import { openApi, type TestApi } from './support.ts';

interface Found {
  readonly nodes: readonly Record<string, unknown>[];
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly position: number } }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean };
  readonly totalCount: number;
}

const NURSE: AuditActor = {
  subject: 'oidc:https://id.example#nurse',
  kind: 'PERSON',
  displayName: '看護師 花子',
  roles: ['TECHNOLOGIST'],
  sourceAddress: '192.0.2.9',
  requestId: 'request-9',
  operation: 'query patient',
  purpose: 'TREAT',
};

let api: TestApi;
let patientId: string;
let studyId: string;
let otherPatientId: string;
let breakGlassId: string;

const PATIENT = { mrn: 'M-1', issuer: 'NORTH' };

/** Everything about the audit that a query can ask for. */
const RECORD = `position hash occurredAt subject identityKind displayName roles sourceAddress requestId operation action purpose
  outcome errorCode breakGlassReason breakGlassId data patientId studyIds instanceIds inferenceIds findingIds modelVersionIds details`;

async function trail(variables: Record<string, unknown>, by: Pick<TestApi, 'data'> = api): Promise<Found> {
  const { auditTrail } = await by.data<{ auditTrail: Found }>(
    `query ($filter: AuditRecordFilter, $direction: OrderDirection! = ASC, $first: Int, $after: String, $last: Int, $before: String) {
      auditTrail(filter: $filter, direction: $direction, first: $first, after: $after, last: $last, before: $before) {
        nodes { ${RECORD} } edges { cursor node { position } } pageInfo { hasNextPage hasPreviousPage } totalCount } }`,
    variables,
  );
  return auditTrail;
}

const byNurse = (...entries: readonly AuditEntry[]) => api.store.audit.record(NURSE, entries);
const ofNurse = { subject: NURSE.subject };
const positions = ({ edges }: Found) => edges.map(({ node }) => node.position);

beforeAll(async () => {
  api = await openApi();
  const modelVersionId = await seedModel(api.store);
  ({ patientId, studyId } = await seedStudy(api.store, { modelVersionId, patient: PATIENT }));
  ({ patientId: otherPatientId } = await seedStudy(api.store, {
    modelVersionId,
    patient: { mrn: 'M-2', issuer: 'SOUTH' },
  }));
  breakGlassId = await api.store.breakGlass.open({
    patient: PATIENT,
    reason: 'Unconscious in the emergency room',
    scope: { subject: NURSE.subject, issuers: [], studies: [], shadow: false, openings: false },
    by: NURSE,
  });
  await byNurse({ action: 'READ', patientId, studyIds: [studyId], findingIds: [randomUUID()], breakGlassId });
  await byNurse({ action: 'READ', patientId: otherPatientId });
  await byNurse({ action: 'READ', outcome: 'DENIED', errorCode: 'FORBIDDEN', details: { fields: ['findings'] } });
});
afterAll(() => api[Symbol.asyncDispose]());

describe('auditTrail', () => {
  it('shows a record whole', async () => {
    const { nodes } = await trail({ filter: { ...ofNurse, breakGlass: true, actions: ['READ'] } });
    expect(nodes).toEqual([
      {
        position: expect.any(Number),
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        occurredAt: expect.any(Date),
        subject: NURSE.subject,
        identityKind: 'PERSON',
        displayName: '看護師 花子',
        roles: ['TECHNOLOGIST'],
        sourceAddress: '192.0.2.9',
        requestId: 'request-9',
        operation: 'query patient',
        action: 'READ',
        purpose: 'TREAT',
        outcome: 'SUCCESS',
        errorCode: null,
        breakGlassReason: 'Unconscious in the emergency room',
        breakGlassId: toGlobalId('BreakGlassOpening', breakGlassId),
        data: ['PATIENT', 'STUDY', 'FINDING'],
        patientId: toGlobalId('Patient', patientId),
        studyIds: [toGlobalId('Study', studyId)],
        instanceIds: [],
        inferenceIds: [],
        findingIds: [expect.any(String)],
        modelVersionIds: [],
        details: null,
      },
    ]);
  });

  it.each([
    ['patient', () => ({ patientId: toGlobalId('Patient', otherPatientId), ...ofNurse }), 1],
    ['outcome', () => ({ outcomes: ['DENIED'] }), 1],
    ['outcomes with success', () => ({ ...ofNurse, outcomes: ['DENIED', 'SUCCESS'] }), 4],
    ['action', () => ({ ...ofNurse, actions: ['CREATE'] }), 1],
    ['beginning of the operation', () => ({ ...ofNurse, operationPrefix: 'query pat' }), 4],
    ['another beginning', () => ({ ...ofNurse, operationPrefix: 'query_pat' }), 0],
    ['break-glass', () => ({ ...ofNurse, breakGlass: true }), 2],
    ['no break-glass', () => ({ ...ofNurse, breakGlass: false }), 2],
    ['time', () => ({ ...ofNurse, occurredAt: { from: new Date(Date.now() - 3600_000), until: new Date() } }), 4],
    ['another time', () => ({ ...ofNurse, occurredAt: { until: new Date(Date.now() - 3600_000) } }), 0],
  ] as const)('finds by %s', async (_, filter, count) => {
    const found = await trail({ filter: filter() });
    expect(found.nodes).toHaveLength(count);
    expect(found.totalCount).toBe(count);
  });

  it('pages in both directions without gaps or repetitions', async () => {
    const all = positions(await trail({ filter: ofNurse }));
    expect(all).toHaveLength(4);
    expect([...all].sort((a, b) => a - b)).toEqual(all);
    for (const direction of ['ASC', 'DESC']) {
      const expected = direction === 'ASC' ? all : [...all].reverse();
      const first = await trail({ filter: ofNurse, direction, first: 3 });
      expect(positions(first)).toEqual(expected.slice(0, 3));
      expect(first.pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: false });
      const rest = await trail({ filter: ofNurse, direction, first: 3, after: first.edges[2]?.cursor });
      expect(positions(rest)).toEqual(expected.slice(3));
      expect(rest.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: true });
      const back = await trail({ filter: ofNurse, direction, last: 2, before: rest.edges[0]?.cursor });
      expect(positions(back)).toEqual(expected.slice(1, 3));
    }
  });

  it('refuses cursors that it did not give', async () => {
    for (const after of ['', 'x', Buffer.from('auditTrail:-1').toString('base64url'), 'A'.repeat(10_000)]) {
      const { errors } = await api.run('query ($after: String) { auditTrail(after: $after) { totalCount } }', {
        after,
      });
      expect(errors.map(({ code }) => code)).toEqual(['CURSOR_INVALID']);
    }
  });

  it('shows the look itself as the latest record', async () => {
    const { nodes } = await trail({
      direction: 'DESC',
      first: 1,
      filter: { patientId: toGlobalId('Patient', patientId) },
    });
    expect(nodes[0]).toMatchObject({ subject: 'dr-test', action: 'READ', patientId: toGlobalId('Patient', patientId) });
  });
});

describe('patientAccessLog', () => {
  const log = (by: Pick<TestApi, 'run'>, args: string) =>
    by.run<{
      patientAccessLog: Found;
    }>(`{ patientAccessLog(${args}) { nodes { subject displayName roles sourceAddress occurredAt
      purpose data breakGlassReason patientId } edges { cursor node { position } } pageInfo { hasNextPage hasPreviousPage } totalCount } }`);

  it('says in one query who saw what of a patient, from where, what for and why', async () => {
    const { data, errors } = await log(api, 'mrn: "M-1", issuer: "NORTH", direction: ASC');
    expect(errors).toEqual([]);
    const read = data?.patientAccessLog.nodes.filter(({ subject }) => subject === NURSE.subject).at(-1);
    expect(read).toMatchObject({
      displayName: '看護師 花子',
      roles: ['TECHNOLOGIST'],
      sourceAddress: '192.0.2.9',
      purpose: 'TREAT',
      data: ['PATIENT', 'STUDY', 'FINDING'],
      breakGlassReason: 'Unconscious in the emergency room',
    });
    expect(new Set(data?.patientAccessLog.nodes.map((node) => node.patientId))).toEqual(
      new Set([toGlobalId('Patient', patientId)]),
    );
  });

  it('takes an id as well, and nothing half', async () => {
    const byId = await log(api, `id: "${toGlobalId('Patient', otherPatientId)}"`);
    // The nurse's read, and the looks of this and of an earlier test.
    expect(byId.data?.patientAccessLog.nodes.map(({ subject }) => subject)).toEqual([
      'dr-test',
      'dr-test',
      NURSE.subject,
    ]);
    for (const args of ['mrn: "M-1"', `id: "${toGlobalId('Patient', patientId)}", mrn: "M-1"`, 'first: 1']) {
      expect((await log(api, args)).errors.map(({ code }) => code)).toEqual(['BAD_REQUEST']);
    }
  });

  it('records also that somebody looked for a patient who is not there', async () => {
    expect((await log(api, 'mrn: "M-404", issuer: "NORTH"')).errors.map(({ code }) => code)).toEqual(['NOT_FOUND']);
    const { nodes } = await trail({ filter: { outcomes: ['FAILED'] }, direction: 'DESC', first: 1 });
    expect(nodes[0]).toMatchObject({ subject: 'dr-test', errorCode: 'NOT_FOUND', patientId: null });
  });
});

describe('who may look', () => {
  it('is nobody but auditors', async () => {
    for (const roles of [['CLINICIAN'], ['TECHNOLOGIST'], ['INTEGRATION'], ['ADMIN'], []] as const) {
      for (const query of [
        'auditTrail { totalCount }',
        'patientAccessLog(mrn: "M-1", issuer: "NORTH") { totalCount }',
        'auditHead { hash }',
      ]) {
        const { data, errors } = await api.as({ roles }).run(`{ ${query} }`);
        expect([data, errors.map(({ code }) => code)]).toEqual([null, ['FORBIDDEN']]);
      }
    }
  });

  it('sees the patients of the granted issuers only, and what is about no patient', async () => {
    const north = api.as({ roles: ['AUDITOR'], issuers: ['NORTH'], subject: 'auditor-north' });
    const seen = await trail({ filter: ofNurse }, north);
    const patients = seen.nodes.map((node) => node.patientId);
    expect(patients).toContain(toGlobalId('Patient', patientId));
    expect(patients).toContain(null);
    expect(patients).not.toContain(toGlobalId('Patient', otherPatientId));
    expect(seen.totalCount).toBe(3);
    const denied = await north.run('{ patientAccessLog(mrn: "M-2", issuer: "SOUTH") { totalCount } }');
    expect(denied.errors.map(({ code }) => code)).toEqual(['NOT_FOUND']);
    const byId = await trail({ filter: { patientId: toGlobalId('Patient', otherPatientId) } }, north);
    expect(byId.nodes).toEqual([]);
  });
});

describe('auditHead', () => {
  it('is the end of the chain, which the look has made longer', async () => {
    const before = (
      await api.data<{ auditHead: { position: number; hash: string; chain: string } }>(
        '{ auditHead { position hash chain } }',
      )
    ).auditHead;
    const [last] = (await trail({ direction: 'DESC', first: 1 })).nodes;
    expect(last?.position).toBe(before.position + 1);
    const row = await api.store.prisma.auditRecord.findUnique({ where: { position: before.position } });
    expect(row?.hash).toBe(before.hash);
  });
});
