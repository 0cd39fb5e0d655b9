import type { ErrorCode } from './definitions.ts';
import { type ErrorDetails, GatewayError } from './gateway-error.ts';
import { toGatewayError } from './to-gateway-error.ts';

/** A plain form that survives structured cloning between threads, where classes do not. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** Flattens an error for a message to another thread. */
export function serializeError(error: unknown): SerializedError {
  const coded = toGatewayError(error);
  return { code: coded.code, message: coded.message, details: coded.details };
}

/** Restores an error that {@link serializeError} flattened. */
export function deserializeError(serialized: SerializedError): GatewayError {
  const error = new GatewayError(serialized.code, '', serialized.details);
  error.message = serialized.message;
  return error;
}
