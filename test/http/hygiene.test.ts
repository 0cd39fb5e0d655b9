/** What must never leave: insides in an answer, patient data or secrets in the log. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { createApiKey, OPERATOR } from '../../src/access/api-keys.ts';
import { makePhantom, phantomUid } from '../../src/dicom/phantom.ts';
import { createLog } from '../../src/log.ts';
import { systemActor } from '../../src/store/audit/audit-entry.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { RawConnection } from './support.ts';

/** Stack frames, statements, and names of folders and libraries. */
const INSIDES =
  /\bat \S+ \(|\.[cm]?[jt]s:\d|node_modules|\/(src|dist|tmp|home|root|usr|var)\/|\b(SELECT|INSERT|UPDATE) |relation "|prisma|pg-boss|postgres|apollo-server|fastify|graphql-js|graphql-ws|undici|zod|dcmjs|pino|errorType|stack/i;

const PATIENT = {
  name: 'Quetzalcoatl^Wilhelmina',
  mrn: 'MRN-7H3X9K2',
  birthDate: '19470823',
  accession: 'ACC-55QQ81',
  description: 'Zwerchfellhochstand',
};

/** In each form in which they may be written. */
const DISTINCTIVE = [
  'quetzalcoatl',
  'wilhelmina',
  PATIENT.mrn,
  PATIENT.birthDate,
  '1947-08-23',
  PATIENT.accession,
  PATIENT.description,
].map((text) => text.toLowerCase());

/** As long as the checks of a file's preamble need. */
const BOGUS = `DICM ${PATIENT.name} ${PATIENT.mrn}`;
const WRONG_TOKEN = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ3cm9uZy10b2tlbi1tYXJrZXIifQ.';
const WRONG_KEY = 'cxr_wrongkeymarker00000000000000000000000000000000';

let gateway: TestApp;
let secret: string;
let logged = '';

beforeAll(async () => {
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => {
    logged += String(chunk);
  });
  gateway = await startTestApp({ AUTH_FAILURES_PER_MINUTE: '0' }, { insecureNoAuth: true }, createLog('debug', stream));
  const request = {
    name: 'RIS',
    roles: ['INTEGRATION', 'ADMIN', 'CLINICIAN', 'TECHNOLOGIST', 'AUDITOR'] as const,
    issuers: ['*'],
    studies: [],
    deidentifiedOnly: false,
    expiresInDays: 1,
  };
  ({ secret } = await createApiKey(gateway.app.store.apiKeys, request, OPERATOR, systemActor('test')));
});
afterAll(async () => gateway[Symbol.asyncDispose]());

const headers = (more: Record<string, string> = {}) => ({ authorization: `Bearer ${secret}`, ...more });

const graphql = (query: string, variables: Record<string, unknown> = {}, more: Record<string, string> = {}) =>
  fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: headers({ 'content-type': 'application/json', ...more }),
    body: JSON.stringify({ query, variables }),
  });

const stow = (body: Uint8Array | string, type = 'application/dicom', path = '/dicomweb/studies') =>
  fetch(gateway.url + path, {
    method: 'POST',
    headers: headers({ 'content-type': type, accept: 'application/dicom+json' }),
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });

const film = () =>
  makePhantom({
    seed: 77,
    rows: 128,
    columns: 128,
    elements: {
      '00100010': ['PN', PATIENT.name],
      '00100020': ['LO', PATIENT.mrn],
      '00100030': ['DA', PATIENT.birthDate],
      '00080050': ['SH', PATIENT.accession],
      '00081030': ['LO', PATIENT.description],
    },
  });

/** Failures of every kind, at every door. */
const FAILURES: readonly [string, () => Promise<Response>][] = [
  ['an unknown address', () => fetch(`${gateway.url}/src/main.ts`, { headers: headers() })],
  [
    'a path out of the folder',
    () => fetch(`${gateway.url}/instances/..%2f..%2fpackage.json/preview.png`, { headers: headers() }),
  ],
  ['a bad escape', () => fetch(`${gateway.url}/%E0%A4%A`, { headers: headers() })],
  ['a method that nothing has', () => fetch(`${gateway.url}/graphql`, { method: 'DELETE', headers: headers() })],
  ['a wrong token', () => graphql('{ currentCursor }', {}, { authorization: `Bearer ${WRONG_TOKEN}` })],
  ['a wrong key', () => graphql('{ currentCursor }', {}, { authorization: `Bearer ${WRONG_KEY}` })],
  ['another scheme', () => graphql('{ currentCursor }', {}, { authorization: 'Basic cm9vdDpyb290' })],
  ['a wrong key in a header', () => fetch(`${gateway.url}/graphql`, { headers: { 'x-api-key': WRONG_KEY } })],
  [
    'broken JSON',
    () =>
      fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: headers({ 'content-type': 'application/json' }),
        body: '{"query":',
      }),
  ],
  [
    'a prototype in JSON',
    () =>
      fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: headers({ 'content-type': 'application/json' }),
        body: '{"__proto__":{"query":"{a}"},"query":{"a":1}}',
      }),
  ],
  ['a syntax error', () => graphql('{ studies(')],
  ['an unknown field', () => graphql('{ studys { nodes { id } } }')],
  ['a wrong variable', () => graphql('query($n: Int) { studies(first: $n) { nodes { id } } }', { n: PATIENT.name })],
  [
    'a wrong scalar',
    () => graphql('query($u: DicomUID!) { instance(sopInstanceUid: $u) { id } }', { u: PATIENT.name }),
  ],
  [
    'a wrong date',
    () =>
      graphql('query($d: DateTime) { studies(filter: { studyDate: { from: $d } }) { nodes { id } } }', {
        d: PATIENT.birthDate,
      }),
  ],
  [
    'a date without end',
    () =>
      graphql('query($d: DateTime) { studies(filter: { studyDate: { from: $d } }) { nodes { id } } }', {
        d: '+275760-09-13T00:00:00Z',
      }),
  ],
  ['a wrong page', () => graphql('{ studies(first: 100000) { nodes { id } } }')],
  [
    'a page of a wrong place',
    () =>
      graphql('query($c: String) { studies(after: $c) { nodes { id } } }', {
        c: Buffer.from("x' OR 1=1").toString('base64'),
      }),
  ],
  ['a wrong id', () => graphql('query($i: ID!) { node(id: $i) { id } }', { i: `'; DROP TABLE "Patient"; --` })],
  [
    'an id of nothing',
    () =>
      graphql('query($i: ID!) { node(id: $i) { id } }', { i: Buffer.from('Study:../../etc').toString('base64url') }),
  ],
  ['a NUL', () => graphql('query($m: String!) { patient(mrn: $m, issuer: $m) { id } }', { m: 'a\u0000b' })],
  ['half a character', () => graphql('query($m: String!) { patient(mrn: $m, issuer: $m) { id } }', { m: 'a\ud800' })],
  [
    'wildcards',
    () => graphql('query($m: String!) { patients(filter: { namePrefix: $m }) { nodes { id } } }', { m: '%_\\' }),
  ],
  [
    'a long text',
    () =>
      graphql('query($m: String!) { patients(filter: { namePrefix: $m }) { nodes { id } } }', {
        m: 'x'.repeat(500_000),
      }),
  ],
  [
    'a reading of nothing',
    () => graphql(`mutation { requestInference(input: { sopInstanceUid: "1.2.3" }) { created } }`),
  ],
  [
    'a version of nothing',
    () => graphql(`mutation { activateModelVersion(modelVersionId: "x", reason: "y") { modelVersion { id } } }`),
  ],
  ['an unknown node', () => graphql('{ remoteStudies(node: "nowhere", patientId: "1") { more } }')],
  ['a body that is too large', () => graphql(`{ ${'currentCursor '.repeat(100_000)} }`)],
  [
    'a query that is too deep',
    () => graphql(`{ studies { nodes { ${'patient { studies { '.repeat(10)}id${' } }'.repeat(10)} } } }`),
  ],
  ['introspection', () => graphql('{ __schema { types { name } } }')],
  [
    'an unknown hash',
    () =>
      fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: headers({ 'content-type': 'application/json' }),
        body: '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":{"toString":1}}}}',
      }),
  ],
  ['no film', () => stow(BOGUS)],
  ['half a film', () => stow(film().subarray(0, 3000))],
  [
    'parts that end in the middle',
    () =>
      stow(
        '--edge\r\nContent-Type: application/dicom\r\n\r\nabc',
        'multipart/related; type="application/dicom"; boundary=edge',
      ),
  ],
  ['another media type', () => stow('abc', 'text/plain')],
  ['the wrong study', () => stow(film(), 'application/dicom', '/dicomweb/studies/1.2.3')],
  ['a study that is no UID', () => stow('abc', 'application/dicom', `/dicomweb/studies/${PATIENT.mrn}`)],
  ['a preview of nothing', () => fetch(`${gateway.url}/instances/1.2.3/preview.png`, { headers: headers() })],
  [
    'a heat map of nothing',
    () => fetch(`${gateway.url}/instances/1.2.3/heatmaps/Edema.png?modelVersion=x`, { headers: headers() }),
  ],
  ['a view of nothing', () => fetch(`${gateway.url}/deidentified/instances/1.2.3/preview.png`, { headers: headers() })],
];

describe('an answer to a failure', () => {
  it.each(FAILURES)('shows no insides: %s', async (_what, send) => {
    const response = await send();
    const body = await response.text();
    expect(body).not.toMatch(INSIDES);
    expect(body).not.toContain('"INTERNAL"');
    expect(response.status).not.toBe(500);
    for (const [name, value] of response.headers) {
      expect(`${name}: ${value}`).not.toMatch(/x-powered-by|^server:|node_modules|\.ts:/i);
    }
    for (const header of ['x-content-type-options', 'content-security-policy', 'x-frame-options', 'referrer-policy']) {
      expect(response.headers.get(header)).toBeTruthy();
    }
  });

  it('shows none where HTTP itself is broken', async () => {
    const connection = await RawConnection.open(Number(new URL(gateway.url).port));
    connection.socket.write(`GET /${PATIENT.mrn} nonsense\r\n\r\n`);
    await connection.closed;
    expect(connection.received).toContain('"BAD_REQUEST"');
    expect(connection.received).not.toMatch(INSIDES);
  });

  it('shows none over WebSocket', async () => {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${secret}` } }));
    await once(socket, 'message');
    const operations = [
      ['query($m: String!) { patient(mrn: $m, issuer: $m) { id } }', { m: 'a\u0000b' }],
      ['{ studies(', {}],
      ['subscription($c: String) { findingsCompleted(after: $c) { cursor } }', { c: PATIENT.mrn }],
      ['subscription($u: DicomUID!) { inferenceProgress(studyInstanceUid: $u) { cursor } }', { u: PATIENT.mrn }],
    ] as const;
    for (const [index, [query, variables]] of operations.entries()) {
      const type = 'subscribe';
      socket.send(JSON.stringify({ type, id: `op-${index}`, payload: { query, variables } }));
      let answer = '';
      while (!answer.includes(`op-${index}`)) answer = String((await once(socket, 'message'))[0]);
      expect(answer).not.toMatch(INSIDES);
      expect(answer).not.toContain('"INTERNAL"');
    }
    socket.send(`{"broken": "${PATIENT.name}`);
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect(code).toBe(4400);
    expect(String(reason)).not.toMatch(INSIDES);
  });
});

describe('the log at its most talkative', () => {
  it('has no patient data, no credential and no query string after real traffic', async () => {
    expect((await stow(film())).status).toBe(200);
    const uid = phantomUid('77');
    const seen = await graphql(
      'query($m: String!) { patients(filter: { mrn: $m }) { nodes { mrn name birthDate studies { accessionNumber description instances { sopInstanceUid inferences { state } } } } } }',
      { m: PATIENT.mrn },
    );
    const text = await seen.text();
    for (const value of [PATIENT.mrn, PATIENT.accession, PATIENT.description]) expect(text).toContain(value);
    const [, sop = ''] = /"sopInstanceUid":"([\d.]+)"/.exec(text) ?? [];
    expect((await fetch(`${gateway.url}/instances/${sop}/preview.png`, { headers: headers() })).status).toBe(200);
    await fetch(`${gateway.url}/instances/${uid}/preview.png?name=${PATIENT.name}`, { headers: headers() });
    await fetch(`${gateway.url}/graphql?query={currentCursor}&token=${secret}&name=${PATIENT.name}`, {
      headers: headers({ 'apollo-require-preflight': 'yes', 'x-request-id': PATIENT.mrn, 'user-agent': PATIENT.mrn }),
    });
    for (const [, send] of FAILURES) await (await send()).text();
    await gateway.app.drain();
    const lines = logged.trim().split('\n');
    expect(lines.length).toBeGreaterThan(20);
    expect(logged).toContain('http.request');
    const lower = logged.toLowerCase();
    for (const value of [
      ...DISTINCTIVE,
      secret.toLowerCase(),
      'wrong-token-marker',
      WRONG_TOKEN.toLowerCase(),
      'wrongkeymarker',
      'cm9vdDpyb290'.toLowerCase(),
    ]) {
      expect(lower).not.toContain(value);
    }
    for (const line of lines) {
      const { event, route } = JSON.parse(line) as { event: string; route?: string };
      if (event === 'http.request') expect(route).toMatch(/^(unmatched|\/[\w/.:()^[\]+?-]*)$/);
      expect(line).not.toMatch(/\?name=|\?query=/);
    }
  });
});
