import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  buildSchema,
  type GraphQLField,
  getIntrospectionQuery,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  isObjectType,
  parse,
  validate,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { shippedOperations, withCostTable } from '../../../scripts/operation-cost-table.ts';
import { loadConfig } from '../../../src/config.ts';
import { affordableCost, sizeErrors } from '../../../src/http/graphql/limits/check-operation.ts';
import { FIELD_COSTS } from '../../../src/http/graphql/limits/field-costs.ts';
import { costOf } from '../../../src/http/graphql/limits/operation-cost.ts';

const ROOT = resolve(import.meta.dirname, '..', '..', '..');
const schema = buildSchema(readFileSync(resolve(ROOT, 'schema.graphql'), 'utf8'));
const limits = loadConfig({}, {}).graphql;

function cost(text: string, variables?: Record<string, unknown>, operationName?: string): number {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  return costOf(schema, { document, operationName, variables });
}

describe('the table of costs', () => {
  const fields = new Map<string, GraphQLField<unknown, unknown>>(
    Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .flatMap((type) =>
        Object.values(type.getFields()).map((field) => [`${type.name}.${field.name}`, field] as const),
      ),
  );

  it('names fields that there are', () => {
    const names = Object.keys(FIELD_COSTS).filter((name) => !name.startsWith('*') && !name.startsWith('Query.__'));
    expect(names.filter((name) => !fields.has(name))).toEqual([]);
  });

  it('says how long each list of objects usually is, where its page is not asked for', () => {
    const lists = [...fields].filter(
      ([name, { type, args }]) =>
        !name.startsWith('__') &&
        !/Connection\.(edges|nodes)$/.test(name) &&
        isListType(getNullableType(type)) &&
        isCompositeType(getNamedType(type)) &&
        !args.some(({ name: argument }) => argument === 'first'),
    );
    const unknown = lists.map(([name]) => name).filter((name) => FIELD_COSTS[name]?.entries === undefined);
    expect(unknown).toEqual([]);
  });
});

describe('the cost of an operation', () => {
  it.each([
    ['a page of the usual size', '{ studies { nodes { id } } }', 5 + 50],
    ['the page that is asked for', '{ studies(first: 3) { nodes { id description } } }', 5 + 3],
    ['a page from the end', '{ studies(last: 4) { edges { cursor node { id } } pageInfo { endCursor } } }', 5 + 4],
    [
      'what is below each entry',
      '{ studies(first: 3) { nodes { patient { mrn } series { id } } } }',
      5 + 3 * (1 + 1 + 2),
    ],
    ['the total', '{ studies(first: 10) { totalCount } }', 5 + 10 * 20],
    ['grids', '{ findings(first: 10) { nodes { heatMap { values } } } }', 5 + 10 * (1 + 1 + 10)],
    ['a list with a page of its own', '{ patient(id: "1") { studies(first: 7) { id } } }', 1 + 7],
    ['other nodes', '{ remoteStudies(node: "pacs", patientId: "1", first: 20) { studies { patientId } } }', 200 + 20],
    [
      'the same twice under two names',
      '{ a: studies(first: 3) { nodes { id } } b: studies(first: 3) { nodes { id } } }',
      16,
    ],
    ['fragments', '{ studies(first: 3) { nodes { ...f ...f } } } fragment f on Study { patient { id } }', 5 + 3 * 3],
    [
      'the dearest of the types of an interface',
      '{ node(id: "1") { ... on Study { patient { id } series { id } } ... on Series { id } } }',
      1 + 3,
    ],
    ['what is left out', '{ studies(first: 3) { nodes { id patient @skip(if: true) { id } } } }', 5 + 3],
    ['no less than one entry', '{ studies(first: -5) { nodes { id } } }', 5 + 1],
  ])('counts %s', (_what, text, expected) => {
    expect(cost(text)).toBe(expected);
  });

  it('counts variables, and the operation that is to run', () => {
    const text = 'query A($n: Int = 9) { studies(first: $n) { nodes { id } } } query B { currentCursor }';
    expect(cost(text, { n: 100 }, 'A')).toBe(105);
    expect(cost(text, {}, 'A')).toBe(14);
    expect(cost(text, { n: 100 }, 'B')).toBe(0);
  });

  it('counts files, and studies to fetch', () => {
    const upload = 'mutation($f: [Upload!]!) { ingestInstances(files: $f) { results { duplicate } } }';
    expect(cost(upload, { f: [1, 2, 3] })).toBe(20 + 3);
    const priors =
      'mutation($n: Int!) { retrievePriorStudies(input: { node: "a", patientId: "1", first: $n }) { transfers { id } } }';
    expect(cost(priors, { n: 50 })).toBe(200 + 50);
  });

  it('lets the introspection of tools pass where it is on', () => {
    const text = getIntrospectionQuery({ schemaDescription: true, inputValueDeprecation: true, oneOf: true });
    expect(cost(text)).toBeLessThan(1000);
    expect(sizeErrors(parse(text), limits)).toEqual([]);
  });

  it('refuses what it cannot reckon: a variable or argument without a value that its type takes', () => {
    const document = parse('query($n: Int, $id: ID!) { studies(first: $n) { nodes { id } } node(id: $id) { id } }');
    const check = (variables: Record<string, unknown>) => () =>
      affordableCost(schema, { document, operationName: undefined, variables }, limits);
    for (const variables of [{}, { id: null }, { id: '1', n: 'many' }]) {
      expect(check(variables)).toThrow(
        expect.objectContaining({ extensions: expect.objectContaining({ code: 'BAD_USER_INPUT' }) }),
      );
    }
    expect(check({ id: '1' })()).toBe(56);
    // Valid by its types, since the variable has a default, and without a value all the same when null is given.
    const hole = parse('query($n: Int = 5) { changes(first: $n) { cursor } studies(first: 200) { nodes { id } } }');
    expect(validate(schema, hole)).toEqual([]);
    expect(() =>
      affordableCost(schema, { document: hole, operationName: undefined, variables: { n: null } }, limits),
    ).toThrow(expect.objectContaining({ extensions: expect.objectContaining({ code: 'BAD_USER_INPUT' }) }));
  });
});

describe('the operations that are shipped', () => {
  const operations = shippedOperations();

  it('are within the default limits', () => {
    expect(operations.length).toBeGreaterThan(15);
    for (const { document, name, variables } of operations) {
      expect(validate(schema, document).map(({ message }) => `${name}: ${message}`)).toEqual([]);
      expect(sizeErrors(document, limits)).toEqual([]);
      expect(affordableCost(schema, { document, operationName: undefined, variables }, limits)).toBeGreaterThanOrEqual(
        0,
      );
    }
  });

  it('are in the table of docs/api.md; `npm run operation-costs` makes it anew', () => {
    const guide = readFileSync(resolve(ROOT, 'docs', 'api.md'), 'utf8');
    expect(withCostTable(guide)).toBe(guide);
  });

  it('leave room for a page of 50 studies with everything below', () => {
    const everything = `{ studies(first: 50) { totalCount pageInfo { endCursor } edges { cursor node { id patient { mrn discrepancies { stated } }
      series { id instances { id previewUrl inferences { id error { code } timings { waitMs } modelVersion { id }
        findings { label codes { value } heatMap { url } modelVersion { digest } } } } } } } } }`;
    expect(cost(everything)).toBeLessThan(limits.maxCost);
  });
});
