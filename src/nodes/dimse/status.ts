/** Status codes of responses (PS3.7 annex C, PS3.4 tables B.2-1, C.4-1, C.4-2, C.4-3). */
import { GatewayError } from '../../errors.ts';

export const SUCCESS = 0x0000;
/** The last answer to a request that was cancelled. */
export const CANCELLED = 0xfe00;
/** Sub-operations are complete, one or more of them with failures. */
export const SUBOPERATIONS_INCOMPLETE = 0xb000;

const MEANINGS: Readonly<Record<number, string>> = {
  272: 'processing failure',
  279: 'invalid SOP Instance',
  290: 'SOP class not supported',
  292: 'not authorised',
  528: 'duplicate invocation',
  529: 'unrecognised operation',
  530: 'mistyped argument',
  42752: 'out of resources',
  42753: 'out of resources: unable to calculate the number of matches',
  42754: 'out of resources: unable to perform sub-operations',
  43009: 'move destination unknown',
  43264: 'identifier or data set does not match the SOP class',
};

/** Whether more answers follow; FF01 says that optional keys were ignored. */
export function isPending(status: number): boolean {
  return status === 0xff00 || status === 0xff01;
}

/** Whether it was done, perhaps with a warning: an attribute was coerced, or left out (PS3.4 table B.2-1). */
export function isDone(status: number): boolean {
  return status === SUCCESS || status === 0x0001 || (status & 0xf000) === 0xb000;
}

/**
 * Whether a status says that no sub-operation could be done: A702 or, of Orthanc, C000. The counts then say how many, and
 * each of them is a failure of its film.
 */
export function isNoSuboperation(status: number): boolean {
  return status === 0xa702 || (status & 0xf000) === 0xc000;
}

/**
 * The error that a failure status means. Out of resources, processing failures and Cxxx (unable to process) may pass; the
 * others would come again.
 */
export function statusError(operation: string, status: number): GatewayError {
  const mayPass = (status & 0xff00) === 0xa700 || (status & 0xf000) === 0xc000 || status === 0x0110;
  const digits = status.toString(16).toUpperCase().padStart(4, '0');
  const meaning = MEANINGS[status] ?? ((status & 0xf000) === 0xc000 ? 'unable to process' : 'see its documentation');
  return new GatewayError(
    mayPass ? 'DICOM_NODE_FAILED' : 'DICOM_NODE_REFUSED',
    `The node answered ${operation} with status ${digits} (${meaning}).`,
  );
}
