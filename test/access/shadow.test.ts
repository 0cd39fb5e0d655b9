/** Readings by versions out of clinical use: for administrators and auditors alone, wherever they could show. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCESS_ROLES } from '../../src/access/identity.ts';
import { hasRole, READS_FINDINGS } from '../../src/access/permissions.ts';
import { declaredPermissions } from '../../src/resolvers/authorization.ts';
import { buildGatewaySchema } from '../../src/resolvers/build-schema.ts';
import { toGlobalId } from '../../src/schema/global-id.ts';
import { appendChanges } from '../../src/store/change-log.ts';
import type { ChangeType } from '../../src/store/generated/enums.ts';
import { drawnFinding } from '../../src/store/reads/pictures.ts';
import { announce, LABELS, type SeededStudy, seedModel, seedStudy } from '../resolvers/seed.ts';
import { openApi, type TestApi } from '../resolvers/support.ts';
import { activateModel, BY_TEST, shadowModel } from '../support/records.ts';
import { fullCall } from './documents.ts';
import { leaksIn } from './world.ts';

const schema = await buildGatewaySchema();
const queries = declaredPermissions(schema).filter(({ type }) => type === 'Query');
/** Changes that tell of trials, and of who wants what. */
const GOVERNANCE: ChangeType[] = ['REREAD_JOB_CHANGED', 'MODEL_TRANSITION_REQUESTED', 'MODEL_DRIFT_ALERT'];
const CLINICAL = ACCESS_ROLES.filter((role) => role !== 'ADMIN' && role !== 'AUDITOR');

let api: TestApi;
let active: string;
let shadow: string;
let study: SeededStudy;
let inferenceId: string;
let marks: string[];

beforeAll(async () => {
  api = await openApi();
  active = await seedModel(api.store);
  shadow = await seedModel(api.store, '2.0.0-shadow', false);
  await shadowModel(api.store, shadow);
  study = await seedStudy(api.store, { modelVersionId: active });
  const instanceId = study.instances[0]?.id ?? '';
  ({ inferenceId } = await api.store.inferences.request({
    instanceId,
    modelVersionId: shadow,
    priority: 'ROUTINE',
    by: BY_TEST,
  }));
  await api.store.prisma.inference.update({
    where: { id: inferenceId },
    data: { state: 'DONE', warnings: ['MARK-WARNING'] },
  });
  const { studyId, patientId } = study;
  await api.store.prisma.finding.createMany({
    data: LABELS.map((label) => ({
      inferenceId,
      studyId,
      patientId,
      modelVersionId: shadow,
      label,
      probability: 0.987654321,
      threshold: 0.5,
      positive: true,
      shadow: true,
      heatMapRows: 1,
      heatMapColumns: 1,
      heatMapValues: [0.123456789],
    })),
  });
  const findings = await api.store.prisma.finding.findMany({ where: { inferenceId }, select: { id: true } });
  marks = [
    inferenceId,
    toGlobalId('Inference', inferenceId),
    ...findings.flatMap(({ id }) => [id, toGlobalId('Finding', id)]),
    'MARK-WARNING',
    '0.987654321',
    '0.123456789',
  ];
  await announce(api.store, { ...study, instances: [{ id: instanceId, sopInstanceUid: '', inferenceId }] }, shadow);
  await announce(api.store, study, active);
  await appendChanges(
    api.store.prisma,
    GOVERNANCE.map((type) => ({ type, modelVersionId: shadow })),
  );
});

afterAll(() => api?.[Symbol.asyncDispose]());

describe.each(CLINICAL)('%s', (role) => {
  it.each(queries.filter(({ roles }) => roles.includes(role)))('finds no trace by $field', async ({ field }) => {
    const ways = [
      undefined,
      ...({
        study: [`studyInstanceUid: "${study.studyInstanceUid}"`],
        inference: [`id: "${toGlobalId('Inference', inferenceId)}"`],
        node: [`id: "${marks.find((mark) => mark.length > 40)}"`, `id: "${toGlobalId('Study', study.studyId)}"`],
        inferences: [`filter: { modelVersionId: "${toGlobalId('ModelVersion', shadow)}" }`],
        findings: [
          `filter: { modelVersionId: "${toGlobalId('ModelVersion', shadow)}" }`,
          'filter: { minimumProbability: 0.98 }',
        ],
      }[field] ?? []),
    ];
    for (const way of ways) {
      const given = way === undefined ? {} : { [`Query.${field}`]: way };
      const answer = await api.as({ roles: [role] }).run(fullCall(schema, 'Query', field, 3, given));
      expect(leaksIn(answer, marks)).toEqual([]);
    }
  });

  it('counts them nowhere', async () => {
    const client = api.as({ roles: [role] });
    expect(await client.data('{ inferences { totalCount } }')).toEqual({ inferences: { totalCount: 1 } });
    if (!hasRole({ roles: [role] }, READS_FINDINGS)) return;
    expect(await client.data('{ findings { totalCount } }')).toEqual({ findings: { totalCount: 14 } });
  });

  it('can neither request nor cancel one', async () => {
    const client = api.as({ roles: [role] });
    const input = `{ instanceId: "${toGlobalId('Instance', study.instances[0]?.id ?? '')}", modelVersionId: "${toGlobalId('ModelVersion', shadow)}" }`;
    const requested = await client.run(`mutation { requestInference(input: ${input}) { created } }`);
    expect(requested.errors).toMatchObject([{ code: 'FORBIDDEN' }]);
    if (role === 'CLINICIAN') return;
    const cancelled = await client.run(
      `mutation { cancelInference(inferenceId: "${toGlobalId('Inference', inferenceId)}") { inference { id } } }`,
    );
    expect(cancelled.errors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });

  it('is told of none by changes and subscriptions', async () => {
    const client = api.as({ roles: [role] });
    const { changes } = await client.data<{ changes: unknown[] }>('{ changes { type inferenceId } }');
    expect(leaksIn(changes, marks)).toEqual([]);
    expect(leaksIn(changes, [toGlobalId('Inference', study.instances[0]?.inferenceId ?? '')])).not.toEqual([]);
    expect(leaksIn(changes, GOVERNANCE)).toEqual([]);
    const before = Buffer.from(
      Buffer.from(await api.feed.currentCursor(), 'base64url')
        .toString()
        .replace(/:\d+$/, ':0'),
    ).toString('base64url');
    const progress = await client.listen(
      `subscription { inferenceProgress(after: "${before}", studyInstanceUid: "${study.studyInstanceUid}") { inference { id } } }`,
    );
    expect(leaksIn(await progress.next(), marks)).toEqual([]);
    await progress.return();
    if (!hasRole({ roles: [role] }, READS_FINDINGS)) return;
    const completed = await client.listen(
      `subscription { findingsCompleted(after: "${before}") { inference { id findings { id } } findings { id } study { findings { id } inferences { id } } } }`,
    );
    const first = await completed.next();
    expect(first.errors).toEqual([]);
    expect(leaksIn(first, marks)).toEqual([]);
    await completed.return();
  });
});

describe('ADMIN', () => {
  it('sees them, marked as what they are', async () => {
    const client = api.as({ roles: ['ADMIN'] });
    const { changes } = await client.data<{ changes: unknown[] }>('{ changes { type } }');
    expect(leaksIn(changes, GOVERNANCE)).toEqual(GOVERNANCE);
    const { study: found } = await client.data<{ study: { inferences: unknown[]; findings: { shadow: boolean }[] } }>(
      `{ study(studyInstanceUid: "${study.studyInstanceUid}") { inferences { shadow } findings { shadow } } }`,
    );
    expect(found.inferences).toEqual(expect.arrayContaining([{ shadow: true }, { shadow: false }]));
    expect(found.findings.filter((finding) => finding.shadow)).toHaveLength(14);
  });
});

describe('a heat map', () => {
  it('is drawn from what its viewer may see', async () => {
    const uid = study.instances[0]?.sopInstanceUid ?? '';
    const drawn = async (seesShadow: boolean, version?: string) => {
      const scope = { subject: 's', issuers: 'ALL', studies: [], shadow: seesShadow, openings: false } as const;
      return (await drawnFinding(api.store.reads(scope), uid, 'Effusion', version))?.modelVersionId;
    };
    expect(await drawn(true)).toBe(active);
    expect(await drawn(false)).toBe(active);
    expect(await drawn(true, shadow)).toBe(shadow);
    expect(await drawn(false, shadow)).toBeUndefined();
  });
});

describe('a version that is retired without having been in clinical use', () => {
  it('keeps what it has read hidden, and reads nothing for clinical roles', async () => {
    const rejected = await seedModel(api.store, '3.0.0-rejected', false);
    await shadowModel(api.store, rejected);
    const instanceId = study.instances[0]?.id ?? '';
    const request = { instanceId, modelVersionId: rejected, priority: 'ROUTINE', by: BY_TEST } as const;
    const reading = await api.store.inferences.request(request);
    await api.store.modelVersions.moveNow({
      ...{ modelVersionId: rejected, toState: 'RETIRED', reason: 'too many misses', by: BY_TEST, missing: [] },
    });
    const input = `{ instanceId: "${toGlobalId('Instance', instanceId)}", modelVersionId: "${toGlobalId('ModelVersion', rejected)}" }`;
    const mutation = `mutation { requestInference(input: ${input}) { created inference { shadow } } }`;
    for (const role of CLINICAL) {
      expect((await api.as({ roles: [role] }).run(mutation)).errors).toMatchObject([{ code: 'FORBIDDEN' }]);
    }
    expect(await api.as({ roles: ['ADMIN'] }).data(mutation)).toEqual({
      requestInference: { created: false, inference: { shadow: true } },
    });
    await api.store.inferences.cancel(reading.inferenceId, BY_TEST);
  });
});

describe('a version that comes into clinical use', () => {
  it('keeps what it read before hidden, until the reading is asked for again', async () => {
    await activateModel(api.store, shadow);
    const clinician = api.as({ roles: ['CLINICIAN'] });
    const count = () => clinician.data('{ inferences { totalCount } findings { totalCount } }');
    expect(await count()).toEqual({ inferences: { totalCount: 1 }, findings: { totalCount: 14 } });
    const input = `{ instanceId: "${toGlobalId('Instance', study.instances[0]?.id ?? '')}" }`;
    expect(
      await clinician.data(`mutation { requestInference(input: ${input}) { created inference { state shadow } } }`),
    ).toEqual({
      requestInference: { created: false, inference: { state: 'DONE', shadow: false } },
    });
    expect(await count()).toEqual({ inferences: { totalCount: 2 }, findings: { totalCount: 28 } });
  });
});
