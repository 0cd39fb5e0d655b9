/** What lists tell without showing an entry is recorded as what they show. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toGlobalId } from '../src/schema/global-id.ts';
import { type SeededStudy, seedStudy } from './resolvers/seed.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { graphql } from './support/client.ts';

let gateway: TestApp;
let study: SeededStudy;
let other: SeededStudy;
let patientId: string;

beforeAll(async () => {
  gateway = await startTestApp({ ROLE: 'api' });
  const { store } = gateway.app;
  const modelVersionId = (await store.modelVersions.active())?.id ?? '';
  study = await seedStudy(store, { modelVersionId, patient: { mrn: 'M1', issuer: 'A', name: 'DOE^JANE' } });
  other = await seedStudy(store, { modelVersionId });
  patientId = toGlobalId('Patient', study.patientId);
});
afterAll(() => gateway?.[Symbol.asyncDispose]());

async function recordsOf(query: string) {
  const { audit, prisma } = gateway.app.store;
  await audit.seal();
  const { position } = await audit.end();
  await graphql(gateway.url, query);
  await audit.seal();
  const where = { position: { gt: position }, subject: { notIn: ['system', 'test'] } };
  return prisma.auditRecord.findMany({ where, orderBy: { position: 'asc' } });
}

describe('a list', () => {
  it.each([
    ['cursors of entries', '{ patients(filter: { mrn: "M1" }) { edges { cursor } } }'],
    ['cursors of its ends', '{ patients(filter: { mrn: "M1" }) { pageInfo { endCursor } } }'],
    ['whether there is more', '{ patients(filter: { mrn: "M1" }) { pageInfo { hasNextPage } } }'],
    ['the count of one patient', '{ patients(filter: { mrn: "M1" }) { totalCount } }'],
  ])('that gives nothing but %s is recorded with its patient', async (_, query) => {
    expect(await recordsOf(query)).toMatchObject([{ action: 'READ', patientId: study.patientId }]);
  });

  it('that only counts what was found in one patient is recorded with the studies', async () => {
    const rows = await recordsOf(`{ findings(filter: { patientId: "${patientId}" }) { totalCount } }`);
    expect(rows).toMatchObject([{ patientId: study.patientId, studyIds: [study.studyId], findingIds: [] }]);
  });

  it('without an entry is recorded with whom it was asked about', async () => {
    const filter = `{ patientId: "${patientId}", studyInstanceUid: "1.2.3" }`;
    const [row, ...more] = await recordsOf(`{ findings(filter: ${filter}) { nodes { id } } }`);
    expect(more).toEqual([]);
    expect(row).toMatchObject({ action: 'READ', patientId: null, operation: 'query findings' });
    expect(JSON.parse(row?.details ?? '')).toEqual({ searched: ['Finding'], about: [study.patientId, '1.2.3'] });
  });

  it('that only counts several patients is one record of nobody', async () => {
    const [row, ...more] = await recordsOf('{ studies { totalCount } }');
    expect(more).toEqual([]);
    expect(JSON.parse(row?.details ?? '')).toEqual({ searched: ['Study'], about: [] });
  });

  it('that shows its entries is recorded by them alone', async () => {
    const rows = await recordsOf('{ studies { totalCount nodes { id } pageInfo { endCursor } } }');
    const patients = [study.patientId, other.patientId].sort();
    expect(rows.map((row) => row.patientId).sort()).toEqual(patients);
  });

  it('of jobs of re-readings is recorded with the study or patient that a job names, and with nobody for the others', async () => {
    const modelVersionId = toGlobalId('ModelVersion', (await gateway.app.store.modelVersions.active())?.id ?? '');
    for (const selection of [
      `studyInstanceUid: "${study.studyInstanceUid}"`,
      `filter: { patientId: "${toGlobalId('Patient', other.patientId)}" }`,
      'all: true',
    ]) {
      await graphql(
        gateway.url,
        `mutation { requestReread(input: { modelVersionId: "${modelVersionId}", selection: { ${selection} }, reason: "test" }) { __typename } }`,
      );
    }
    const rows = await recordsOf('{ rereadJobs { nodes { selection { studyInstanceUid } } } }');
    expect(rows.map(({ patientId, studyIds }) => `${patientId} ${studyIds}`).sort()).toEqual(
      [`${study.patientId} ${study.studyId}`, `${other.patientId} `].sort(),
    );
  });
});
