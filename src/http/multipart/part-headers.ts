/** The header block of one part (RFC 2046 section 5.1, RFC 5322 section 2.2). */
import { GatewayError } from '../../errors.ts';

/** Field names in lower case. */
export type PartHeaders = ReadonlyMap<string, string>;

const FIELD = /^([!#$%&'*+.^_`|~\w-]+)[ \t]*:[ \t]*(.*?)[ \t]*$/;

/**
 * @param block - the lines between a delimiter and the empty line, as UTF-8 (RFC 7578 section 5.1)
 * @throws GatewayError BAD_REQUEST for a line that is no field, or a field that is given twice
 */
export function parsePartHeaders(block: string): PartHeaders {
  const headers = new Map<string, string>();
  const unfolded = block.replaceAll(/\r\n[ \t]+/g, ' ');
  for (const line of unfolded.split('\r\n')) {
    if (line === '') continue;
    const field = FIELD.exec(line);
    const name = field?.[1]?.toLowerCase();
    if (name === undefined || headers.has(name)) {
      throw new GatewayError('BAD_REQUEST', 'A part of the multipart message has a malformed header.');
    }
    headers.set(name, field?.[2] ?? '');
  }
  return headers;
}
