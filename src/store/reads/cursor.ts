/**
 * Cursors of pages: opaque text that carries the order it belongs to and the place within it. A place is a key and an
 * id, not an offset, so rows that are inserted or filtered meanwhile move nothing.
 */
import { GatewayError } from '../../errors.ts';
import { isUuid } from './uuid.ts';

/** The ordering value of a row as JSON; null where the row has none. */
export type CursorKey = string | number | null;

/** A place between two rows. */
export interface Place {
  readonly key: CursorKey;
  readonly id: string;
}

const LONGEST_CURSOR = 2048;

/** A place as text. @param scope - connection, order and direction, e.g. `studies.CREATED_AT.DESC` */
export function encodeCursor(scope: string, place: Place): string {
  return Buffer.from(JSON.stringify([scope, place.key, place.id])).toString('base64url');
}

/**
 * The place that a cursor names.
 *
 * @param accepts - whether a key is of the order's type
 * @throws GatewayError CURSOR_INVALID for anything that {@link encodeCursor} did not make for this scope
 */
export function decodeCursor(scope: string, cursor: string, accepts: (key: unknown) => key is CursorKey): Place {
  const content = cursor.length > LONGEST_CURSOR ? undefined : parse(cursor);
  if (!Array.isArray(content) || content.length !== 3) {
    throw new GatewayError('CURSOR_INVALID', 'This is not a cursor of this list.');
  }
  const [scopeFound, key, id] = content as [unknown, unknown, unknown];
  if (scopeFound !== scope) throw new GatewayError('CURSOR_INVALID', 'The cursor belongs to another list or order.');
  if (!accepts(key) || !isUuid(id)) throw new GatewayError('CURSOR_INVALID', 'The cursor is damaged.');
  return { key, id };
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
