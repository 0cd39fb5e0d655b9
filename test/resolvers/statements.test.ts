import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seedModel, seedStudy } from './seed.ts';
import { openApi, type TestApi } from './support.ts';

let api: TestApi;

beforeAll(async () => {
  api = await openApi();
  const modelVersionId = await seedModel(api.store);
  for (let study = 0; study < 50; study++) {
    await seedStudy(api.store, { modelVersionId, films: 1 + (study % 3) });
  }
});

afterAll(() => api?.[Symbol.asyncDispose]());

async function count(source: string, first: number): Promise<{ statements: number; data: unknown }> {
  api.statements.length = 0;
  const data = await api.data(source, { first });
  return { statements: api.statements.length, data };
}

describe('a page of studies with everything below', () => {
  const FLAT = `query ($first: Int!) { studies(first: $first) { edges { cursor node {
    id studyInstanceUid
    patient { id mrn issuer name birthDate sex }
    series { id modality study { id } }
    instances { id sopInstanceUid previewUrl byteLength series { id } study { id patient { id } } }
    inferences { id state timings { waitMs } warnings instance { id } modelVersion { id digest } }
    findings { id label probability positive codes { value } warnings heatMap { rows columns url } modelVersion { id } }
  } } pageInfo { hasNextPage } } }`;

  const NESTED = `query ($first: Int!) { studies(first: $first) { edges { node {
    patient { mrn }
    series { instances { sopInstanceUid inferences { state findings { label probability inference { id } study { id } } } } }
  } } } }`;

  test('costs 7 statements at most, for 10 studies as for 50', async () => {
    const ten = await count(FLAT, 10);
    const fifty = await count(FLAT, 50);
    expect(fifty.statements).toBe(ten.statements);
    expect(fifty.statements).toBeLessThanOrEqual(7);
    const { studies } = fifty.data as { studies: { edges: { node: { findings: unknown[] } }[] } };
    expect(studies.edges).toHaveLength(50);
    expect(studies.edges.flatMap(({ node }) => node.findings)).toHaveLength((17 + 34 + 48) * 14);
  });

  test('costs as little when it is walked series by series', async () => {
    const ten = await count(NESTED, 10);
    const fifty = await count(NESTED, 50);
    expect(fifty.statements).toBe(ten.statements);
    expect(fifty.statements).toBeLessThanOrEqual(6);
  });

  test('reads grids only when they are asked for, in one statement more', async () => {
    const without = await count('query ($first: Int!) { findings(first: $first) { nodes { label } } }', 50);
    expect(api.statements.join()).not.toContain('heatMapValues');
    const withGrids = await count(
      'query ($first: Int!) { findings(first: $first) { nodes { label heatMap { values } } } }',
      50,
    );
    expect(withGrids.statements).toBe(without.statements + 1);
  });

  test('costs one statement more for the total', async () => {
    const { statements, data } = await count('query ($first: Int!) { studies(first: $first) { totalCount } }', 10);
    expect(statements).toBe(2);
    expect(data).toEqual({ studies: { totalCount: 50 } });
  });
});
