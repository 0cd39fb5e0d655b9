/** The boundary of a multipart message. */
import { GatewayError } from '../../errors.ts';
import type { MediaType } from '../media-type.ts';

/** RFC 2046 section 5.1.1: 1 to 70 bchars, the last one no space. */
const BOUNDARY = /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/;

/**
 * @throws GatewayError BAD_REQUEST when the parameter is absent or breaks RFC 2046
 */
export function boundaryOf(type: MediaType): string {
  const boundary = type.parameters.get('boundary');
  if (boundary === undefined) throw new GatewayError('BAD_REQUEST', 'Content-Type has no boundary parameter.');
  if (!BOUNDARY.test(boundary)) {
    throw new GatewayError(
      'BAD_REQUEST',
      'The boundary breaks RFC 2046: 1 to 70 of its characters, no space at the end.',
    );
  }
  return boundary;
}
