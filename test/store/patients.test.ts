import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstanceRecord } from '../../src/store/instance-records.ts';
import type { Store } from '../../src/store/store.ts';
import { activeModel, instanceRecord, recordFilm } from '../support/records.ts';
import { openTestStore, type TestStore } from '../support/store.ts';

let database: TestStore;
let store: Store;

beforeEach(async () => {
  database = await openTestStore();
  store = database.store;
  await activeModel(store);
});

afterEach(() => database[Symbol.asyncDispose]());

type PatientOf = InstanceRecord['patient'];

const FULL = {
  name: 'YAMADA^TAROU',
  nameIdeographic: '山田^太郎',
  namePhonetic: null,
  birthDate: '1970-01-31',
  sex: 'MALE',
} as const;
const SILENT = { name: null, nameIdeographic: null, namePhonetic: null, birthDate: null, sex: null } as const;

/** A film of another study of the patient with this number. */
function film(patient: Partial<PatientOf>): InstanceRecord {
  return { ...instanceRecord(), patient: { mrn: 'M-1', issuer: 'TEST', ...SILENT, ...patient } };
}

const discrepancies = async () =>
  (await store.prisma.patientDiscrepancy.findMany({ orderBy: { attribute: 'asc' } })).map(
    ({ attribute, recorded, stated }) => [attribute, recorded, stated],
  );

const theOnlyPatient = async () => {
  const [patient, ...others] = await store.prisma.patient.findMany();
  expect(others).toEqual([]);
  return patient;
};

describe('a second film of a patient', () => {
  it.each<[string, Partial<PatientOf>]>([
    ['says the same', FULL],
    ['says nothing', SILENT],
    ['differs in case, spaces and trailing delimiters', { ...FULL, name: 'Yamada ^ tarou^^ ' }],
    ['writes the name in full-width letters', { ...FULL, name: 'ＹＡＭＡＤＡ^ＴＡＲＯＵ' }],
    ['gives one group of the name', { nameIdeographic: '山田^太郎' }],
  ])('that %s leaves no discrepancy', async (_, patient) => {
    await recordFilm(store, film(FULL));
    await recordFilm(store, film(patient));
    expect(await discrepancies()).toEqual([]);
    expect(await theOnlyPatient()).toMatchObject({ name: 'YAMADA^TAROU', sex: 'MALE' });
  });

  it.each<[string, Partial<PatientOf>, string[][]]>([
    ['name', { ...FULL, name: 'SATO^TAROU' }, [['NAME', 'YAMADA^TAROU=山田^太郎', 'SATO^TAROU=山田^太郎']]],
    ['ideographic name', { nameIdeographic: '佐藤^太郎' }, [['NAME', 'YAMADA^TAROU=山田^太郎', '=佐藤^太郎']]],
    ['birth date', { birthDate: '1971-01-31' }, [['BIRTH_DATE', '1970-01-31', '1971-01-31']]],
    ['sex', { sex: 'FEMALE' }, [['SEX', 'MALE', 'FEMALE']]],
    [
      'everything',
      { name: 'DOE', birthDate: '1950-02-01', sex: 'OTHER' },
      [
        ['NAME', 'YAMADA^TAROU=山田^太郎', 'DOE'],
        ['BIRTH_DATE', '1970-01-31', '1950-02-01'],
        ['SEX', 'MALE', 'OTHER'],
      ],
    ],
  ])('that contradicts the %s is kept, flagged, and changes nothing', async (_, patient, expected) => {
    await recordFilm(store, film(FULL));
    const { instanceId } = await recordFilm(store, film(patient));
    expect(await discrepancies()).toEqual(expected);
    expect(await store.prisma.patientDiscrepancy.count({ where: { instanceId } })).toBe(expected.length);
    expect(await theOnlyPatient()).toMatchObject({ name: 'YAMADA^TAROU', nameIdeographic: '山田^太郎', sex: 'MALE' });
  });

  it('that agrees fills what the record lacks', async () => {
    await recordFilm(store, film({ name: 'YAMADA^TAROU' }));
    await recordFilm(store, film(FULL));
    expect(await discrepancies()).toEqual([]);
    expect(await theOnlyPatient()).toMatchObject({
      nameIdeographic: '山田^太郎',
      birthDate: new Date('1970-01-31T00:00:00Z'),
      sex: 'MALE',
    });
  });

  it('that contradicts one thing fills nothing: it may be the film of somebody else', async () => {
    await recordFilm(store, film({ name: 'YAMADA^TAROU' }));
    await recordFilm(store, film({ ...FULL, name: 'SATO^HANAKO', sex: 'FEMALE' }));
    expect(await theOnlyPatient()).toMatchObject({ sex: null, birthDate: null, nameIdeographic: null });
    expect(await discrepancies()).toHaveLength(1);
  });
});

it('of films that fill the same gap differently at once, one fills it and the others are flagged', async () => {
  await recordFilm(store, film({ name: 'YAMADA^TAROU' }));
  const dates = ['1970-01-01', '1971-01-01', '1972-01-01', '1973-01-01'];
  await Promise.all(dates.map((birthDate) => recordFilm(store, film({ birthDate }))));
  const patient = await theOnlyPatient();
  const kept = patient?.birthDate?.toISOString().slice(0, 10);
  const flagged = (await discrepancies()).map(([, recorded, stated]) => [recorded, stated]);
  expect(flagged.sort()).toEqual(dates.filter((date) => date !== kept).map((date) => [kept, date]));
});

it('a film that is sent again is not flagged twice', async () => {
  await recordFilm(store, film(FULL));
  const record = film({ sex: 'FEMALE' });
  await Promise.all([recordFilm(store, record), recordFilm(store, record)]);
  expect(await discrepancies()).toHaveLength(1);
});

it('the same person under another number is another patient', async () => {
  await recordFilm(store, film(FULL));
  await recordFilm(store, film({ ...FULL, mrn: 'M-2' }));
  expect(await store.prisma.patient.count()).toBe(2);
  expect(await discrepancies()).toEqual([]);
});
