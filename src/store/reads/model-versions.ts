/** Reads of model versions. */
import type { ModelState } from '../generated/enums.ts';
import { rowWhere } from './by-ids.ts';
import { equals, oneOf } from './conditions.ts';
import { type Direction, type Page, type PageRequest, readPage } from './keyset.ts';
import { timeOrder } from './orders.ts';
import type { Reader } from './scope.ts';
import { MODEL_VERSIONS, type ModelVersionRow } from './tables.ts';

/** Which model versions. */
export interface ModelVersionFilter {
  readonly name?: string | null;
  readonly states?: readonly ModelState[] | null;
}

const CREATED_AT = timeOrder<ModelVersionRow>('CREATED_AT', MODEL_VERSIONS.column('createdAt'), (row) => row.createdAt);

/** One page of the visible model versions. @throws GatewayError BAD_REQUEST, CURSOR_INVALID */
export async function listModelVersions(
  reader: Reader,
  filter: ModelVersionFilter,
  direction: Direction,
  page: PageRequest,
): Promise<Page<ModelVersionRow>> {
  const conditions = [
    ...equals(MODEL_VERSIONS.column('name'), filter.name),
    ...oneOf(MODEL_VERSIONS.column('state'), filter.states, '"ModelState"'),
  ];
  const listing = { name: 'modelVersions', table: MODEL_VERSIONS, conditions, order: CREATED_AT, direction };
  return readPage(reader, listing, page);
}

/** The model version of this name and version; null where there is none. */
export async function findModelVersion(reader: Reader, name: string, version: string): Promise<ModelVersionRow | null> {
  return rowWhere(reader, MODEL_VERSIONS, [
    ...equals(MODEL_VERSIONS.column('name'), name),
    ...equals(MODEL_VERSIONS.column('version'), version),
  ]);
}

/** The version whose ONNX file has a SHA-256. */
export async function findModelVersionByDigest(reader: Reader, digest: string): Promise<ModelVersionRow | null> {
  return rowWhere(reader, MODEL_VERSIONS, equals(MODEL_VERSIONS.column('digest'), digest.toLowerCase()));
}
