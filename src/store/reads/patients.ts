/** Reads of patients. */
import { Prisma } from '../client.ts';
import { rowWhere } from './by-ids.ts';
import { equals, requireText } from './conditions.ts';
import { type Direction, type Page, type PageRequest, readPage } from './keyset.ts';
import { optionalTextOrder, timeOrder } from './orders.ts';
import type { Reader } from './scope.ts';
import { PATIENT_DISCREPANCIES, PATIENTS, type PatientRow } from './tables.ts';

/** Which patients. */
export interface PatientFilter {
  readonly mrn?: string | null;
  readonly issuer?: string | null;
  /** Beginning of one of the groups of the name, whatever its case. */
  readonly namePrefix?: string | null;
  readonly hasDiscrepancies?: boolean | null;
}

const ORDERS = {
  CREATED_AT: timeOrder<PatientRow>('CREATED_AT', PATIENTS.column('createdAt'), (row) => row.createdAt),
  NAME: optionalTextOrder<PatientRow>('NAME', PATIENTS.column('name'), (row) => row.name),
};

export type PatientOrderField = keyof typeof ORDERS;

/** One page of the visible patients. @throws GatewayError BAD_REQUEST, CURSOR_INVALID */
export async function listPatients(
  reader: Reader,
  filter: PatientFilter,
  order: { readonly field: PatientOrderField; readonly direction: Direction },
  page: PageRequest,
): Promise<Page<PatientRow>> {
  const conditions = [
    ...equals(PATIENTS.column('mrn'), filter.mrn),
    ...equals(PATIENTS.column('issuer'), filter.issuer),
    ...nameBeginsWith(filter.namePrefix),
    ...withDiscrepancies(filter.hasDiscrepancies, reader),
  ];
  const { field, direction } = order;
  return readPage(reader, { name: 'patients', table: PATIENTS, conditions, order: ORDERS[field], direction }, page);
}

/** The patient with a medical record number. */
export async function findPatient(reader: Reader, mrn: string, issuer: string): Promise<PatientRow | null> {
  return rowWhere(reader, PATIENTS, [
    ...equals(PATIENTS.column('mrn'), mrn),
    ...equals(PATIENTS.column('issuer'), issuer),
  ]);
}

/** Uses the indexes on lower(name) and its like with text_pattern_ops. */
function nameBeginsWith(prefix: string | null | undefined): Prisma.Sql[] {
  if (prefix === null || prefix === undefined || prefix === '') return [];
  const pattern = `${requireText(prefix).replace(/[\\%_]/g, '\\$&')}%`;
  const groups = (['name', 'nameIdeographic', 'namePhonetic'] as const).map(
    (group) => Prisma.sql`lower(${PATIENTS.column(group)}) LIKE lower(${pattern})`,
  );
  return [Prisma.sql`(${Prisma.join(groups, ' OR ')})`];
}

/** Only visible discrepancies count: of a patient who is visible by one study, those of its other studies are not. */
function withDiscrepancies(wanted: boolean | null | undefined, { scope }: Reader): Prisma.Sql[] {
  if (wanted === null || wanted === undefined) return [];
  const ofPatient = Prisma.sql`${PATIENT_DISCREPANCIES.column('patientId')} = ${PATIENTS.column('id')}`;
  const exists = Prisma.sql`EXISTS (
    SELECT 1 FROM ${PATIENT_DISCREPANCIES.from}
    WHERE ${Prisma.join([ofPatient, ...PATIENT_DISCREPANCIES.visible(scope)], ' AND ')}
  )`;
  return [wanted ? exists : Prisma.sql`NOT ${exists}`];
}
