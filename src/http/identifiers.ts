/** Identifiers in requests. */
import { GatewayError } from '../errors.ts';
import { fromGlobalId } from '../schema/global-id.ts';
import { isUuid } from '../store/reads/uuid.ts';

/** PS3.5 section 9.1: components of digits without leading zeros, joined by periods, 64 characters at most. */
const UID = /^(?=.{1,64}$)(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))*$/;

/** Labels as training data name findings: ASCII words, such as Pleural_Thickening. */
const LABEL = /^[A-Za-z0-9][\w -]{0,63}$/;

/** @throws GatewayError BAD_REQUEST when the text is no UID */
export function requireUid(text: string, name: string): string {
  if (!UID.test(text)) throw new GatewayError('BAD_REQUEST', `The ${name} in the address breaks PS3.5 section 9.1.`);
  return text;
}

/** @throws GatewayError BAD_REQUEST when the text can be no label of a finding */
export function requireLabel(text: string): string {
  if (!LABEL.test(text)) throw new GatewayError('BAD_REQUEST', 'The label in the address is none of a finding.');
  return text;
}

/**
 * The UUID of a model version, which an address may also name by its global id.
 *
 * @throws GatewayError BAD_REQUEST when the text is neither
 */
export function modelVersionIdOf(text: string): string {
  return isUuid(text) ? text : fromGlobalId('ModelVersion', text);
}

/** A registered name or an address, and perhaps a port (RFC 9110 section 7.2, RFC 3986 section 3.2). */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** @throws GatewayError BAD_REQUEST when the Host header is absent or malformed */
export function requireHost(text: string): void {
  if (!HOST.test(text)) throw new GatewayError('BAD_REQUEST', 'The Host header is absent or malformed.');
}
