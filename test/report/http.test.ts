/** GET /model-versions/:id/report.html over a real socket. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { ACCESS_ROLES, ANONYMOUS, type Identity } from '../../src/access/identity.ts';
import { ModelReports } from '../../src/report/model-reports.ts';
import { toGlobalId } from '../../src/schema/global-id.ts';
import { everybody, startServer } from '../http/support.ts';
import { seedModel, seedStudy } from '../resolvers/seed.ts';
import { testPseudonyms } from '../support/pseudonyms.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

let database: TestStore;
let modelVersionId: string;
let url: string;

/** Whoever the test says sends the next requests. */
let identity: Identity = ANONYMOUS;

beforeAll(async () => {
  database = await openTestStore();
  modelVersionId = await seedModel(database.store);
  await seedStudy(database.store, { modelVersionId, patient: { mrn: 'MRN-SECRET', name: 'QUETZAL^P' } });
});

afterAll(() => database?.[Symbol.asyncDispose]());

beforeEach(async () => {
  identity = { ...ANONYMOUS, subject: 'dr-quality' };
  const { store } = database;
  const reports = new ModelReports({ store, drift: { psi: 0.25, minimumFilms: 100 } });
  ({ url } = await startServer(
    {},
    {
      authentication: { ...everybody, authenticator: { authenticate: async () => identity } },
      services: {
        ...{ store, reports, pseudonyms: testPseudonyms() },
        ...{ ingest: {} as never, changes: {} as never, nodes: {} as never, models: {} as never },
      },
    },
  ));
});

const ask = (query = '', id = toGlobalId('ModelVersion', modelVersionId), method = 'GET') =>
  fetch(`${url}/model-versions/${id}/report.html${query}`, { method });

it('gives a document that no cache keeps, with one style sheet that the policy names', async () => {
  const answer = await ask('?since=2026-11-01&until=2026-11-02T00:00:00%2B01:00');
  expect(answer.status).toBe(200);
  const html = await answer.text();
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? [];
  const digest = createHash('sha256').update(style).digest('base64');
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'private, no-store',
    'content-security-policy': `default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-${digest}'`,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'content-disposition': expect.stringMatching(
      /^inline; filename="chexnet-1\.0\.0-audit-report-\d{4}-\d\d-\d\d\.html"$/,
    ),
  });
  expect(html).toContain('2026-11-01 00:00 UTC to 2026-11-01 23:00 UTC');
  expect(html).not.toMatch(/MRN-SECRET|QUETZAL/);
});

it('takes the id in either form, and is recorded', async () => {
  const before = await database.store.prisma.auditRecord.count();
  expect((await ask('', modelVersionId)).status).toBe(200);
  await database.store.audit.seal();
  expect(await database.store.prisma.auditRecord.count()).toBe(before + 1);
  const record = await database.store.prisma.auditRecord.findFirst({ orderBy: { position: 'desc' } });
  expect(record).toMatchObject({
    ...{ subject: 'dr-quality', action: 'READ', operation: 'GET /model-versions/:id/report.html' },
    modelVersionIds: [modelVersionId],
  });
});

it.each(ACCESS_ROLES.map((role) => ({ role, allowed: role === 'ADMIN' || role === 'AUDITOR' })))(
  'by $role: $allowed',
  async ({ role, allowed }) => {
    identity = { ...ANONYMOUS, roles: [role] };
    const answer = await ask();
    expect(answer.status).toBe(allowed ? 200 : 403);
    if (!allowed) expect(await answer.json()).toMatchObject({ code: 'FORBIDDEN', retryable: false });
  },
);

it('is refused to who may see de-identified views only', async () => {
  identity = { ...ANONYMOUS, deidentifiedOnly: true };
  expect((await ask()).status).toBe(403);
});

it.each([
  ['?since=yesterday', 400, 'BAD_REQUEST'],
  ['?since=2026-13-01', 400, 'BAD_REQUEST'],
  ['?since=2026-01-01&since=2026-02-01', 400, 'BAD_REQUEST'],
  ['?since=2020-01-01', 400, 'BAD_REQUEST'],
  ['?since=2026-02-02&until=2026-02-01', 400, 'BAD_REQUEST'],
])('%s is %i %s', async (query, status, code) => {
  const answer = await ask(query);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ code });
});

it('of nothing is NOT_FOUND, of another id BAD_REQUEST', async () => {
  const unknown = '018f0000-0000-7000-8000-000000000000';
  expect(await (await ask('', toGlobalId('ModelVersion', unknown))).json()).toMatchObject({ code: 'NOT_FOUND' });
  expect(await (await ask('', toGlobalId('Study', unknown))).json()).toMatchObject({ code: 'BAD_REQUEST' });
  expect((await ask('', undefined, 'HEAD')).status).toBe(404);
});
