/** Headers that every answer carries. There is no CORS: pages of other origins may not read answers. */
import type { FastifyInstance } from 'fastify';

/** Nothing is loaded, framed or sent, except what a page allows itself with {@link pagePolicy}. */
const STRICT_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The policy of a page whose only active content is one inline style sheet. */
export function pagePolicy(styleSha256: string): string {
  return `${STRICT_POLICY}; style-src 'sha256-${styleSha256}'`;
}

/** Adds the headers; a route may set its own Content-Security-Policy before. */
export function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
    reply.header('x-frame-options', 'DENY'); // frame-ancestors for browsers that do not know it
    reply.header('cross-origin-resource-policy', 'same-origin');
    if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', STRICT_POLICY);
  });
}
