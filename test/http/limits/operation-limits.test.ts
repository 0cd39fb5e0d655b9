import { describe, expect, it } from 'vitest';
import { post, startThings, TRANSPORTS } from './support.ts';

const nested = (levels: number) => `{ ${'thing { '.repeat(levels - 1)}name${' }'.repeat(levels - 1)} }`;
const aliased = (count: number) => `{ thing { ${Array.from({ length: count }, (_, i) => `n${i}: name`).join(' ')} } }`;
const spread = (count: number) =>
  `{ thing { ${Array.from({ length: count }, (_, i) => `t${i}: thing { ...f }`).join(' ')} } } fragment f on Thing { name @skip(if: false) }`;
const roots = (count: number) => `mutation { ${Array.from({ length: count }, () => 'change').join(' ')} }`;
const page = (first: number) => `{ things(first: ${first}) { nodes { name } } }`;

const LIMITS: readonly [string, string, number, string, string, number][] = [
  ['GRAPHQL_MAX_DEPTH', 'levels', 5, nested(5), nested(6), 6],
  ['GRAPHQL_MAX_ALIASES', 'aliases', 7, aliased(7), aliased(8), 8],
  ['GRAPHQL_MAX_DIRECTIVES', 'directives within spread fragments', 3, spread(3), spread(4), 4],
  ['GRAPHQL_MAX_ROOT_FIELDS', 'fields of the root', 4, roots(4), roots(5), 5],
  ['GRAPHQL_MAX_COST', 'the cost', 105, page(100), page(101), 106],
];

describe.each(TRANSPORTS)('over %s', (transport, ask) => {
  it.each(LIMITS)('%s: %s', async (setting, _what, allowed, within, beyond, found) => {
    const { url } = await startThings({ [setting]: String(allowed) });
    const passed = await ask(url, { query: within });
    expect(passed).toMatchObject({ code: undefined, message: undefined });
    const { extensions, message } = await ask(url, { query: beyond });
    expect(extensions).toMatchObject({ code: 'QUERY_TOO_COMPLEX', retryable: false, limit: setting, found, allowed });
    expect(message).toContain(`${setting} allows ${allowed}`);
  });

  it('counts the page that a variable asks for', async () => {
    const { url } = await startThings({ GRAPHQL_MAX_COST: '105' });
    const query = 'query($n: Int) { things(first: $n) { nodes { name } } }';
    expect(await ask(url, { query, variables: { n: 100 } })).toMatchObject({ code: undefined });
    expect(await ask(url, { query, variables: { n: 101 } })).toMatchObject({ code: 'QUERY_TOO_COMPLEX' });
  });

  it('counts subscriptions too', async () => {
    const within = await startThings({ GRAPHQL_MAX_COST: '20' });
    if (transport === 'WebSocket') {
      const { data } = await ask(within.url, { query: 'subscription { quiet }' });
      expect(data).toEqual({ quiet: 'begun' });
    }
    const beyond = await startThings({ GRAPHQL_MAX_COST: '19' });
    expect(await ask(beyond.url, { query: 'subscription { quiet }' })).toMatchObject({ code: 'QUERY_TOO_COMPLEX' });
  });

  it('refuses tokens beyond the limit', async () => {
    const { url } = await startThings({ GRAPHQL_MAX_TOKENS: '100' });
    expect(await ask(url, { query: `{ ${'hello '.repeat(98)} }` })).toMatchObject({ code: 'QUERY_TOO_COMPLEX' }); // 20 at the root
    expect(await ask(url, { query: `{ ${'hello '.repeat(99)} }` })).toMatchObject({ code: 'GRAPHQL_PARSE_FAILED' });
  });

  it.each([
    ['spread each other into more fields than there is memory', bomb(80), 'QUERY_TOO_COMPLEX'],
    [
      'go round in circles',
      '{ thing { ...a } } fragment a on Thing { thing { ...b } } fragment b on Thing { thing { ...a } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'go round in circles and multiply',
      '{ thing { ...a } } fragment a on Thing { x: thing { ...b ...b } } fragment b on Thing { y: thing { ...a ...a } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
  ])('answers at once to fragments that %s', async (_what, query, code) => {
    const { url } = await startThings({ GRAPHQL_MAX_DEPTH: '1000' });
    const began = performance.now();
    expect(await ask(url, { query })).toMatchObject({ code });
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it('refuses an argument that has no value, since nobody knows what the rest costs', async () => {
    const { url } = await startThings({ GRAPHQL_MAX_COST: '10' });
    const query = 'query($n: Int = 1) { number(n: $n) things(first: 1000) { nodes { name } } }';
    expect(await ask(url, { query, variables: { n: null } })).toMatchObject({
      code: 'BAD_USER_INPUT',
      data: undefined,
    });
  });

  it('hides the names that were nearly right where introspection is off', async () => {
    const { url } = await startThings();
    for (const operation of [
      { query: '{ helo }' },
      { query: '{ thing { nam } }' },
      { query: 'query($x: Thin) { hello }' },
      { query: '{ thing(idd: 1) { name } }' },
    ]) {
      const { message } = await ask(url, operation);
      expect(message).toMatch(/^(Cannot query field|Unknown)/);
      expect(message).not.toContain('mean');
    }
    const open = await startThings({ GRAPHQL_INTROSPECTION: 'on' });
    expect((await ask(open.url, { query: '{ helo }' })).message).toContain('Did you mean "hello"?');
  });

  it('tells the schema only where introspection is on', async () => {
    const query = '{ __schema { queryType { name } } }';
    expect(await ask((await startThings()).url, { query })).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED' });
    expect(await ask((await startThings({ GRAPHQL_INTROSPECTION: 'on' })).url, { query })).toMatchObject({
      data: { __schema: { queryType: { name: 'Query' } } },
    });
  });

  it.each([
    ['names no operation of the document', { query: 'query A { hello } query B { hello }', operationName: 'C' }],
    ['names none of several', { query: 'query A { hello } query B { hello }' }],
    ['names the only one, which has no name', { query: '{ hello }', operationName: 'A' }],
  ])('refuses a request that %s', async (_what, operation) => {
    const { url } = await startThings();
    const { code, data } = await ask(url, operation);
    expect(code).toBeDefined();
    expect(code).not.toBe('INTERNAL');
    expect(data).toBeUndefined();
  });
});

/** Each fragment spreads the next twice, on two levels of its own. */
function bomb(fragments: number): string {
  const all = Array.from(
    { length: fragments },
    (_, i) => `fragment f${i} on Thing { thing { ...f${i + 1} } thing { ...f${i + 1} } }`,
  );
  return `{ thing { ...f0 } } ${all.join(' ')} fragment f${fragments} on Thing { name }`;
}

describe('over HTTP', () => {
  it.each([
    ['one', [{ query: '{ hello }' }]],
    ['two', [{ query: '{ hello }' }, { query: '{ hello }' }]],
    ['none', []],
  ])('refuses a batch of %s', async (_what, body) => {
    const { url } = await startThings();
    const response = await post(url, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  it('answers 400 to what is too complex', async () => {
    const { url } = await startThings({ GRAPHQL_MAX_COST: '10', GRAPHQL_MAX_DEPTH: '3' });
    expect((await post(url, { query: page(100) })).status).toBe(400);
    expect((await post(url, { query: nested(4) })).status).toBe(400);
  });
});
