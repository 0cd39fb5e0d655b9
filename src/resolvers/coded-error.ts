/** Errors as data: where one file or one reading failed and the operation did not. */
import { ERROR_DEFINITIONS, type ErrorCode, type GatewayError } from '../errors.ts';
import type { CodedError } from '../schema/inference.type.ts';

/** An error that was thrown. */
export function codedError({ code, message, retryable }: GatewayError): CodedError {
  return { code, message, retryable };
}

/** An error that was stored; a code that this release does not know reads as INTERNAL. */
export function storedError(code: string, message: string | null): CodedError {
  const known: ErrorCode = Object.hasOwn(ERROR_DEFINITIONS, code) ? (code as ErrorCode) : 'INTERNAL';
  const { remedy, retryable } = ERROR_DEFINITIONS[known];
  return { code: known, message: message ?? remedy, retryable };
}
