/** Pictures of films for people who look at findings: GET /instances/{uid}/preview.png and .../heatmaps/{label}.png. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.ts';
import { requireDoor } from '../access/permissions.ts';
import { GatewayError } from '../errors.ts';
import { callerOf } from './authentication.ts';
import { modelVersionIdOf, requireLabel, requireUid } from './identifiers.ts';

/** Where the pictures come from; each is a PNG file. */
export interface ImageSource {
  /** @throws GatewayError NOT_FOUND, BUSY, or why the film cannot be shown */
  preview(caller: Caller, sopInstanceUid: string): Promise<Uint8Array>;
  /**
   * @param modelVersionId - whose reading; absent: the newest, one in clinical use before any other
   * @throws GatewayError NOT_FOUND, BUSY, or why the film cannot be shown
   */
  heatMap(caller: Caller, sopInstanceUid: string, label: string, modelVersionId?: string): Promise<Uint8Array>;
}

/** Adds the routes. */
export function addImages(app: FastifyInstance, images: ImageSource): void {
  app.get<{ Params: { uid: string } }>('/instances/:uid/preview.png', async (request, reply) => {
    const caller = callerOf(request);
    requireDoor(caller, 'GET /instances/:uid/preview.png');
    return sendPng(request, reply, await images.preview(caller, instanceUid(request.params.uid)));
  });
  app.get<{ Params: { uid: string; label: string }; Querystring: { modelVersion?: unknown } }>(
    '/instances/:uid/heatmaps/:label(^[^/]+?).png',
    async (request, reply) => {
      const caller = callerOf(request);
      requireDoor(caller, 'GET /instances/:uid/heatmaps/:label.png');
      const uid = instanceUid(request.params.uid);
      const label = requireLabel(request.params.label);
      const modelVersion = modelVersionOf(request.query.modelVersion);
      return sendPng(request, reply, await images.heatMap(caller, uid, label, modelVersion));
    },
  );
}

const instanceUid = (text: string): string => requireUid(text, 'SOP Instance UID');

function modelVersionOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return modelVersionIdOf(value);
  throw new GatewayError('BAD_REQUEST', 'modelVersion must be the id of one model version.');
}

/** A browser may keep a picture but asks each time whether it may still show it; no proxy keeps it. */
export function sendPng(request: FastifyRequest, reply: FastifyReply, png: Uint8Array): FastifyReply {
  const tag = `"${createHash('sha256').update(png).digest('base64url')}"`;
  reply.header('etag', tag).header('cache-control', 'private, no-cache');
  if (matches(request.headers['if-none-match'], tag)) return reply.code(304).send();
  return reply.type('image/png').send(png);
}

/** RFC 9110 section 13.1.2: weak comparison against a list, or any. */
export function matches(header: string | undefined, tag: string): boolean {
  return header?.split(',').some((candidate) => ['*', tag, `W/${tag}`].includes(candidate.trim())) ?? false;
}
