/** The way out of de-identified films where it is crowded, or where nothing can be recorded. */
import { expect, test } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { type DeidentifiedSource, MAXIMUM_FILMS_OUT } from '../../src/http/deidentified.ts';
import type { Store } from '../../src/store/store.ts';
import { testPseudonyms } from '../support/pseudonyms.ts';
import { Gate, startServer } from './support.ts';

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

const services = (record: () => Promise<void>) => ({
  ingest: {} as never,
  changes: {} as never,
  nodes: {} as never,
  pseudonyms: testPseudonyms(),
  models: {} as never,
  store: { audit: { record }, prisma: {} } as unknown as Store,
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

test('what cannot be recorded is not sent', async () => {
  const gate = new Gate();
  gate.open('film');
  const deidentified = gatedSource(gate);
  const unavailable = async () => {
    throw new GatewayError('AUDIT_UNAVAILABLE', 'The audit cannot be written.');
  };
  const { url } = await startServer({}, { deidentified, services: services(unavailable) });
  const answer = await fetch(`${url}/deidentified/instances/2.25.1`);
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([503, 'AUDIT_UNAVAILABLE']);
  const isRead = await Promise.race([gate.passed('read').then(() => true), Promise.resolve(false)]);
  expect(isRead).toBe(false);
});
