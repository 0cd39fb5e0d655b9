/** Roles and grants at the doors of HTTP besides GraphQL, over real sockets. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ACCESS_ROLES, ANONYMOUS, type Identity } from '../../src/access/identity.ts';
import { HTTP_DOORS } from '../../src/access/permissions.ts';
import type { Authentication } from '../../src/http/authentication.ts';
import { FilmImages } from '../../src/images.ts';
import type { InferencePool } from '../../src/inference/pool.ts';
import type { AccessRole } from '../../src/store/generated/enums.ts';
import { everybody, multipart, startServer } from '../http/support.ts';
import { openTestStore, type TestStore } from '../support/store.ts';
import { leaksIn, NORTH, seedWorld, type World } from './world.ts';

let database: TestStore;
let world: World;
let url: string;

/** Whoever the test says sends the next requests. */
let identity: Identity = ANONYMOUS;
const authentication: Authentication = { ...everybody, authenticator: { authenticate: async () => identity } };

/** Draws what it is told to draw. */
const pool = {
  renderPreview: async (path: string) => Buffer.from(`preview of ${path}`),
  renderHeatMap: async (path: string) => Buffer.from(`heat map of ${path}`),
} as unknown as InferencePool;

beforeAll(async () => {
  database = await openTestStore();
  world = await seedWorld(database.store);
});

afterAll(() => database?.[Symbol.asyncDispose]());

beforeEach(async () => {
  const limits = {} as never;
  const images = new FilmImages({ store: database.store, pool, limits, blobPath: (key) => key });
  ({ url } = await startServer({}, { authentication, images }));
});

function ask(door: string, uid: string): Promise<Response> {
  const [method = '', path = ''] = door.split(' ');
  const address = `${url}${path.replace(':uid', uid).replace(':label', 'Effusion')}`;
  if (method === 'GET') return fetch(address);
  const headers = { 'content-type': 'multipart/related; type="application/dicom"; boundary=edge' };
  return fetch(address, { method, headers, body: new Uint8Array(multipart(['store 1.2.3'])) });
}

const uidOf = (study: 'north' | 'south') => world[study].instances[0]?.sopInstanceUid ?? '';

describe('roles', () => {
  const cells = Object.entries(HTTP_DOORS).flatMap(([door, { roles }]) =>
    ACCESS_ROLES.map((role) => ({ door, role, allowed: (roles as readonly AccessRole[]).includes(role) })),
  );

  it.each(cells)('$door by $role: $allowed', async ({ door, role, allowed }) => {
    identity = { ...ANONYMOUS, roles: [role] };
    const response = await ask(door, uidOf('north'));
    if (allowed) return expect(response.status).not.toBe(403);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'FORBIDDEN', retryable: false });
  });

  it.each(Object.keys(HTTP_DOORS))('%s by who may see de-identified views only', async (door) => {
    identity = { ...ANONYMOUS, deidentifiedOnly: true };
    const { status } = await ask(door, uidOf('north'));
    if (door.includes('/deidentified/')) expect(status).not.toBe(403);
    else expect(status).toBe(403);
  });
});

describe('grants', () => {
  const pictures = ['GET /instances/:uid/preview.png', 'GET /instances/:uid/heatmaps/:label.png'];

  it.each(pictures)('%s shows what is granted, and of the rest not even that it is there', async (door) => {
    identity = { ...ANONYMOUS, issuers: [NORTH] };
    const granted = await ask(door, uidOf('north'));
    expect(granted.status).toBe(200);
    const hidden = await ask(door, uidOf('south'));
    const unknown = await ask(door, '1.2.3.4');
    expect(hidden.status).toBe(404);
    const text = await hidden.text();
    expect(text).toBe(await unknown.text());
    expect(leaksIn([text, [...hidden.headers]], world.south.marks)).toEqual([]);
  });

  it.each(pictures)('%s follows a granted study and an opened record', async (door) => {
    identity = { ...ANONYMOUS, issuers: [], studies: [world.south.studyInstanceUid] };
    expect((await ask(door, uidOf('south'))).status).toBe(200);
    expect((await ask(door, uidOf('north'))).status).toBe(404);
    identity = { ...ANONYMOUS, subject: `opener of ${door}`, issuers: [], studies: [] };
    expect((await ask(door, uidOf('north'))).status).toBe(404);
    const opening = await database.store.prisma.breakGlass.create({
      data: {
        subject: identity.subject,
        patientId: world.north.patientId,
        reason: 'for the test',
        expiresAt: new Date(Date.now() + 600_000),
      },
    });
    expect((await ask(door, uidOf('north'))).status).toBe(200);
    await database.store.prisma.breakGlass.update({ where: { id: opening.id }, data: { expiresAt: new Date(0) } });
    expect((await ask(door, uidOf('north'))).status).toBe(404);
  });

  it('cannot be got round by a picture that a browser has kept', async () => {
    identity = ANONYMOUS;
    const tag = (await ask(pictures[0] ?? '', uidOf('south'))).headers.get('etag') ?? '';
    expect(tag).not.toBe('');
    identity = { ...ANONYMOUS, issuers: [NORTH] };
    const again = await fetch(`${url}/instances/${uidOf('south')}/preview.png`, { headers: { 'if-none-match': tag } });
    expect(again.status).toBe(404);
  });
});
