/** Headers that every answer carries. What pages of other origins may read is said by cors.ts. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Nothing is loaded, framed or sent, except what a page allows itself with {@link pagePolicy}. */
const STRICT_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The policy of a page whose only active content is one inline style sheet. */
export function pagePolicy(styleSha256: string): string {
  return `${STRICT_POLICY}; style-src 'sha256-${styleSha256}'`;
}

/** A year. Subdomains are not ours to speak for. */
const TRANSPORT_SECURITY = 'max-age=31536000';

/** No page of ours uses any of it. */
const PERMISSIONS = 'camera=(), geolocation=(), microphone=(), payment=(), usb=()';

/**
 * Sets the headers; what the answer has of its own stays.
 *
 * @param tls - whether this server speaks TLS itself; where a proxy does, the proxy knows
 */
export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply, tls: boolean): void {
  reply.header('x-request-id', request.id);
  reply.header('x-content-type-options', 'nosniff');
  reply.header('referrer-policy', 'no-referrer');
  reply.header('x-frame-options', 'DENY'); // frame-ancestors for browsers that do not know it
  reply.header('cross-origin-resource-policy', 'same-origin');
  reply.header('cross-origin-opener-policy', 'same-origin');
  reply.header('permissions-policy', PERMISSIONS);
  if (tls) reply.header('strict-transport-security', TRANSPORT_SECURITY);
  if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', STRICT_POLICY);
}

/** Sets them on every answer of a route; a route may set its own Content-Security-Policy before. */
export function addSecurityHeaders(app: FastifyInstance, tls: boolean): void {
  app.addHook('onSend', async (request, reply) => setSecurityHeaders(request, reply, tls));
}
