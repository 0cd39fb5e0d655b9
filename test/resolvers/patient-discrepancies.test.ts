import { afterAll, beforeAll, expect, test } from 'vitest';
import { toGlobalId } from '../../src/schema/global-id.ts';
import { type SeededStudy, seedModel, seedStudy } from './seed.ts';
import { openApi, type TestApi } from './support.ts';

let api: TestApi;
let flagged: SeededStudy;

beforeAll(async () => {
  api = await openApi();
  const modelVersionId = await seedModel(api.store);
  flagged = await seedStudy(api.store, { modelVersionId, patient: { mrn: 'FLAGGED' }, films: 2 });
  await seedStudy(api.store, { modelVersionId, patient: { mrn: 'CLEAR' } });
  const { patientId } = flagged;
  await api.store.prisma.patient.update({
    where: { id: patientId },
    data: { nameIdeographic: '山田^太郎', namePhonetic: 'やまだ^たろう' },
  });
  const [first, second] = flagged.instances;
  const rows = [
    {
      instanceId: first?.id ?? '',
      attribute: 'SEX' as const,
      recorded: 'FEMALE',
      stated: 'MALE',
      createdAt: new Date('2026-01-01'),
    },
    {
      instanceId: second?.id ?? '',
      attribute: 'NAME' as const,
      recorded: 'DOE^JANE',
      stated: 'ROE^JANE',
      createdAt: new Date('2026-01-02'),
    },
  ];
  await api.store.prisma.patientDiscrepancy.createMany({ data: rows.map((row) => ({ ...row, patientId })) });
});

afterAll(() => api?.[Symbol.asyncDispose]());

test('a patient shows what films say otherwise, newest first, with the film', async () => {
  const { patient } = await api.data<{ patient: unknown }>(
    `query ($id: ID) { patient(id: $id) { name nameIdeographic namePhonetic
      discrepancies { attribute recorded stated createdAt instance { sopInstanceUid } } } }`,
    { id: toGlobalId('Patient', flagged.patientId) },
  );
  const [first, second] = flagged.instances;
  expect(patient).toEqual({
    name: 'DOE^JANE',
    nameIdeographic: '山田^太郎',
    namePhonetic: 'やまだ^たろう',
    discrepancies: [
      {
        attribute: 'NAME',
        recorded: 'DOE^JANE',
        stated: 'ROE^JANE',
        createdAt: new Date('2026-01-02'),
        instance: { sopInstanceUid: second?.sopInstanceUid },
      },
      {
        attribute: 'SEX',
        recorded: 'FEMALE',
        stated: 'MALE',
        createdAt: new Date('2026-01-01'),
        instance: { sopInstanceUid: first?.sopInstanceUid },
      },
    ],
  });
});

test.each<[Record<string, unknown>, string[]]>([
  [{ hasDiscrepancies: true }, ['FLAGGED']],
  [{ hasDiscrepancies: false }, ['CLEAR']],
  [{ namePrefix: '山田' }, ['FLAGGED']],
  [{ namePrefix: 'やま' }, ['FLAGGED']],
  [{ namePrefix: 'doe' }, ['CLEAR', 'FLAGGED']],
  [{ namePrefix: '太郎' }, []],
])('patients with %j', async (filter, expected) => {
  const source = 'query ($filter: PatientFilter) { patients(filter: $filter) { nodes { mrn } totalCount } }';
  const { patients } = await api.data<{ patients: { nodes: { mrn: string }[]; totalCount: number } }>(source, {
    filter,
  });
  expect(patients.nodes.map(({ mrn }) => mrn).sort()).toEqual(expected);
  expect(patients.totalCount).toBe(expected.length);
});

test('discrepancies of many patients cost one statement, and their films another', async () => {
  api.statements.length = 0;
  await api.data('{ patients { nodes { mrn discrepancies { stated instance { id } } } } }');
  expect(api.statements).toHaveLength(3);
});
