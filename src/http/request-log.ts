/** One structured event a request. */
import type { FastifyInstance } from 'fastify';
import type { Log } from '../log.ts';
import { routeOf } from './error-answer.ts';

/** nginx's status for a client that went away before its answer; logged, never sent. */
const CLIENT_CLOSED_REQUEST = 499;

/** Routes that machines poll; they would drown the rest. */
const POLLED = new Set(['/healthz', '/readyz', '/metrics']);

/** Logs method, route template, status and duration of each request when its answer has been sent, or cannot be any more. */
export function logRequests(app: FastifyInstance, log: Log): void {
  app.addHook('onRequest', async (request, reply) => {
    const began = performance.now();
    reply.raw.once('close', () => {
      const route = routeOf(request);
      const write = POLLED.has(route) ? log.debug : log.info;
      write('http.request', {
        requestId: request.id,
        method: request.method,
        route,
        status: reply.raw.writableFinished ? reply.raw.statusCode : CLIENT_CLOSED_REQUEST,
        milliseconds: Math.round(performance.now() - began),
      });
    });
  });
}
