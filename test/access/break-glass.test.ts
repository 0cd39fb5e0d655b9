/** Breaking the glass: what it opens, for whom, for how long, and who is told. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Identity } from '../../src/access/identity.ts';
import { toGlobalId } from '../../src/schema/global-id.ts';
import { openingsOf } from '../../src/store/break-glass.ts';
import { announce } from '../resolvers/seed.ts';
import { openApi, type TestApi, type TestClient } from '../resolvers/support.ts';
import { leaksIn, NORTH, seedWorld, type World } from './world.ts';

const CLINICIAN: Partial<Identity> = {
  subject: 'oidc:hospital#nora',
  displayName: 'Nora',
  roles: ['CLINICIAN'],
  issuers: [NORTH],
};
const OTHER: Partial<Identity> = { ...CLINICIAN, subject: 'oidc:hospital#otto' };
const AUDITOR: Partial<Identity> = { subject: 'oidc:hospital#aud', roles: ['AUDITOR'] };
const REASON = 'Unconscious in the emergency room';

let api: TestApi;
let world: World;
let clinician: TestClient;

beforeEach(async () => {
  api = await openApi();
  world = await seedWorld(api.store);
  clinician = api.as(CLINICIAN);
});

afterEach(() => api?.[Symbol.asyncDispose]());

interface Opening {
  readonly id: string;
  readonly live: boolean;
  readonly expiresAt: Date;
  readonly createdAt: Date;
  readonly patient: { readonly mrn: string } | null;
}

const OPEN = `mutation ($input: OpenBreakGlassInput!) { openBreakGlass(input: $input) { opening {
  id live subject displayName reason createdAt expiresAt endedAt patient { mrn } } } }`;

async function open(client: TestClient = clinician, input: Record<string, string> = {}): Promise<Opening> {
  const named = { mrn: world.south.mrn, issuer: world.south.issuer, reason: REASON, ...input };
  const { openBreakGlass } = await client.data<{ openBreakGlass: { opening: Opening } }>(OPEN, { input: named });
  return openBreakGlass.opening;
}

const end = (id: string, client: TestClient = clinician) =>
  client.run(`mutation { endBreakGlass(openingId: "${id}") { opening { live endedAt endedBy patient { mrn } } } }`);

const expire = () => api.store.prisma.$executeRaw`UPDATE "BreakGlass" SET "expiresAt" = now() - interval '1 second'`;

/** What the clinician finds of the patient whose record may be opened. */
async function look(client: TestClient = clinician) {
  const answer = await client.run<{ study: unknown; studies: { totalCount: number } }>(`{
    study(studyInstanceUid: "${world.south.studyInstanceUid}") {
      studyInstanceUid patient { mrn discrepancies { stated } } series { id } instances { id } inferences { id } findings { id heatMap { values url } } }
    studies { totalCount nodes { studyInstanceUid } }
    findings(filter: { patientId: "${toGlobalId('Patient', world.south.patientId)}" }) { totalCount nodes { id } } }`);
  expect(answer.errors).toEqual([]);
  return {
    found: answer.data?.study !== null,
    leaks: leaksIn(answer, world.south.marks),
    others: leaksIn(answer, world.southToo.marks),
  };
}

const audited = async () => {
  const rows = await api.store.prisma.auditRecord.findMany({ where: { purpose: 'BTG' }, orderBy: { id: 'asc' } });
  return rows.map(({ subject, action, outcome, errorCode, patientId, breakGlassId, operation }) => ({
    subject,
    action,
    outcome,
    errorCode,
    patientId,
    breakGlassId,
    operation,
  }));
};

const uuidOf = (globalId: string) => Buffer.from(globalId, 'base64url').toString().split(':')[1] ?? '';

describe('opening a record', () => {
  it('lets its subject see all of this patient, and nobody else, and no other patient', async () => {
    expect(await look()).toMatchObject({ found: false, leaks: [] });
    const opening = await open();
    expect(opening).toMatchObject({
      live: true,
      subject: CLINICIAN.subject,
      displayName: 'Nora',
      reason: REASON,
      endedAt: null,
      patient: { mrn: world.south.mrn },
    });
    expect(opening.expiresAt.getTime() - opening.createdAt.getTime()).toBe(3600_000);
    const after = await look();
    expect(after.found).toBe(true);
    expect(after.leaks).toContain(world.south.mrn);
    expect(after.others).toEqual([]);
    expect(await look(api.as(OTHER))).toMatchObject({ found: false, leaks: [] });
  });

  it('by the global id of the patient is the same', async () => {
    const input = { patientId: toGlobalId('Patient', world.south.patientId), reason: REASON };
    const answer = await clinician.run<{ openBreakGlass: { opening: Opening } }>(OPEN, { input });
    expect(answer.errors).toEqual([]);
    expect((await look()).found).toBe(true);
  });

  it('ends by itself when its time is over', async () => {
    await open();
    await expire();
    expect(await look()).toMatchObject({ found: false, leaks: [] });
    const { myBreakGlassOpenings } = await clinician.data<{ myBreakGlassOpenings: { nodes: Opening[] } }>(
      '{ myBreakGlassOpenings { nodes { id live patient { mrn } } } }',
    );
    expect(myBreakGlassOpenings.nodes).toMatchObject([{ live: false, patient: null }]);
  });

  it('can be ended before, by its subject alone and once', async () => {
    const { id } = await open();
    const stranger = await end(id, api.as(OTHER));
    expect(stranger.errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect((await look()).found).toBe(true);
    expect(await end(id)).toMatchObject({
      errors: [],
      data: { endBreakGlass: { opening: { live: false, endedBy: CLINICIAN.subject, patient: null } } },
    });
    expect(await look()).toMatchObject({ found: false, leaks: [] });
    expect((await end(id)).errors).toMatchObject([{ code: 'INVALID_STATE' }]);
    const unknown = toGlobalId('BreakGlassOpening', '018f0000-0000-7000-8000-000000000000');
    expect((await end(unknown)).errors).toEqual(stranger.errors);
  });

  it('needs a reason of 10 to 2,000 characters and one way of naming', async () => {
    const { mrn, issuer } = world.south;
    const patientId = toGlobalId('Patient', world.south.patientId);
    const inputs = [
      { mrn, issuer, reason: 'too short' },
      { mrn, issuer, reason: `   ${'x'.repeat(9)}     ` },
      { mrn, issuer, reason: 'x'.repeat(2001) },
      { mrn, issuer, reason: `${REASON}\0` },
      { mrn, reason: REASON },
      { issuer, reason: REASON },
      { mrn, issuer, patientId, reason: REASON },
      { reason: REASON },
    ];
    for (const input of inputs) {
      expect((await clinician.run(OPEN, { input })).errors, JSON.stringify(input)).toMatchObject([
        { code: 'BAD_REQUEST' },
      ]);
    }
    expect(await look()).toMatchObject({ found: false, leaks: [] });
  });

  it('of nobody is NOT_FOUND and recorded; of what is granted INVALID_STATE', async () => {
    const nobody = await clinician.run(OPEN, { input: { mrn: 'NO-MRN', issuer: 'NO-ISSUER', reason: REASON } });
    expect(nobody.errors).toMatchObject([{ code: 'NOT_FOUND' }]);
    const { mrn, issuer } = world.north;
    const granted = await clinician.run(OPEN, { input: { mrn, issuer, reason: REASON } });
    expect(granted.errors).toMatchObject([{ code: 'INVALID_STATE' }]);
    const all = await api.as({ ...CLINICIAN, issuers: 'ALL' }).run(OPEN, { input: { mrn, issuer, reason: REASON } });
    expect(all.errors).toMatchObject([{ code: 'INVALID_STATE' }]);
    expect(await audited()).toMatchObject([
      { outcome: 'DENIED', errorCode: 'NOT_FOUND', patientId: null },
      { outcome: 'DENIED', errorCode: 'INVALID_STATE' },
      { outcome: 'DENIED', errorCode: 'INVALID_STATE' },
    ]);
    expect(JSON.stringify(await audited())).not.toContain('NO-MRN');
  });

  it('is for a study that is granted alone, too: the rest of the patient opens', async () => {
    const client = api.as({ ...CLINICIAN, issuers: [], studies: [world.north.studyInstanceUid] });
    const count = () => client.data('{ studies { totalCount } }');
    expect(await count()).toEqual({ studies: { totalCount: 1 } });
    await open(client, { mrn: world.north.mrn, issuer: world.north.issuer });
    expect(await count()).toEqual({ studies: { totalCount: 2 } });
  });

  it('has a limit of live ones, also when many are asked for at once', async () => {
    const wishes = Array.from({ length: 15 }, () =>
      clinician.run<{ openBreakGlass: { opening: Opening } }>(OPEN, {
        input: { mrn: world.south.mrn, issuer: world.south.issuer, reason: REASON },
      }),
    );
    const answers = await Promise.all(wishes);
    const opened = answers.flatMap(({ data }) => data?.openBreakGlass?.opening ?? []);
    expect(opened).toHaveLength(10);
    const refused = answers.filter(({ errors }) => errors.length > 0);
    expect(refused.map(({ errors }) => errors[0]?.code)).toEqual(Array(5).fill('INVALID_STATE'));
    await end(opened[0]?.id ?? '');
    expect((await look()).found).toBe(true); // nine others are live
    await open();
  });
});

describe('who is told', () => {
  it('records opening and ending with the change, in the audit', async () => {
    const { id } = await open();
    await end(id);
    const common = {
      subject: CLINICIAN.subject,
      patientId: world.south.patientId,
      breakGlassId: uuidOf(id),
      outcome: 'SUCCESS',
    };
    expect(await audited()).toMatchObject([
      { ...common, action: 'CREATE' },
      { ...common, action: 'UPDATE' },
    ]);
  });

  it('lists openings to auditors alone: all, live ones, of a subject, of a patient', async () => {
    const first = await open();
    await end(first.id);
    const second = await open();
    const third = await open(api.as(OTHER), { mrn: world.southToo.mrn });
    const auditor = api.as(AUDITOR);
    const list = async (filter: string) => {
      const { breakGlassOpenings } = await auditor.data<{
        breakGlassOpenings: { totalCount: number; nodes: Opening[] };
      }>(
        `{ breakGlassOpenings(filter: ${filter}, orderBy: { field: CREATED_AT, direction: ASC }) { totalCount nodes { id reason subject patient { mrn } } } }`,
      );
      expect(breakGlassOpenings.totalCount).toBe(breakGlassOpenings.nodes.length);
      return breakGlassOpenings.nodes.map(({ id }) => id);
    };
    expect(await list('{}')).toEqual([first.id, second.id, third.id]);
    expect(await list('{ live: true }')).toEqual([second.id, third.id]);
    expect(await list('{ live: false }')).toEqual([first.id]);
    expect(await list(`{ subject: "${OTHER.subject}" }`)).toEqual([third.id]);
    expect(await list(`{ patientId: "${toGlobalId('Patient', world.south.patientId)}" }`)).toEqual([
      first.id,
      second.id,
    ]);
    const mine = await clinician.data<{ myBreakGlassOpenings: { nodes: Opening[] } }>(
      '{ myBreakGlassOpenings(live: true) { nodes { id } } }',
    );
    expect(mine.myBreakGlassOpenings.nodes.map(({ id }) => id)).toEqual([second.id]);
    const node = (client: TestClient, id: string) => client.data(`{ node(id: "${id}") { id } }`);
    expect(await node(auditor, third.id)).toEqual({ node: { id: third.id } });
    expect(await node(clinician, second.id)).toEqual({ node: { id: second.id } });
    expect(await node(clinician, third.id)).toEqual({ node: null });
    const ofNorth = api.as({ ...AUDITOR, issuers: [NORTH] });
    expect(await ofNorth.data('{ breakGlassOpenings { totalCount nodes { id } } }')).toEqual({
      breakGlassOpenings: { totalCount: 0, nodes: [] },
    });
  });

  it('pushes openings to auditors, and puts them into the feed for nobody else', async () => {
    const after = await api.feed.currentCursor();
    const source = `subscription ($after: String) { breakGlassOpened(after: $after) {
      cursor opening { subject reason live patient { mrn } } } }`;
    const events = await api.as(AUDITOR).listen(source, { after });
    const { id } = await open();
    expect(await events.next()).toMatchObject({
      errors: [],
      data: {
        breakGlassOpened: {
          opening: { subject: CLINICIAN.subject, reason: REASON, patient: { mrn: world.south.mrn } },
        },
      },
    });
    await events.return();
    await end(id);
    const types = async (identity: Partial<Identity>) => {
      const { changes } = await api
        .as(identity)
        .data<{ changes: { type: string; breakGlassId: string }[] }>(
          'query ($after: String) { changes(after: $after) { type patientId breakGlassId } }',
          { after },
        );
      return changes.map(({ type, breakGlassId }) => [type, breakGlassId]);
    };
    expect(await types({})).toEqual([
      ['BREAK_GLASS_OPENED', id],
      ['BREAK_GLASS_ENDED', id],
    ]);
    for (const role of ['CLINICIAN', 'INTEGRATION', 'ADMIN'] as const)
      expect(await types({ roles: [role] })).toEqual([]);
    expect(await types(CLINICIAN)).toEqual([]);
  });

  it('tells which opening makes an access possible', async () => {
    const ids = [world.south.patientId, world.southToo.patientId];
    const openings = (subject: string) => openingsOf(api.store.prisma, subject, ids);
    expect(await openings(CLINICIAN.subject ?? '')).toEqual(new Map());
    const first = await open();
    const second = await open();
    expect(await openings(CLINICIAN.subject ?? '')).toEqual(new Map([[world.south.patientId, uuidOf(second.id)]]));
    expect(await openings(OTHER.subject ?? '')).toEqual(new Map());
    await end(second.id);
    expect(await openings(CLINICIAN.subject ?? '')).toEqual(new Map([[world.south.patientId, uuidOf(first.id)]]));
    await expire();
    expect(await openings(CLINICIAN.subject ?? '')).toEqual(new Map());
  });
});

describe('live events', () => {
  const COMPLETED = `subscription ($after: String) { findingsCompleted(after: $after) {
    cursor patient { mrn } study { studyInstanceUid } findings { id } } }`;
  interface Completed {
    readonly findingsCompleted: { readonly cursor: string; readonly patient: { readonly mrn: string } };
  }
  const happen = (study: keyof Pick<World, 'north' | 'south'>) =>
    announce(api.store, { ...world[study], instances: world[study].instances.slice(0, 1) }, world.modelVersionId);

  it('come while a record is open, and no more once it has ended or expired', async () => {
    const after = await api.feed.currentCursor();
    const events = await clinician.listen<Completed>(COMPLETED, { after });
    const next = async () => (await events.next()).data?.findingsCompleted.patient.mrn;
    await open();
    await happen('south');
    expect(await next()).toBe(world.south.mrn);
    await expire();
    await happen('south');
    await happen('north');
    expect(await next()).toBe(world.north.mrn);
    const { id } = await open();
    await happen('south');
    expect(await next()).toBe(world.south.mrn);
    await end(id);
    await happen('south');
    await happen('north');
    expect(await next()).toBe(world.north.mrn);
    await events.return();
  });

  it('that were missed are not made up for to who may not see them now', async () => {
    const after = await api.feed.currentCursor();
    const { id } = await open();
    await happen('south');
    await happen('north');
    const first = async () => {
      const events = await clinician.listen<Completed>(COMPLETED, { after });
      const { data } = await events.next();
      await events.return();
      return data?.findingsCompleted.patient.mrn;
    };
    expect(await first()).toBe(world.south.mrn);
    await end(id);
    // Loaders of an event are shared for a moment; whoever asks after it asks the database.
    await expect.poll(first, { interval: 20, timeout: 1000 }).toBe(world.north.mrn);
  });
});
