/** Errors as the API shows them, over HTTP and WebSocket alike. */
import { randomUUID } from 'node:crypto';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { toGatewayError } from '../errors.ts';
import type { Log } from '../log.ts';

/** Apollo's code of what it knows nothing about. */
const APOLLO_INTERNAL = 'INTERNAL_SERVER_ERROR';

/** From this HTTP status on the fault is the gateway's, and belongs in its log. */
const SERVER_FAULT = 500;

/**
 * Coded errors keep their message, code and details. Errors of the request itself (syntax, validation, variables) keep
 * GraphQL's message and code. Everything else is shown as INTERNAL with a request id; its cause goes to the log alone.
 *
 * @param requestId - of the operation; absent: one is made, so the caller has something to name
 */
export function formatError(error: unknown, log: Log, requestId: string = randomUUID()): GraphQLFormattedError {
  const place = error instanceof GraphQLError ? placeOf(error) : {};
  if (error instanceof GraphQLError && isRequestError(error)) {
    return { message: error.message, ...place, extensions: { code: codeOf(error), retryable: false } };
  }
  const coded = toGatewayError(rootCause(error));
  if (coded.status >= SERVER_FAULT) {
    log.error('graphql.failed', { requestId, code: coded.code }, coded.cause ?? coded);
  }
  const { code, retryable, details, message } = coded;
  const reference = coded.status >= SERVER_FAULT ? { requestId } : {};
  return { message, ...place, extensions: { code, retryable, ...details, ...reference } };
}

function placeOf({ locations, path }: GraphQLError): Pick<GraphQLFormattedError, 'locations' | 'path'> {
  return { ...(locations && { locations }), ...(path && { path }) };
}

/** What GraphQL wrapped; the same field may be wrapped more than once. */
export function rootCause(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

/** The request is at fault: Apollo said so, or it failed before any field was resolved. */
function isRequestError(error: GraphQLError): boolean {
  const cause = rootCause(error);
  if (!(cause instanceof GraphQLError)) return false;
  const { code } = error.extensions;
  return typeof code === 'string' ? code !== APOLLO_INTERNAL : error.path === undefined;
}

function codeOf(error: GraphQLError): string {
  const { code } = error.extensions;
  if (typeof code === 'string') return code;
  return error.message.startsWith('Syntax Error') ? 'GRAPHQL_PARSE_FAILED' : 'GRAPHQL_VALIDATION_FAILED';
}
