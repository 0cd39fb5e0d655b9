/**
 * The limits of an identity at the HTTP doors. Answers say what is left in the headers RateLimit and RateLimit-Policy
 * (draft-ietf-httpapi-ratelimit-headers-10); a refusal is 429 with Retry-After.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { callerOf, hasCredential, PUBLIC_ROUTES } from './authentication.ts';
import { addressOf } from './client-address.ts';
import { codedError, routeOf } from './error-answer.ts';
import { type IdentityLimits, WINDOW_SECONDS } from './identity-limits.ts';

/**
 * To be added before authentication: an address whose credentials proved nothing, again and again, is put off. Asking
 * without a credential guesses nothing and is not counted.
 */
export function limitFailedAuthentications(app: FastifyInstance, limits: IdentityLimits): void {
  app.addHook('onRequest', async (request) => {
    if (hasCredential(request)) await limits.mayAuthenticate(addressOf(request));
  });
  app.addHook('onError', async (request, _reply, error) => {
    if (hasCredential(request) && codedError(error).code === 'UNAUTHENTICATED') {
      await limits.authenticationFailed(addressOf(request));
    }
  });
}

/** To be added after authentication: counts the requests of each identity. */
export function limitRequests(app: FastifyInstance, limits: IdentityLimits): void {
  app.addHook('onRequest', async (request, reply) => {
    if (PUBLIC_ROUTES.has(routeOf(request))) return;
    const allowance = await limits.request(callerOf(request));
    if (allowance === undefined) return;
    const { limit, remaining, resetSeconds } = allowance;
    reply.header('ratelimit-policy', `"requests";q=${limit};w=${WINDOW_SECONDS}`);
    reply.header('ratelimit', `"requests";r=${remaining};t=${resetSeconds}`);
  });
}

/** Counts the bytes of a request's body, for {@link receiveBody}. */
export function chargeBytes(limits: IdentityLimits, request: FastifyRequest): (count: number) => Promise<void> {
  return (count) => limits.bytes(callerOf(request), count);
}
