import { describe, expect, test } from 'vitest';
import { modelManifestSchema } from '../../../src/inference/manifest.ts';
import { cardOf } from '../../../src/inference/model-card/model-card.ts';
import { SOURCE_ATTRIBUTES, SOURCE_HEADINGS } from '../../../src/inference/model-card/source-attributes.ts';
import { shippedModel } from '../support.ts';

const all = Object.fromEntries(SOURCE_ATTRIBUTES.map(({ key, name }) => [key, `What is said of: ${name}.`]));

test('there are 31 attributes in nine headings, numbered in the order of the rule', () => {
  expect(SOURCE_HEADINGS.map(({ number, attributes }) => [number, attributes.length])).toEqual([
    ...[1, 2, 3, 4, 5].map((number, index) => [number, [4, 4, 2, 4, 2][index]]),
    ...[6, 7, 8, 9].map((number, index) => [number, [4, 5, 4, 2][index]]),
  ]);
  expect(SOURCE_ATTRIBUTES.map(({ number }) => number).join(' ')).toBe(
    '1(a) 1(b) 1(c) 1(d) 2(a) 2(b) 2(c) 2(d) 3(a) 3(b) 4(a) 4(b) 4(c) 4(d) 5(a) 5(b) 6(a) 6(b) 6(c) 6(d) ' +
      '7(a) 7(b) 7(c) 7(d) 7(e) 8(a) 8(b) 8(c) 8(d) 9(a) 9(b)',
  );
  expect(SOURCE_ATTRIBUTES).toHaveLength(31);
  expect(new Set(SOURCE_ATTRIBUTES.map(({ key }) => key)).size).toBe(31);
  for (const { key } of SOURCE_ATTRIBUTES) expect(key).toMatch(/^[a-z]+([A-Z][a-z]+)*$/);
});

describe('the card of a manifest', () => {
  test('lists what is missing, in order', () => {
    const { demographicInputs: _, fairnessLocal: __, ...card } = all;
    const { headings, missing, complete } = cardOf({ card });
    expect(missing.map((line) => line.slice(0, 4))).toEqual(['4(b)', '8(d)']);
    expect(missing[1]).toBe('8(d) Fairness in local data');
    expect(complete).toBe(false);
    expect(headings[3]?.attributes[1]).toMatchObject({ number: '4(b)', key: 'demographicInputs', value: null });
    expect(headings[0]?.attributes[0]?.value).toBe('What is said of: Name and contact information of the developer.');
  });

  test('is complete with all of them', () => {
    expect(cardOf({ card: all })).toMatchObject({ missing: [], complete: true });
  });

  test.each([
    ['null', null],
    ['no object', 'manifest'],
    ['without card', {}],
    ['with a card of another form', { card: 'a text' }],
    ['with values that say nothing', { card: { developer: ' ', output: 1 } }],
    ['with inherited names only', { card: Object.create(all) }],
  ])('a manifest that is %s misses all', (_, manifest) => {
    expect(cardOf(manifest).missing).toHaveLength(31);
  });
});

describe('`card` of the manifest', () => {
  const problems = async (card: unknown) => {
    const { manifest } = await shippedModel();
    const parsed = modelManifestSchema.safeParse({ ...manifest, card });
    return parsed.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
  };

  test('may be absent, and take all attributes, up to 4,000 characters each', async () => {
    expect(await problems(undefined)).toEqual([]);
    expect(await problems({})).toEqual([]);
    expect(await problems(all)).toEqual([]);
    expect(await problems({ developer: 'x'.repeat(4000) })).toEqual([]);
    expect(await problems({ developer: 'x'.repeat(4001) })).toEqual([expect.stringContaining('card.developer: ')]);
  });

  test('refuses what is none of the 31', async () => {
    expect(await problems({ developper: 'A misspelt key.' })).toEqual([expect.stringContaining('developper')]);
  });

  test.each(['', '   ', '-', '?', 'unknown', 'Not available.', 'N/A', 'TBD', 'none', 'missing', ' Unknown '])(
    'refuses %j, which would look like a statement',
    async (value) => {
      expect((await problems({ fundingSource: value })).length).toBeGreaterThan(0);
    },
  );

  test('takes a sentence that says there is nothing', async () => {
    expect(await problems({ fundingSource: 'Not published by the developer.' })).toEqual([]);
    expect(await problems({ demographicInputs: 'None of them is an input.' })).toEqual([]);
  });
});
