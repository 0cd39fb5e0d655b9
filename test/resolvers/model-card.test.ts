/** `ModelVersion.card`. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toGlobalId } from '../../src/schema/global-id.ts';
import { MANIFEST, seedModel } from './seed.ts';
import { openApi, type TestApi } from './support.ts';

const CARD = `query ($id: ID!) { modelVersion(id: $id) { state card {
  complete missing headings { number name attributes { number key name value } } } } }`;

interface Answer {
  readonly modelVersion: {
    readonly state: string;
    readonly card: {
      readonly complete: boolean;
      readonly missing: readonly string[];
      readonly headings: readonly {
        readonly number: number;
        readonly name: string;
        readonly attributes: readonly {
          readonly number: string;
          readonly key: string;
          readonly value: string | null;
        }[];
      }[];
    };
  };
}

let api: TestApi;

beforeAll(async () => {
  api = await openApi();
});

afterAll(() => api?.[Symbol.asyncDispose]());

it.each(['CLINICIAN', 'TECHNOLOGIST', 'AUDITOR', 'ADMIN', 'INTEGRATION'] as const)(
  'shows %s the registered attributes in nine headings, and what is missing',
  async (role) => {
    const id = await seedModel(api.store, `1.0.0-${role}`, false);
    const card = { developer: 'House of tests, +1 555 0100', knownRisks: 'Small findings are not seen.' };
    await api.store.prisma.modelVersion.update({ where: { id }, data: { manifest: { ...MANIFEST, card } } });
    const { modelVersion } = await api.as({ roles: [role] }).data<Answer>(CARD, { id: toGlobalId('ModelVersion', id) });
    const { complete, missing, headings } = modelVersion.card;
    expect(complete).toBe(false);
    expect(missing).toHaveLength(29);
    expect(missing[0]).toBe('1(b) Funding source of the technical implementation');
    expect(headings.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const attributes = headings.flatMap((heading) => heading.attributes);
    expect(attributes).toHaveLength(31);
    expect(attributes.filter(({ value }) => value !== null)).toEqual([
      {
        number: '1(a)',
        key: 'developer',
        name: 'Name and contact information of the developer',
        value: 'House of tests, +1 555 0100',
      },
      {
        number: '3(b)',
        key: 'knownRisks',
        name: 'Known risks, inappropriate settings, inappropriate uses or known limitations',
        value: 'Small findings are not seen.',
      },
    ]);
  },
);

it('a version that was in use before there were cards stays in use, and misses all', async () => {
  const id = await seedModel(api.store, '0.9.0');
  const { modelVersion } = await api.data<Answer>(CARD, { id: toGlobalId('ModelVersion', id) });
  expect(modelVersion.state).toBe('ACTIVE');
  expect(modelVersion.card.missing).toHaveLength(31);
});
