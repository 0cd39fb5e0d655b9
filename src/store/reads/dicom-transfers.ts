/** Reads of transfers from and to other DICOM nodes. */
import type { DicomTransferState } from '../generated/enums.ts';
import { equals, oneOf } from './conditions.ts';
import { type Direction, type Page, type PageRequest, readPage } from './keyset.ts';
import { timeOrder } from './orders.ts';
import type { Reader } from './scope.ts';
import { DICOM_TRANSFERS, type DicomTransferRow } from './tables.ts';

/** Which transfers. */
export interface DicomTransferFilter {
  readonly states?: readonly DicomTransferState[] | null;
  readonly node?: string | null;
  readonly studyInstanceUid?: string | null;
}

const CREATED_AT = timeOrder<DicomTransferRow>(
  'CREATED_AT',
  DICOM_TRANSFERS.column('createdAt'),
  (row) => row.createdAt,
);

/** One page of the visible transfers. @throws GatewayError BAD_REQUEST, CURSOR_INVALID */
export async function listDicomTransfers(
  reader: Reader,
  filter: DicomTransferFilter,
  direction: Direction,
  page: PageRequest,
): Promise<Page<DicomTransferRow>> {
  const conditions = [
    ...oneOf(DICOM_TRANSFERS.column('state'), filter.states, '"DicomTransferState"'),
    ...equals(DICOM_TRANSFERS.column('node'), filter.node),
    ...equals(DICOM_TRANSFERS.column('studyInstanceUid'), filter.studyInstanceUid),
  ];
  const listing = { name: 'dicomTransfers', table: DICOM_TRANSFERS, conditions, order: CREATED_AT, direction };
  return readPage(reader, listing, page);
}
