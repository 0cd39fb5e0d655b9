/** Global object identification (Relay): an id names a type and a row, so any object can be asked for again by node(id). */
import { GatewayError } from '../errors.ts';
import { isUuid } from '../store/reads/uuid.ts';

/** Types that have global ids. */
export const NODE_TYPES = [
  'Patient',
  'Study',
  'Series',
  'Instance',
  'Inference',
  'Finding',
  'ModelVersion',
  'ModelTransition',
  'ModelTransitionRequest',
  'DicomTransfer',
  'BreakGlassOpening',
  'RereadJob',
] as const;

export type NodeType = (typeof NODE_TYPES)[number];

/** @param id - UUID of the row */
export function toGlobalId(type: NodeType, id: string): string {
  return Buffer.from(`${type}:${id}`).toString('base64url');
}

/** The global id of a row that may be absent. */
export function toOptionalGlobalId(type: NodeType, id: string | null): string | null {
  return id === null ? null : toGlobalId(type, id);
}

/** @throws GatewayError BAD_REQUEST for anything that {@link toGlobalId} did not make */
export function parseGlobalId(globalId: string): { readonly type: NodeType; readonly id: string } {
  const [name, id, ...rest] = Buffer.from(globalId, 'base64url').toString('latin1').split(':');
  const type = NODE_TYPES.find((known) => known === name);
  if (type === undefined || !isUuid(id) || rest.length > 0) {
    throw new GatewayError('BAD_REQUEST', 'This is not an id of the gateway.');
  }
  return { type, id };
}

/**
 * The row's UUID behind an id of one type.
 *
 * @throws GatewayError BAD_REQUEST for an id of another type
 */
export function fromGlobalId(type: NodeType, globalId: string): string {
  const parsed = parseGlobalId(globalId);
  if (parsed.type !== type) throw new GatewayError('BAD_REQUEST', `An id of ${type} is needed, not of ${parsed.type}.`);
  return parsed.id;
}

/** Like {@link fromGlobalId}, for an id that may be absent. */
export function fromOptionalGlobalId(type: NodeType, globalId: string | null | undefined): string | undefined {
  return globalId === null || globalId === undefined ? undefined : fromGlobalId(type, globalId);
}
