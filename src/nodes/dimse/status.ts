/** Status codes of responses (PS3.7 annex C, PS3.4 tables B.2-1, C.4-1, C.4-2, C.4-3). */
import { formatStatus } from '../../dicom/network/command-set.ts';
import { GatewayError } from '../../errors.ts';

export const SUCCESS = 0x0000;
/** The last answer to a request that was cancelled. */
export const CANCELLED = 0xfe00;
/** Sub-operations are complete, one or more of them with failures. */
export const SUBOPERATIONS_INCOMPLETE = 0xb000;

const MEANINGS: ReadonlyMap<number, string> = new Map([
  [0x0110, 'processing failure'],
  [0x0117, 'invalid SOP Instance'],
  [0x0122, 'SOP class not supported'],
  [0x0124, 'not authorised'],
  [0x0210, 'duplicate invocation'],
  [0x0211, 'unrecognised operation'],
  [0x0212, 'mistyped argument'],
  [0xa700, 'out of resources'],
  [0xa701, 'out of resources: unable to calculate the number of matches'],
  [0xa702, 'out of resources: unable to perform sub-operations'],
  [0xa801, 'move destination unknown'],
  [0xa900, 'identifier or data set does not match the SOP class'],
]);

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
  const meaning =
    MEANINGS.get(status) ?? ((status & 0xf000) === 0xc000 ? 'unable to process' : 'see its documentation');
  return new GatewayError(
    mayPass ? 'DICOM_NODE_FAILED' : 'DICOM_NODE_REFUSED',
    `The node answered ${operation} with status ${formatStatus(status)} (${meaning}).`,
  );
}
