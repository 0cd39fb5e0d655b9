/** Errors as HTTP answers. Nothing but coded errors leaves: what is unknown is masked, and its cause goes to the log. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError, toGatewayError } from '../errors.ts';
import type { Log } from '../log.ts';

/** The body of every error answer outside GraphQL and STOW-RS. */
export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
}

/** Seconds of Retry-After where the error itself names none. */
const DEFAULT_RETRY_AFTER_SECONDS = 5;

/** When to try again, in seconds; undefined when the answer should not say. */
export function retryAfterSeconds(error: GatewayError): number | undefined {
  if (error.details.retryAfterSeconds !== undefined) return error.details.retryAfterSeconds;
  return error.status === 503 ? DEFAULT_RETRY_AFTER_SECONDS : undefined;
}

export function errorBody(error: GatewayError): ErrorBody {
  return { code: error.code, message: error.message, retryable: error.retryable };
}

/**
 * What was thrown while a request was handled, as a coded error: the gateway's own, those that Fastify throws for
 * requests it refuses, and INTERNAL for the rest.
 */
export function codedError(error: unknown): GatewayError {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  const code = (error as { code?: unknown } | null)?.code;
  if (error instanceof GatewayError || typeof status !== 'number') return toGatewayError(error);
  switch (status) {
    case 413:
      return new GatewayError('PAYLOAD_TOO_LARGE', 'The request body is larger than is allowed here.');
    case 415:
      return new GatewayError(
        'UNSUPPORTED_MEDIA_TYPE',
        'The Content-Type of the request is not one that is taken here.',
      );
    case 404:
      return new GatewayError('NOT_FOUND', 'There is nothing at this address.');
    default:
      // Fastify's own 4xx errors quote the request, so their text is replaced.
      return status >= 400 && status < 500
        ? new GatewayError(
            'BAD_REQUEST',
            code === 'FST_ERR_CTP_EMPTY_JSON_BODY' ? 'The body is empty.' : 'The request is malformed.',
          )
        : toGatewayError(error);
  }
}

/** Sets status and headers of an error; the body is the caller's. Logs what is the gateway's own fault. */
export function prepareErrorReply(error: GatewayError, request: FastifyRequest, reply: FastifyReply, log: Log): void {
  if (error.status >= 500) {
    const fields = { requestId: request.id, route: routeOf(request), code: error.code, status: error.status };
    if (error.code === 'INTERNAL') log.error('http.failed', fields, error.cause ?? error);
    else log.warn('http.failed', fields);
  }
  const seconds = retryAfterSeconds(error);
  if (seconds !== undefined) reply.header('retry-after', String(Math.ceil(seconds)));
  reply.code(error.status).header('cache-control', 'no-store');
}

/** The template of the route that answers, never the address itself: addresses hold UIDs. */
export function routeOf(request: FastifyRequest): string {
  return request.is404 ? 'unmatched' : (request.routeOptions.url ?? 'unmatched');
}

/** The error handler of every route that has none of its own. */
export function errorHandler(log: Log): (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  return (error, request, reply) => {
    const coded = codedError(error);
    prepareErrorReply(coded, request, reply, log);
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(errorBody(coded)));
  };
}
