/**
 * The closed set of coded errors. Every failure that leaves the gateway carries one of these codes, and its text says
 * what to do. `retryable` tells whether the same request can succeed later without being changed.
 *
 * A new code goes into the part of `errors/` that it belongs to.
 */
export { ERROR_DEFINITIONS, type ErrorCode } from './errors/definitions.ts';
export { type ErrorDetails, GatewayError } from './errors/gateway-error.ts';
export { deserializeError, type SerializedError, serializeError } from './errors/serialized-error.ts';
export { toGatewayError } from './errors/to-gateway-error.ts';
