/** Each read on its own keeps to the scope of its reader, whatever ids it is given. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsByIds } from '../../../src/store/reads/by-ids.ts';
import * as children from '../../../src/store/reads/children.ts';
import type { Table } from '../../../src/store/reads/define-table.ts';
import { heatMapValues } from '../../../src/store/reads/heat-maps.ts';
import { type AccessScope, type Reader, scopeKey, UNRESTRICTED } from '../../../src/store/reads/scope.ts';
import { studiesByUids } from '../../../src/store/reads/studies.ts';
import * as tables from '../../../src/store/reads/tables.ts';
import { type Marked, NORTH, SOUTH, seedWorld, type World } from '../../access/world.ts';
import { openTestStore, type TestStore } from '../../support/store.ts';

type AnyTable = Table<{ readonly id: string }>;
type AnyRelation = children.Relation<{ readonly id: string }>;

let database: TestStore;
let world: World;

beforeAll(async () => {
  database = await openTestStore();
  world = await seedWorld(database.store);
});

afterAll(() => database?.[Symbol.asyncDispose]());

const reader = (scope: Partial<AccessScope>): Reader =>
  database.store.reads({ ...UNRESTRICTED, subject: 'reader', openings: false, ...scope });

/** One row of each table that belongs to a study. */
async function rowsOf(study: Marked): Promise<readonly (readonly [AnyTable, string])[]> {
  const { prisma } = database.store;
  const discrepancy = await prisma.patientDiscrepancy.findFirstOrThrow({
    where: { instanceId: study.instances[0]?.id ?? '' },
  });
  const transfer = await prisma.dicomTransfer.findFirstOrThrow({ where: { studyInstanceUid: study.studyInstanceUid } });
  const rows = [
    [tables.PATIENTS, study.patientId],
    [tables.STUDIES, study.studyId],
    [tables.SERIES, study.seriesId],
    [tables.INSTANCES, study.instances[0]?.id ?? ''],
    [tables.INFERENCES, study.instances[0]?.inferenceId ?? ''],
    [tables.FINDINGS, study.findingId],
    [tables.PATIENT_DISCREPANCIES, discrepancy.id],
    [tables.DICOM_TRANSFERS, transfer.id],
  ] as const;
  return rows as unknown as readonly (readonly [AnyTable, string])[];
}

/** Every relation below the rows of a study, with its parent. */
const relationsOf = (study: Marked) => {
  const below: readonly (readonly [string, readonly unknown[]])[] = [
    [study.patientId, [children.STUDIES_OF_PATIENT, children.DISCREPANCIES_OF_PATIENT]],
    [
      study.studyId,
      [
        children.SERIES_OF_STUDY,
        children.INSTANCES_OF_STUDY,
        children.INFERENCES_OF_STUDY,
        children.FINDINGS_OF_STUDY,
        children.findingsOfStudyBySign(true),
      ],
    ],
    [study.seriesId, [children.INSTANCES_OF_SERIES]],
    [study.instances[0]?.id ?? '', [children.INFERENCES_OF_INSTANCE]],
    [study.instances[0]?.inferenceId ?? '', [children.FINDINGS_OF_INFERENCE]],
  ];
  return below.flatMap(([parent, relations]) =>
    relations.map((relation) => [parent, relation as AnyRelation] as const),
  );
};

/** How many rows of a study each read finds. */
async function found(scope: Partial<AccessScope>, study: Marked): Promise<readonly number[]> {
  const reads = reader(scope);
  const rows = (await rowsOf(study)).map(
    async ([table, id]) => (await rowsByIds(reads, table, [id])).filter((row) => row !== null).length,
  );
  const below = relationsOf(study).map(
    async ([parent, relation]) => (await children.childrenOf(reads, relation, [parent], 1000)).flat().length,
  );
  const grids = heatMapValues(reads, [study.findingId]).then(([values]) => values?.length ?? 0);
  const byUid = studiesByUids(reads, [study.studyInstanceUid]).then(([row]) => (row === null ? 0 : 1));
  return Promise.all([...rows, ...below, grids, byUid]);
}

const none = (counts: readonly number[]) => counts.every((count) => count === 0);
const all = (counts: readonly number[]) => counts.every((count) => count > 0);

describe('a scope', () => {
  it('of every issuer sees all, and of none nothing', async () => {
    for (const study of [world.north, world.south]) {
      expect(await found({}, study)).toSatisfy(all);
      expect(await found({ issuers: [] }, study)).toSatisfy(none);
    }
  });

  it('of an issuer sees its patients and nothing of others', async () => {
    expect(await found({ issuers: [NORTH] }, world.north)).toSatisfy(all);
    expect(await found({ issuers: [NORTH] }, world.south)).toSatisfy(none);
    expect(await found({ issuers: [NORTH, SOUTH] }, world.south)).toSatisfy(all);
  });

  it('of a study sees it and not the other studies of its patient', async () => {
    const scope = { issuers: [], studies: [world.north.studyInstanceUid] };
    expect(await found(scope, world.north)).toSatisfy(all);
    expect(await found(scope, world.south)).toSatisfy(none);
    const [patient, ...rest] = await found(scope, world.northToo);
    expect(patient).toBe(1);
    // Below the patient there are the granted study and its discrepancy; nothing of the study that is asked for.
    const [studies, discrepancies] = rest.slice(7, 9);
    expect([studies, discrepancies]).toEqual([1, 1]);
    expect([...rest.slice(0, 7), ...rest.slice(9)]).toSatisfy(none);
  });

  it('without shadow readings sees none of them', async () => {
    const { prisma } = database.store;
    const { instances } = world.southToo;
    const inferenceId = instances[0]?.inferenceId ?? '';
    await prisma.inference.update({ where: { id: inferenceId }, data: { shadow: true } });
    await prisma.finding.updateMany({ where: { inferenceId }, data: { shadow: true } });
    const finding = await prisma.finding.findFirstOrThrow({ where: { inferenceId } });
    for (const [shadow, expected] of [
      [true, 1],
      [false, 0],
    ] as const) {
      const reads = reader({ shadow });
      const count = (rows: readonly unknown[]) => rows.filter((row) => row !== null).length;
      expect(count(await rowsByIds(reads, tables.INFERENCES, [inferenceId]))).toBe(expected);
      expect(count(await rowsByIds(reads, tables.FINDINGS, [finding.id]))).toBe(expected);
      expect((await heatMapValues(reads, [finding.id])).flat().length > 0).toBe(shadow);
      expect(
        (await children.childrenOf(reads, children.FINDINGS_OF_INFERENCE, [inferenceId], 50)).flat().length > 0,
      ).toBe(shadow);
    }
  });
});

describe('scopeKey', () => {
  it('is equal for scopes that see the same, and for no others', () => {
    const scope: AccessScope = {
      subject: 'a',
      issuers: ['X', 'Y'],
      studies: ['1', '2'],
      shadow: false,
      openings: false,
    };
    expect(scopeKey({ ...scope, issuers: ['Y', 'X'], studies: ['2', '1'] })).toBe(scopeKey(scope));
    expect(scopeKey({ ...scope, subject: 'b', issuers: 'ALL' })).toBe(
      scopeKey({ ...scope, issuers: 'ALL', studies: [] }),
    );
    const others: Partial<AccessScope>[] = [
      { subject: 'b' },
      { issuers: ['X'] },
      { issuers: 'ALL' },
      { issuers: ['ALL'] },
      { issuers: ['X,Y'] },
      { studies: [] },
      { shadow: true },
      { openings: true },
    ];
    const keys = [scope, ...others.map((other) => ({ ...scope, ...other }))].map(scopeKey);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
