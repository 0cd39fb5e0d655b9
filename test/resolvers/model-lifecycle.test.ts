/** The mutations that move model versions, alone and with a second administrator. */
import { afterEach, describe, expect, it } from 'vitest';
import { toGlobalId } from '../../src/schema/global-id.ts';
import type { Approvals } from '../../src/store/transition-requests.ts';
import { BY_TEST } from '../support/records.ts';
import { seedModel } from './seed.ts';
import { openApi, type TestApi, type TestClient } from './support.ts';

const MOVE = `mutation ($input: MoveModelVersionInput!) { moveModelVersion(input: $input) {
  modelVersion { state canaryShare canarySources } request { id state requestedBy } } }`;
const APPROVE = `mutation ($id: ID!) { approveModelTransition(requestId: $id) {
  request { state decidedBy } modelVersion { state canaryShare } } }`;
const REJECT = `mutation ($id: ID!) { rejectModelTransition(requestId: $id, reason: "not yet") {
  request { state decisionReason } modelVersion { state } } }`;

let api: TestApi;
let missing: readonly string[] = [];

async function open(approvals: Approvals): Promise<{ readonly active: string; readonly candidate: string }> {
  api = await openApi(undefined, { approvals, verify: async () => missing });
  return { active: await seedModel(api.store), candidate: await seedModel(api.store, '2.0.0', false) };
}

afterEach(async () => {
  missing = [];
  await api[Symbol.asyncDispose]();
});

const person = (name: string) => api.as({ subject: `oidc:https://id.example#${name}`, roles: ['ADMIN'] });
const input = (id: string, toState: string, more: Record<string, unknown> = {}) => ({
  input: { modelVersionId: toGlobalId('ModelVersion', id), toState, reason: 'for the test', ...more },
});

interface MoveAnswer {
  readonly moveModelVersion: { readonly request: { readonly id: string } | null };
}

async function requestOf(client: TestClient, variables: Record<string, unknown>): Promise<string> {
  const { moveModelVersion } = await client.data<MoveAnswer>(MOVE, variables);
  return moveModelVersion.request?.id ?? '';
}

describe('moveModelVersion', () => {
  it('moves at once where one person is enough', async () => {
    const { candidate } = await open('one');
    expect(await api.data(MOVE, input(candidate, 'CANARY', { canaryShare: 0.1, canarySources: ['ROOM_1'] }))).toEqual({
      moveModelVersion: {
        modelVersion: { state: 'CANARY', canaryShare: 0.1, canarySources: ['ROOM_1'] },
        request: null,
      },
    });
    expect(await api.data(MOVE, input(candidate, 'SHADOW'))).toMatchObject({
      moveModelVersion: { modelVersion: { state: 'SHADOW', canaryShare: null, canarySources: [] } },
    });
  });

  it('names what a version lacks to leave REGISTERED', async () => {
    const { candidate } = await open('one');
    missing = ['metrics in manifest.json', 'a model card (MODEL_CARD.md)'];
    const refused = await api.run(MOVE, input(candidate, 'SHADOW'));
    expect(refused.errors).toMatchObject([
      { code: 'INVALID_STATE', message: expect.stringContaining(missing.join('; ')) },
    ]);
  });

  it.each(['CLINICIAN', 'TECHNOLOGIST', 'INTEGRATION', 'AUDITOR'] as const)('is not for %s', async (role) => {
    const { candidate } = await open('one');
    const refused = await api.as({ roles: [role] }).run(MOVE, input(candidate, 'SHADOW'));
    expect(refused.errors).toMatchObject([{ code: 'FORBIDDEN' }]);
  });
});

describe('rollbackModelVersion', () => {
  const ROLLBACK = 'mutation { rollbackModelVersion(reason: "worse") { modelVersion { version state } } }';

  it('activates the version that was active before, and again the other', async () => {
    const { candidate } = await open('one');
    expect((await api.run(ROLLBACK)).errors).toMatchObject([{ code: 'INVALID_STATE' }]);
    await api.data(MOVE, input(candidate, 'ACTIVE'));
    for (const version of ['1.0.0', '2.0.0', '1.0.0']) {
      expect(await api.data(ROLLBACK)).toMatchObject({
        rollbackModelVersion: { modelVersion: { version, state: 'ACTIVE' } },
      });
    }
  });
});

describe('with two persons', () => {
  it('a move to ACTIVE waits until somebody else approves it', async () => {
    const { active, candidate } = await open('two');
    const [ann, bob] = [person('ann'), person('bob')];
    const id = await requestOf(ann, input(candidate, 'ACTIVE'));
    expect(await api.store.modelVersions.active()).toMatchObject({ id: active });
    expect((await ann.run(APPROVE, { id })).errors).toMatchObject([{ code: 'FORBIDDEN' }]);
    expect((await ann.run(REJECT, { id })).errors).toMatchObject([{ code: 'FORBIDDEN' }]);
    expect(await bob.data(APPROVE, { id })).toEqual({
      approveModelTransition: {
        request: { state: 'APPROVED', decidedBy: 'oidc:https://id.example#bob' },
        modelVersion: { state: 'ACTIVE', canaryShare: null },
      },
    });
    expect((await bob.run(APPROVE, { id })).errors).toMatchObject([{ code: 'INVALID_STATE' }]);
    const [last] = await api.store.prisma.modelTransition.findMany({ where: { modelVersionId: candidate } });
    expect(last?.actor).toBe('oidc:https://id.example#ann');
    expect(last?.approvedBy).toBe('oidc:https://id.example#bob');
  });

  it('a canary keeps its part while it waits; a shadow does not wait', async () => {
    const { candidate } = await open('two');
    expect(await requestOf(person('ann'), input(candidate, 'SHADOW'))).toBe('');
    const id = await requestOf(person('ann'), input(candidate, 'CANARY', { canaryShare: 0.2 }));
    const again = await person('ann').run(MOVE, input(candidate, 'CANARY', { canaryShare: 0.3 }));
    expect(again.errors).toMatchObject([{ code: 'INVALID_STATE' }]);
    expect(await person('bob').data(APPROVE, { id })).toMatchObject({
      approveModelTransition: { modelVersion: { state: 'CANARY', canaryShare: 0.2 } },
    });
  });

  it('an API key speaks for who made it', async () => {
    const { candidate } = await open('two');
    const id = await requestOf(person('ann'), input(candidate, 'ACTIVE'));
    const keyOf = async (maker: string) => {
      const day = new Date(Date.now() + 86_400_000);
      const data = {
        name: 'key',
        secretHash: maker,
        roles: ['ADMIN' as const],
        issuers: ['*'],
        createdBy: maker,
        expiresAt: day,
      };
      return (await api.store.prisma.apiKey.create({ data })).id;
    };
    const anns = api.as({ subject: `api-key:${await keyOf('oidc:https://id.example#ann')}`, kind: 'API_KEY' });
    const operators = api.as({ subject: `api-key:${await keyOf('command-line:root')}`, kind: 'API_KEY' });
    expect((await anns.run(APPROVE, { id })).errors).toMatchObject([{ code: 'FORBIDDEN' }]);
    expect((await operators.run(APPROVE, { id })).errors).toEqual([]);
  });

  it('a subject in other case or form is the same person', async () => {
    const { candidate } = await open('two');
    const id = await requestOf(person('ren\u00e9'), input(candidate, 'ACTIVE'));
    for (const same of ['REN\u00c9', 'rene\u0301', '\uff32en\u00e9']) {
      expect((await person(same).run(APPROVE, { id })).errors, same).toMatchObject([{ code: 'FORBIDDEN' }]);
    }
    expect((await person('rene').run(APPROVE, { id })).errors).toEqual([]);
  });

  it('an API key speaks for the key that it replaced, whoever has rotated it', async () => {
    const { candidate } = await open('two');
    const { apiKeys } = api.store;
    const by = (subject: string) => ({ ...BY_TEST, subject });
    const operator = by('command-line:root');
    const later = new Date(Date.now() + 86_400_000);
    const key = { name: 'key', roles: ['ADMIN' as const], issuers: ['*'], studies: [], deidentifiedOnly: false };
    const first = await apiKeys.create({ ...key, secretHash: 'first', expiresAt: later }, operator);
    const times = { expiresAt: later, oldUntil: later };
    const second = await apiKeys.rotate(first.id, { ...times, secretHash: 'second' }, operator);
    const third = await apiKeys.rotate(second.id, { ...times, secretHash: 'third' }, by('oidc:https://id.example#bob'));
    const holder = (id: string) => api.as({ subject: `api-key:${id}`, kind: 'API_KEY' });
    const id = await requestOf(holder(first.id), input(candidate, 'ACTIVE'));
    for (const same of [first, second, third]) {
      expect((await holder(same.id).run(APPROVE, { id })).errors).toMatchObject([{ code: 'FORBIDDEN' }]);
    }
    expect((await person('bob').run(APPROVE, { id })).errors).toEqual([]);
  });

  it('one is rejected, one expires, and both leave the version where it was', async () => {
    const { candidate } = await open('two');
    const rejected = await requestOf(person('ann'), input(candidate, 'ACTIVE'));
    expect(await person('bob').data(REJECT, { id: rejected })).toEqual({
      rejectModelTransition: {
        request: { state: 'REJECTED', decisionReason: 'not yet' },
        modelVersion: { state: 'REGISTERED' },
      },
    });
    const late = await requestOf(person('ann'), input(candidate, 'ACTIVE'));
    await api.store.prisma.modelTransitionRequest.updateMany({
      where: { decidedAt: null },
      data: { expiresAt: new Date(0) },
    });
    expect((await person('bob').run(APPROVE, { id: late })).errors).toMatchObject([{ code: 'INVALID_STATE' }]);
    const list =
      '{ modelTransitionRequests { nodes { state } } open: modelTransitionRequests(openOnly: true) { totalCount } }';
    expect(await api.as({ roles: ['AUDITOR'] }).data(list)).toEqual({
      modelTransitionRequests: { nodes: [{ state: 'EXPIRED' }, { state: 'REJECTED' }] },
      open: { totalCount: 0 },
    });
    expect((await api.as({ roles: ['CLINICIAN'] }).run(list)).errors).toMatchObject([{ code: 'FORBIDDEN' }]);
  });

  it('both are told in the feed and in the audit', async () => {
    const { candidate } = await open('two');
    const id = await requestOf(person('ann'), input(candidate, 'ACTIVE'));
    await person('bob').data(REJECT, { id });
    const where = { modelVersionId: candidate, type: 'MODEL_TRANSITION_REQUESTED' as const };
    expect(await api.store.prisma.change.count({ where })).toBe(2);
    const records = await api.store.prisma.auditRecord.findMany({ where: { modelVersionIds: { has: candidate } } });
    const told = records.map(({ details }) => (JSON.parse(details ?? '{}') as { request?: string }).request);
    expect(told).toEqual(expect.arrayContaining(['REQUESTED', 'REJECTED']));
  });
});
