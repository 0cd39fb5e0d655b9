import { GatewayError } from '../errors.ts';

/**
 * A row that belongs to a visible one. It is missing only when access to both has ended between two statements of one
 * operation: a break-glass opening has expired or was ended.
 *
 * @throws GatewayError NOT_FOUND
 */
export function present<Row>(row: Row | null): Row {
  if (row === null) throw new GatewayError('NOT_FOUND', 'The record is not to be seen any more.');
  return row;
}
