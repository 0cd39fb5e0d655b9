import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toGlobalId } from '../../src/schema/global-id.ts';
import { seedModel, seedStudy } from './seed.ts';
import { openApi, type TestApi } from './support.ts';

const SET = `mutation($input: SetModelThresholdsInput!) {
  setModelThresholds(input: $input) { unchosen thresholdSet { version createdBy method } }
}`;
const SETS = 'query($id: ID!) { modelVersion(id: $id) { thresholdSets { version thresholds { label threshold } } } }';
const IN_FORCE = 'query($id: ID!) { modelVersion(id: $id) { thresholds { label threshold } } }';
const PROVENANCE =
  '{ findings(first: 1) { nodes { threshold provenance { threshold thresholdSetVersion runtime } } } }';

let api: TestApi;
let id: string;

beforeAll(async () => {
  api = await openApi();
  const modelVersionId = await seedModel(api.store);
  id = toGlobalId('ModelVersion', modelVersionId);
  await seedStudy(api.store, { modelVersionId });
});

afterAll(() => api[Symbol.asyncDispose]());

describe('thresholds', () => {
  it.each(['CLINICIAN', 'TECHNOLOGIST', 'INTEGRATION', 'AUDITOR'] as const)('are not set by %s', async (role) => {
    const input = { modelVersionId: id, method: 'YOUDEN', reason: 'a test' };
    const { errors } = await api.as({ roles: [role] }).run(SET, { input });
    expect(errors.map(({ code }) => code)).toEqual(['FORBIDDEN']);
  });

  it('in force are for everybody, their history for administrators and auditors', async () => {
    for (const role of ['CLINICIAN', 'TECHNOLOGIST', 'INTEGRATION', 'ADMIN', 'AUDITOR'] as const) {
      const caller = api.as({ roles: [role] });
      const { modelVersion } = await caller.data<{ modelVersion: { thresholds: object[] } }>(IN_FORCE, { id });
      expect(modelVersion.thresholds).toHaveLength(14);
      const { errors } = await caller.run(SETS, { id });
      expect(errors.map(({ code }) => code)).toEqual(role === 'ADMIN' || role === 'AUDITOR' ? [] : ['FORBIDDEN']);
    }
  });

  it('by a method keep those that it could not choose, and say which', async () => {
    const admin = api.as({ roles: ['ADMIN'] });
    const input = { modelVersionId: id, method: 'TARGET_SENSITIVITY', target: 0.9, reason: 'a test' };
    const { setModelThresholds } = await admin.data<{
      setModelThresholds: { unchosen: string[]; thresholdSet: object };
    }>(SET, { input });
    expect(setModelThresholds.thresholdSet).toEqual({
      version: 2,
      createdBy: 'dr-test',
      method: 'Target sensitivity 0.9 on 10 films: test films.',
    });
    expect(setModelThresholds.unchosen).toHaveLength(13);
    const { modelVersion } = await admin.data<{
      modelVersion: { thresholds: { label: string; threshold: number }[] };
    }>(IN_FORCE, { id });
    expect(modelVersion.thresholds).toContainEqual({ label: 'Effusion', threshold: 0.9 });
    expect(modelVersion.thresholds).toContainEqual({ label: 'Hernia', threshold: 0.5 });
  });

  it('are found with each version of a page in one statement', async () => {
    await seedModel(api.store, '2.0.0', false);
    api.statements.length = 0;
    await api.data('{ modelVersions(first: 10) { nodes { thresholds { threshold } } } }');
    expect(api.statements.filter((sql) => sql.includes('"ThresholdSet"'))).toHaveLength(1);
  });
});

describe('thresholds of a version in clinical use, where two must agree', () => {
  it('wait for a second administrator; what could never be appended is refused at once', async () => {
    await using two = await openApi(undefined, { approvals: 'two' });
    const modelVersionId = toGlobalId('ModelVersion', await seedModel(two.store));
    const ask = (label: string) => {
      const input = { modelVersionId, thresholds: [{ label, threshold: 0.75 }], reason: 'a test' };
      return two.run<{ setModelThresholds: { request: { id: string }; thresholdSet: null } }>(
        `mutation($input: SetModelThresholdsInput!) {
          setModelThresholds(input: $input) { request { id } thresholdSet { version } } }`,
        { input },
      );
    };
    expect((await ask('Unknown')).errors.map(({ code }) => code)).toEqual(['BAD_REQUEST']);
    const { data } = await ask('Mass');
    expect(data?.setModelThresholds).toEqual({ request: { id: expect.any(String) }, thresholdSet: null });
    const inForce = () => two.data<{ modelVersion: { thresholds: object[] } }>(IN_FORCE, { id: modelVersionId });
    expect((await inForce()).modelVersion.thresholds).not.toContainEqual({ label: 'Mass', threshold: 0.75 });
    const second = two.as({ subject: 'dr-other' });
    await second.data('mutation($id: ID!) { approveModelTransition(requestId: $id) { request { id } } }', {
      id: data?.setModelThresholds.request.id,
    });
    expect((await inForce()).modelVersion.thresholds).toContainEqual({ label: 'Mass', threshold: 0.75 });
  });
});

describe('thresholds of a version whose move waits for a second administrator', () => {
  it('stay as they were when the move was asked for', async () => {
    await using two = await openApi(undefined, { approvals: 'two' });
    await seedModel(two.store);
    const candidate = await seedModel(two.store, '2.0.0', false);
    await two.store.prisma.modelVersion.update({ where: { id: candidate }, data: { state: 'SHADOW' } });
    const modelVersionId = toGlobalId('ModelVersion', candidate);
    const change = () =>
      two.run(SET, { input: { modelVersionId, thresholds: [{ label: 'Mass', threshold: 0.75 }], reason: 'a test' } });
    expect((await change()).errors).toEqual([]);
    await two.data(
      'mutation($id: ID!) { activateModelVersion(modelVersionId: $id, reason: "a test") { request { id } } }',
      { id: modelVersionId },
    );
    expect((await change()).errors).toMatchObject([{ code: 'INVALID_STATE' }]);
    expect(await two.store.prisma.thresholdSet.count({ where: { modelVersionId: candidate } })).toBe(2);
  });
});

describe('provenance', () => {
  it('of a finding from before it was kept has the threshold, and null for what is unknown', async () => {
    const { findings } = await api.data<{ findings: { nodes: { threshold: number; provenance: object }[] } }>(
      PROVENANCE,
    );
    const [finding] = findings.nodes;
    expect(finding?.provenance).toEqual({ threshold: finding?.threshold, thresholdSetVersion: null, runtime: null });
  });

  it('is not for those who may not see findings', async () => {
    const { errors } = await api.as({ roles: ['TECHNOLOGIST'] }).run(PROVENANCE);
    expect(errors.map(({ code }) => code)).toEqual(['FORBIDDEN']);
    const reading = '{ inferences(first: 1) { nodes { provenance { filmSha256 } } } }';
    expect((await api.as({ roles: ['TECHNOLOGIST'] }).run(reading)).errors).toEqual([]);
  });
});
