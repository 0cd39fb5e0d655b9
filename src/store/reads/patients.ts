/** Reads of patients. */
import { Prisma, type PrismaClient } from '../client.ts';
import { rowWhere } from './by-ids.ts';
import { equals, requireText } from './conditions.ts';
import { type Direction, type Page, type PageRequest, readPage } from './keyset.ts';
import { optionalTextOrder, timeOrder } from './orders.ts';
import { PATIENTS, type PatientRow } from './tables.ts';

/** Which patients. */
export interface PatientFilter {
  readonly mrn?: string | null;
  readonly issuer?: string | null;
  /** Beginning of the name, whatever its case. */
  readonly namePrefix?: string | null;
}

const ORDERS = {
  CREATED_AT: timeOrder<PatientRow>('CREATED_AT', PATIENTS.column('createdAt'), (row) => row.createdAt),
  NAME: optionalTextOrder<PatientRow>('NAME', PATIENTS.column('name'), (row) => row.name),
};

export type PatientOrderField = keyof typeof ORDERS;

/** @throws GatewayError BAD_REQUEST, CURSOR_INVALID */
export async function listPatients(
  prisma: PrismaClient,
  filter: PatientFilter,
  order: { readonly field: PatientOrderField; readonly direction: Direction },
  page: PageRequest,
): Promise<Page<PatientRow>> {
  const conditions = [
    ...equals(PATIENTS.column('mrn'), filter.mrn),
    ...equals(PATIENTS.column('issuer'), filter.issuer),
    ...beginsWith(PATIENTS.column('name'), filter.namePrefix),
  ];
  const { field, direction } = order;
  return readPage(prisma, { name: 'patients', table: PATIENTS, conditions, order: ORDERS[field], direction }, page);
}

/** The patient with a medical record number. */
export async function findPatient(prisma: PrismaClient, mrn: string, issuer: string): Promise<PatientRow | null> {
  return rowWhere(prisma, PATIENTS, [
    ...equals(PATIENTS.column('mrn'), mrn),
    ...equals(PATIENTS.column('issuer'), issuer),
  ]);
}

/** Uses the index on lower(name) with text_pattern_ops. */
function beginsWith(column: Prisma.Sql, prefix: string | null | undefined): Prisma.Sql[] {
  if (prefix === null || prefix === undefined || prefix === '') return [];
  const pattern = `${requireText(prefix).replace(/[\\%_]/g, '\\$&')}%`;
  return [Prisma.sql`lower(${column}) LIKE lower(${pattern})`];
}
