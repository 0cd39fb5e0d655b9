/** What has happened to one model version, and which others it is compared with: for its report. */
import { Prisma } from '../client.ts';
import { rowsByIds, rowsWhere, rowWhere } from './by-ids.ts';
import { childrenOf, THRESHOLD_SETS_OF_MODEL_VERSION, TRANSITIONS_OF_MODEL_VERSION } from './children.ts';
import type { Reader } from './scope.ts';
import {
  MODEL_TRANSITION_REQUESTS,
  MODEL_VERSIONS,
  type ModelTransitionRequestRow,
  type ModelTransitionRow,
  type ModelVersionRow,
  THRESHOLD_SETS,
  type ThresholdSetRow,
} from './tables.ts';

/** The version; null when there is none. */
export async function modelVersionById(reader: Reader, id: string): Promise<ModelVersionRow | null> {
  const [found = null] = await rowsByIds(reader, MODEL_VERSIONS, [id]);
  return found;
}

/** Moves, newest first. */
export async function newestTransitions(reader: Reader, id: string, limit: number): Promise<ModelTransitionRow[]> {
  const newestFirst = {
    ...TRANSITIONS_OF_MODEL_VERSION,
    orderBy: [
      ['createdAt', 'DESC'],
      ['id', 'DESC'],
    ],
  } as const;
  const [rows = []] = await childrenOf(reader, newestFirst, [id], limit);
  return rows;
}

/** Requests that a second person can decide now, newest first. */
export async function openRequests(reader: Reader, id: string, limit: number): Promise<ModelTransitionRequestRow[]> {
  const table = MODEL_TRANSITION_REQUESTS;
  const open = {
    table,
    foreignKey: 'modelVersionId',
    condition: Prisma.sql`${table.column('decidedAt')} IS NULL AND ${table.column('expiresAt')} > now()`,
    orderBy: [
      ['createdAt', 'DESC'],
      ['id', 'DESC'],
    ],
  } as const;
  const [rows = []] = await childrenOf<ModelTransitionRequestRow>(reader, open, [id], limit);
  return rows;
}

/** Sets of thresholds, newest first. */
export async function newestThresholdSets(reader: Reader, id: string, limit: number): Promise<ThresholdSetRow[]> {
  const [rows = []] = await childrenOf(reader, THRESHOLD_SETS_OF_MODEL_VERSION, [id], limit);
  return rows;
}

/** Who registered the version: its first set of thresholds was written with it. Null for versions from before sets were kept. */
export async function registrarOf(
  reader: Reader,
  id: string,
): Promise<Pick<ThresholdSetRow, 'createdBy' | 'createdByName'> | null> {
  const first = await rowWhere(reader, THRESHOLD_SETS, [
    Prisma.sql`${THRESHOLD_SETS.column('modelVersionId')} = ${id}::uuid AND ${THRESHOLD_SETS.column('version')} = 1`,
  ]);
  return first ?? null;
}

/** Versions in use beside each other: at most one ACTIVE, one CANARY, three SHADOW. */
export async function versionsInUse(reader: Reader): Promise<ModelVersionRow[]> {
  const inUse = Prisma.sql`${MODEL_VERSIONS.column('state')} IN ('ACTIVE', 'CANARY', 'SHADOW')`;
  return rowsWhere(reader, MODEL_VERSIONS, [inUse], MOST_IN_USE);
}

const MOST_IN_USE = 10;

/** The version other than this one that was the last to leave ACTIVE; null when none has. */
export async function lastActiveBesides(reader: Reader, id: string): Promise<ModelVersionRow | null> {
  const [last] = await reader.prisma.$queryRaw<{ readonly modelVersionId: string }[]>`
    SELECT "modelVersionId" FROM "ModelTransition" WHERE "fromState" = 'ACTIVE' AND "modelVersionId" <> ${id}::uuid
    ORDER BY "createdAt" DESC, "id" DESC LIMIT 1`;
  return last === undefined ? null : modelVersionById(reader, last.modelVersionId);
}
