/**
 * Who sends a request: a hook before every route proves it, before a byte of the body is read. Answers about credentials
 * follow RFC 6750, and say no more than that one is needed, is not valid or has expired.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../access/authenticator.ts';
import type { Caller } from '../access/caller.ts';
import type { IdentityWatch } from '../access/identity-watch.ts';
import { purposeOf } from '../access/purpose-of-use.ts';
import { unauthenticated } from '../access/unauthenticated.ts';
import { GatewayError } from '../errors.ts';
import { addressOf } from './client-address.ts';
import { routeOf } from './error-answer.ts';

/** What proves who calls. */
export interface Authentication {
  readonly authenticator: Authenticator;
  readonly watch: IdentityWatch;
}

/** The state of the process and the start page, which hold nothing of anybody. */
export const PUBLIC_ROUTES: ReadonlySet<string> = new Set(['/', '/healthz', '/readyz', '/metrics']);

/** Header with the purpose of use, a code of ActReason. */
export const PURPOSE_HEADER = 'purpose-of-use';

const CHALLENGE = 'Bearer realm="cxr-gateway"';

/** RFC 6750 section 2.1. */
const BEARER = /^Bearer +([\w.~+/-]+=*) *$/i;

const callers = new WeakMap<FastifyRequest, Caller>();

/** Adds the hook; it concerns the routes that are not public, also those that do not exist. */
export function authenticateRequests(app: FastifyInstance, { authenticator }: Authentication): void {
  app.addHook('onRequest', async (request, reply) => {
    if (PUBLIC_ROUTES.has(routeOf(request))) return;
    try {
      const identity = await authenticator.authenticate(credentialIn(request.headers));
      const purpose = purposeOf(request.headers[PURPOSE_HEADER], identity);
      callers.set(request, { identity, sourceAddress: addressOf(request), requestId: request.id, purpose });
    } catch (error) {
      challenge(error, reply);
      throw error;
    }
  });
}

/** The caller of a request that has passed the hook. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request);
  if (caller === undefined) throw unauthenticated('MISSING');
  return caller;
}

/** Whether a request shows a credential of any kind, valid or not. */
export function hasCredential({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers.authorization !== undefined || headers['x-api-key'] !== undefined;
}

/**
 * The credential of a request or of a WebSocket's upgrade; undefined when there is none.
 *
 * @throws GatewayError UNAUTHENTICATED for another scheme than Bearer, BAD_REQUEST for two credentials
 */
export function credentialIn(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers;
  const apiKey = headers['x-api-key'];
  if (authorization === undefined) return apiKey === undefined ? undefined : String(apiKey);
  if (apiKey !== undefined) throw new GatewayError('BAD_REQUEST', 'Send either Authorization or X-API-Key.');
  return bearerCredential(authorization);
}

/** @throws GatewayError UNAUTHENTICATED */
export function bearerCredential(authorization: string): string {
  const credential = BEARER.exec(authorization)?.[1];
  if (credential === undefined) throw unauthenticated('INVALID');
  return credential;
}

/** RFC 6750 section 3: who shows no credential is told the scheme and nothing of an error. */
function challenge(error: unknown, reply: FastifyReply): void {
  if (!(error instanceof GatewayError) || error.code !== 'UNAUTHENTICATED') return;
  const { credential } = error.details;
  const reason = credential === 'EXPIRED' ? 'The token has expired' : 'The token is not valid';
  const detail = credential === 'MISSING' ? '' : `, error="invalid_token", error_description="${reason}"`;
  reply.header('www-authenticate', CHALLENGE + detail);
}
