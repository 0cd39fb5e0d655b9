/** Who sends a request. */
import type { FastifyRequest } from 'fastify';
import { anonymousCaller, type Caller } from '../access/caller.ts';

/** The caller of a request that has passed the doors. */
export function callerOf(request: FastifyRequest): Caller {
  return anonymousCaller(request.id, request.ip);
}
