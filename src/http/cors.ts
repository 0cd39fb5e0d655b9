/** Cross-origin requests: pages of the origins in CORS_ORIGINS may use the API, those of no other. */
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** How long a browser may remember the answer to its question, s. */
const MAX_AGE_SECONDS = 600;

const HEADERS_TO_SEND = [
  'accept',
  'apollo-require-preflight',
  'authorization',
  'content-type',
  'x-apollo-operation-name',
];

const HEADERS_TO_READ = ['etag', 'ratelimit', 'ratelimit-policy', 'retry-after', 'warning', 'x-request-id'];

/** Without origins the gateway does not speak of CORS at all, so browsers keep every answer from other pages. */
export async function addCors(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await app.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: HEADERS_TO_SEND,
    exposedHeaders: HEADERS_TO_READ,
    maxAge: MAX_AGE_SECONDS,
    // Who asks is proved by a header that the page sets itself, never by what the browser adds.
    credentials: false,
  });
}
