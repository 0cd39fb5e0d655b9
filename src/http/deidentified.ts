/**
 * Films without their identity: GET /deidentified/instances/{uid} (DICOM) and .../preview.png. The UID is a pseudonym, as GraphQL's
 * deidentified views give it. That a film leaves is recorded before its first byte.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.ts';
import { requireDoor } from '../access/permissions.ts';
import { type AuditedStore, recordDisclosed } from '../access/record-disclosures.ts';
import { Capacity } from '../capacity.ts';
import type { DeidentifiedFile, DeidentifiedPicture } from '../deidentified-films.ts';
import { callerOf, PURPOSE_HEADER } from './authentication.ts';
import { requireUid } from './identifiers.ts';
import { matches, sendPng } from './images.ts';

/** Where the films come from. */
export interface DeidentifiedSource {
  /** @throws GatewayError NOT_FOUND, DEIDENTIFICATION_REFUSED, BUSY, or why the film cannot be shown */
  preview(caller: Caller, pseudonym: string): Promise<DeidentifiedPicture>;
  /** @throws GatewayError as preview */
  file(caller: Caller, pseudonym: string): Promise<DeidentifiedFile>;
}

/** Films on their way out at once, from the request to the last byte; more get BUSY. */
export const MAXIMUM_FILMS_OUT = 16;

const RETRY_AFTER_SECONDS = 2;

const PREVIEW = 'GET /deidentified/instances/:uid/preview.png';
const FILE = 'GET /deidentified/instances/:uid';

/** Adds the routes. */
export function addDeidentified(app: FastifyInstance, films: DeidentifiedSource, store: AuditedStore): void {
  const out = new Capacity(MAXIMUM_FILMS_OUT, 'Too many films are being given out.', RETRY_AFTER_SECONDS);
  /** Counts the request until its answer has gone, or the caller has. */
  const admit = (reply: FastifyReply): void => {
    reply.raw.once('close', out.take());
  };
  app.get<{ Params: { uid: string } }>('/deidentified/instances/:uid/preview.png', async (request, reply) => {
    const caller = researcher(request);
    requireDoor(caller, PREVIEW);
    admit(reply);
    const { film, png } = await films.preview(caller, pseudonymOf(request));
    await recordDisclosed(store, caller, PREVIEW, film, detailsOf('image/png'));
    return sendPng(request, reply, png);
  });
  // For HEAD Fastify would read the film to its end.
  app.get<{ Params: { uid: string } }>(
    '/deidentified/instances/:uid',
    { exposeHeadRoute: false },
    async (request, reply) => {
      const caller = researcher(request);
      requireDoor(caller, FILE);
      admit(reply);
      const { film, byteLength, digest, bytes } = await films.file(caller, pseudonymOf(request));
      await recordDisclosed(store, caller, FILE, film, detailsOf('application/dicom'));
      const tag = `"${digest}"`;
      reply.header('etag', tag).header('cache-control', 'private, no-cache');
      if (matches(request.headers['if-none-match'], tag)) return reply.code(304).send();
      reply.header('content-length', byteLength).type('application/dicom');
      return reply.send(Readable.from(bytes, { objectMode: false }));
    },
  );
}

const pseudonymOf = (request: FastifyRequest<{ Params: { uid: string } }>): string =>
  requireUid(request.params.uid, 'pseudonym of the film');

/** What the audit has beside the film. */
const detailsOf = (mediaType: string) => ({ deidentified: true, mediaType });

/** Who asks without saying what for does research. */
function researcher(request: FastifyRequest): Caller {
  const caller = callerOf(request);
  return request.headers[PURPOSE_HEADER] === undefined ? { ...caller, purpose: 'HRESCH' } : caller;
}
