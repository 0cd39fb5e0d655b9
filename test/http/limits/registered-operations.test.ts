import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RecentQueries } from '../../../src/http/graphql/persisted-queries.ts';
import { type Operation, post, startThings, TRANSPORTS } from './support.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const persisted = (sha256Hash: unknown) => ({ persistedQuery: { version: 1, sha256Hash } });

const HELLO = 'query Hello { hello }';
const PAGE = 'query Page($n: Int) { things(first: $n) { nodes { name } } }';
const CHANGE = 'mutation Change { change }';
const QUIET = 'subscription Quiet { quiet }';

const entry = (body: string, type: string, name: string) => ({ id: sha256(body), name, type, body });

async function manifest(content: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-operations-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'operations.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const OPERATIONS = [
  entry(HELLO, 'query', 'Hello'),
  entry(PAGE, 'query', 'Page'),
  entry(CHANGE, 'mutation', 'Change'),
  entry(QUIET, 'subscription', 'Quiet'),
];

const wrapped = (operations: unknown) => ({ format: 'apollo-persisted-query-manifest', version: 1, operations });

async function lockedDown(operations: unknown = OPERATIONS, settings: Record<string, string> = {}) {
  const file = await manifest(wrapped(operations));
  return startThings({ GRAPHQL_OPERATIONS: 'registered', GRAPHQL_OPERATIONS_FILE: file, ...settings });
}

describe.each(TRANSPORTS)('registered operations over %s', (transport, ask) => {
  it('run by their id, and by their exact text', async () => {
    const { url } = await lockedDown();
    const byId: Operation = { extensions: persisted(sha256(HELLO)) };
    expect(await ask(url, byId)).toMatchObject({ data: { hello: null }, code: undefined });
    expect(await ask(url, { query: HELLO })).toMatchObject({ data: { hello: null } });
    expect(await ask(url, { query: HELLO, operationName: 'Hello' })).toMatchObject({ data: { hello: null } });
    expect(await ask(url, { extensions: persisted(sha256(PAGE)), variables: { n: 3 } })).toMatchObject({
      data: { things: null },
    });
    expect(await ask(url, { extensions: persisted(sha256(CHANGE)) })).toMatchObject({ data: { change: null } });
    if (transport === 'WebSocket') {
      expect(await ask(url, { extensions: persisted(sha256(QUIET)) })).toMatchObject({ data: { quiet: 'begun' } });
    }
  });

  it.each<[string, Operation]>([
    ['another text', { query: '{ hello }' }],
    ['the same with a space more', { query: `${HELLO} ` }],
    ['a text that is not valid', { query: '{ nope }' }],
    ['a text that is none', { query: '{' }],
    ['introspection', { query: '{ __schema { queryType { name } } }' }],
    ['an unknown id', { extensions: persisted(sha256('{ hello }')) }],
    ['an id that is no text', { extensions: persisted({ toString: 1 }) }],
    ['the name of a property of every object', { extensions: persisted('__proto__') }],
    [
      'another text with the id of a registered one',
      { query: '{ hello }', extensions: persisted(sha256('{ hello }')) },
    ],
  ])('do not include %s', async (_what, operation) => {
    const { url } = await lockedDown();
    expect(await ask(url, operation)).toMatchObject({ code: 'OPERATION_NOT_REGISTERED', data: undefined });
    // Nothing of it was remembered.
    expect(await ask(url, operation)).toMatchObject({ code: 'OPERATION_NOT_REGISTERED', data: undefined });
  });

  it('are still held against the cost, which depends on variables', async () => {
    const { url } = await lockedDown(OPERATIONS, { GRAPHQL_MAX_COST: '105' });
    const extensions = persisted(sha256(PAGE));
    expect(await ask(url, { extensions, variables: { n: 100 } })).toMatchObject({ code: undefined });
    expect(await ask(url, { extensions, variables: { n: 101 } })).toMatchObject({ code: 'QUERY_TOO_COMPLEX' });
  });
});

describe('registered operations over HTTP', () => {
  it('are 403 when they are none, also by GET', async () => {
    const { url } = await lockedDown();
    expect((await post(url, { query: '{ hello }' })).status).toBe(403);
    const headers = { 'apollo-require-preflight': 'yes' };
    const get = (search: Record<string, string>) => fetch(`${url}/graphql?${new URLSearchParams(search)}`, { headers });
    expect((await get({ query: '{hello}' })).status).toBe(403);
    expect(await (await get({ extensions: JSON.stringify(persisted(sha256(HELLO))) })).json()).toEqual({
      data: { hello: null },
    });
    expect((await get({ extensions: JSON.stringify(persisted(sha256(CHANGE))) })).status).toBe(405);
  });

  it('refuses another text under the id of a registered one', async () => {
    const { url } = await lockedDown();
    const response = await post(url, { query: '{ hello }', extensions: persisted(sha256(HELLO)) });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ message: 'provided sha does not match query' }] });
  });
});

describe('the manifest', () => {
  it.each<[string, unknown, string[]]>([
    ['is no JSON', '{', ['is no JSON']],
    ['has another form', { format: 'other', version: 2 }, ['format', 'version', 'operations']],
    [
      'holds a wrong id',
      wrapped([{ ...entry(HELLO, 'query', 'Hello'), id: 'abc' }]),
      ['Hello: its id must be the SHA-256'],
    ],
    ['holds one twice', wrapped([OPERATIONS[0], OPERATIONS[0]]), ['Hello: another operation has the same id']],
    [
      'holds several faults',
      wrapped([
        entry('query Nope { nope }', 'query', 'Nope'),
        entry('query Broken {', 'query', 'Broken'),
        entry('query A { hello } query B { hello }', 'query', 'A'),
        entry(HELLO, 'mutation', 'Hello'),
        entry('query Other { hello }', 'query', 'Mine'),
        entry('query Dear { things(first: 1000000) { nodes { name } } }', 'query', 'Dear'),
        entry(`query Deep { ${'thing { '.repeat(20)}name${' }'.repeat(20)} }`, 'query', 'Deep'),
      ]),
      [
        'Nope: Cannot query field "nope"',
        'Broken: Syntax Error',
        'A: its body must hold one operation',
        'Hello: its body is a query, not a mutation',
        'Mine: its body calls itself Other',
        'Dear: The operation has a cost',
        'Deep: The operation has levels of fields: 21; GRAPHQL_MAX_DEPTH',
      ],
    ],
  ])('is refused at the start when it %s, with all that is wrong', async (_what, content, problems) => {
    const file = await manifest(content);
    const started = startThings({ GRAPHQL_OPERATIONS: 'registered', GRAPHQL_OPERATIONS_FILE: file });
    const { code, message } = await started.then(
      () => ({ code: undefined, message: '' }),
      (error: { code: string; message: string }) => error,
    );
    expect(code).toBe('CONFIG_INVALID');
    for (const problem of problems) expect(message).toContain(problem);
  });

  it('must be there, and be wanted', async () => {
    await expect(startThings({ GRAPHQL_OPERATIONS: 'registered' })).rejects.toThrow('must be set together');
    await expect(startThings({ GRAPHQL_OPERATIONS_FILE: 'x.json' })).rejects.toThrow('must be set together');
    await expect(
      startThings({ GRAPHQL_OPERATIONS: 'registered', GRAPHQL_OPERATIONS_FILE: '/nowhere.json' }),
    ).rejects.toThrow('cannot be read (ENOENT)');
  });
});

describe('automatic persisted queries', () => {
  it('run by their hash once the text was sent with it', async () => {
    const { url } = await startThings();
    const extensions = persisted(sha256(HELLO));
    expect(await (await post(url, { extensions })).json()).toMatchObject({
      errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
    });
    expect(await (await post(url, { query: HELLO, extensions })).json()).toEqual({ data: { hello: null } });
    expect(await (await post(url, { extensions })).json()).toEqual({ data: { hello: null } });
    const headers = { 'apollo-require-preflight': 'yes' };
    const search = new URLSearchParams({ extensions: JSON.stringify(extensions) });
    expect(await (await fetch(`${url}/graphql?${search}`, { headers })).json()).toEqual({ data: { hello: null } });
    expect((await fetch(`${url}/graphql?${search}`)).status).toBe(400); // any page could send it
  });

  it('are not registered under the hash of another text', async () => {
    const { url } = await startThings();
    const extensions = persisted(sha256('{ hello }'));
    expect((await post(url, { query: HELLO, extensions })).status).toBe(400);
    expect(await (await post(url, { extensions })).json()).toMatchObject({
      errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
    });
  });

  it.each([{ toString: 1 }, 7, null, [], ''])('are none under the hash %j', async (hash) => {
    const { url } = await startThings();
    const response = await post(url, { extensions: persisted(hash) });
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] });
  });

  it('are not registered when they are beyond a limit', async () => {
    const { url } = await startThings({ GRAPHQL_MAX_DEPTH: '1' });
    const query = '{ thing { name } }';
    const extensions = persisted(sha256(query));
    expect((await post(url, { query, extensions })).status).toBe(400);
    expect(await (await post(url, { extensions })).json()).toMatchObject({
      errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
    });
  });

  it('are kept up to a size, those used last', async () => {
    const cache = new RecentQueries(100);
    await cache.set('a', 'a'.repeat(40));
    await cache.set('b', 'b'.repeat(40));
    expect(await cache.get('a')).toHaveLength(40);
    await cache.set('c', 'c'.repeat(40));
    expect(await cache.get('b')).toBeUndefined();
    expect(await cache.get('a')).toHaveLength(40);
    await cache.set('d', 'd'.repeat(101));
    expect(await cache.get('d')).toBeUndefined();
    expect(await cache.get('c')).toHaveLength(40);
  });
});
