/** The way out of de-identified films where it is crowded, or where nothing can be recorded. */
import { expect, test } from 'vitest';
import { ANONYMOUS, type Identity } from '../../src/access/identity.ts';
import { GatewayError } from '../../src/errors.ts';
import { type DeidentifiedSource, MAXIMUM_FILMS_OUT } from '../../src/http/deidentified.ts';
import type { Store } from '../../src/store/store.ts';
import { testPseudonyms } from '../support/pseudonyms.ts';
import { everybody, Gate, startServer } from './support.ts';

const FILM = { patientId: 'p', studyId: 's', instanceId: 'i', blobKey: 'b' };

/** A source that gives ten bytes, from the moment when the gate `film` is open. */
function gatedSource(gate: Gate): DeidentifiedSource & { asked: number } {
  const source = {
    asked: 0,
    preview: () => Promise.reject(new Error('unused')),
    file: async () => {
      source.asked += 1;
      gate.open(`asked ${source.asked}`);
      await gate.passed('film');
      const bytes = (async function* () {
        gate.open('read');
        yield Buffer.from('ten bytes!');
      })();
      return { film: FILM, byteLength: 10, digest: 'tag', bytes };
    },
  };
  return source;
}

/** @param query - of the database */
const services = (record: () => Promise<void>, query?: () => Promise<never>) => ({
  ingest: {} as never,
  changes: {} as never,
  nodes: {} as never,
  pseudonyms: testPseudonyms(),
  models: {} as never,
  reports: {} as never,
  store: {
    audit: { enabled: true, record },
    reads: () => ({ prisma: { $queryRaw: query } }),
  } as unknown as Store,
});

test('more films at once than are given out get BUSY, and later ones go on', async () => {
  const gate = new Gate();
  const deidentified = gatedSource(gate);
  const { url } = await startServer({}, { deidentified, services: services(async () => {}) });
  const get = () => fetch(`${url}/deidentified/instances/2.25.1`);
  const waiting = Array.from({ length: MAXIMUM_FILMS_OUT }, get);
  await gate.passed(`asked ${MAXIMUM_FILMS_OUT}`);
  const refused = await get();
  expect([
    refused.status,
    refused.headers.get('retry-after'),
    ((await refused.json()) as { code: string }).code,
  ]).toEqual([503, '2', 'BUSY']);
  gate.open('film');
  const texts = await Promise.all(waiting.map(async (answer) => (await answer).text()));
  expect(new Set(texts)).toEqual(new Set(['ten bytes!']));
  expect(await (await get()).text()).toBe('ten bytes!');
});

test('a caller that goes away makes room', async () => {
  const gate = new Gate();
  const deidentified = gatedSource(gate);
  const { url } = await startServer({}, { deidentified, services: services(async () => {}) });
  const abort = new AbortController();
  const gone = Array.from({ length: MAXIMUM_FILMS_OUT }, () =>
    fetch(`${url}/deidentified/instances/2.25.1`, { signal: abort.signal }).catch(() => 'gone'),
  );
  await gate.passed(`asked ${MAXIMUM_FILMS_OUT}`);
  abort.abort();
  await Promise.all(gone);
  gate.open('film');
  let answer = await fetch(`${url}/deidentified/instances/2.25.1`);
  // The server learns of each closed connection in its own time.
  while (answer.status === 503) answer = await fetch(`${url}/deidentified/instances/2.25.1`);
  expect(await answer.text()).toBe('ten bytes!');
});

const RESTRICTED: Identity = { ...ANONYMOUS, issuers: ['HOSPITAL'] };

test.each<{ what: string; identity: Identity; record: () => Promise<void>; query?: () => Promise<never> }>([
  {
    what: 'cannot be recorded',
    identity: ANONYMOUS,
    record: () => Promise.reject(new GatewayError('AUDIT_UNAVAILABLE', 'The audit cannot be written.')),
  },
  {
    what: 'cannot be looked up for its record',
    identity: RESTRICTED,
    record: () => Promise.reject(new Error('unused')),
    query: () => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' })),
  },
])('what $what is not sent', async ({ identity, record, query }) => {
  const gate = new Gate();
  gate.open('film');
  const deidentified = gatedSource(gate);
  const authentication = { ...everybody, authenticator: { authenticate: async () => identity } };
  const { url } = await startServer({}, { deidentified, authentication, services: services(record, query) });
  const answer = await fetch(`${url}/deidentified/instances/2.25.1`);
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([503, 'AUDIT_UNAVAILABLE']);
  const isRead = await Promise.race([gate.passed('read').then(() => true), Promise.resolve(false)]);
  expect(isRead).toBe(false);
});
