/**
 * STOW-RS: the Store transaction of the Studies Service (PS3.18 section 10.5).
 *
 * POST /dicomweb/studies and /dicomweb/studies/{study}, with multipart/related of application/dicom parts, or one
 * application/dicom body (PS3.18 section 8.6.1.1). Parts go to the ingest as they arrive; see receive-instances.ts.
 * The answer is the Store Instances Response Module in application/dicom+json or application/dicom+xml (8.7.3.2 and
 * 8.7.5); each failure's code and text are in Warning headers (RFC 7234 section 5.5), of which there are a few at most.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from '../../access/caller.ts';
import { requireDoor } from '../../access/permissions.ts';
import type { Config } from '../../config.ts';
import { GatewayError } from '../../errors.ts';
import type { Ingest } from '../../ingest.ts';
import { callerOf } from '../authentication.ts';
import { requireUid } from '../identifiers.ts';
import type { IdentityLimits } from '../identity-limits.ts';
import { type MediaRange, negotiate, parseMediaType } from '../media-type.ts';
import { boundaryOf } from '../multipart/boundary.ts';
import { type Part, readParts } from '../multipart/reader.ts';
import { chargeBytes } from '../rate-limit.ts';
import { discardRest, receiveBody, uploadLimits } from '../receive-body.ts';
import { toDicomJson, toNativeXml } from './data-set.ts';
import { receiveInstances } from './receive-instances.ts';
import { problemsOf, responseModule, retryAfterOf, type StoreOutcome, statusOf } from './store-response.ts';

/** What the door needs. */
export interface StowOptions {
  readonly config: Config;
  readonly ingest: Ingest;
  readonly limits: IdentityLimits;
}

/** Media types of the answer, with the names under which they are also asked for. */
const ANSWERS = { 'application/dicom+json': ['application/json'], 'application/dicom+xml': [] } as const;
type AnswerType = keyof typeof ANSWERS;

/** More would only swell the header; the module lists every failure. */
const MAX_WARNINGS = 3;

/** Adds the routes. */
export async function addStow(app: FastifyInstance, options: StowOptions): Promise<void> {
  await app.register(async (scope) => {
    // The body stays on the socket until the handler reads it, part by part.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', async () => undefined);
    scope.addHook('onResponse', async (request) => discardRest(request.raw));
    scope.post('/dicomweb/studies', (request, reply) => store(request, reply, undefined, options));
    scope.post<{ Params: { study: string } }>('/dicomweb/studies/:study', (request, reply) =>
      store(request, reply, requireUid(request.params.study, 'Study Instance UID'), options),
    );
  });
}

async function store(
  request: FastifyRequest,
  reply: FastifyReply,
  study: string | undefined,
  { config, ingest, limits }: StowOptions,
): Promise<FastifyReply> {
  requireDoor(callerOf(request), 'POST /dicomweb/studies');
  const answerType = negotiate(request.headers.accept, ANSWERS, withinMultipart);
  if (answerType === undefined) {
    throw new GatewayError('NOT_ACCEPTABLE', `The answer is ${Object.keys(ANSWERS).join(' or ')}.`);
  }
  const outcome = await receiveInstances(partsOf(request, config, limits), {
    ingest,
    by: actorOf(callerOf(request), 'POST /dicomweb/studies'),
    expectedStudyInstanceUid: study,
    maxParts: config.stow.maxParts,
  });
  if (outcome.instances.length === 0)
    throw outcome.interruption ?? new GatewayError('BAD_REQUEST', 'The request has no part.');
  return answer(reply, outcome, answerType);
}

/** PS3.18 section 8.6.1.2.1 has answers as a part of a multipart message asked for by its type parameter. */
function withinMultipart(range: MediaRange): string {
  if (range.essence !== 'multipart/related') return range.essence;
  return range.parameters.get('type')?.toLowerCase() ?? range.essence;
}

/** @throws GatewayError UNSUPPORTED_MEDIA_TYPE, BAD_REQUEST */
function partsOf(request: FastifyRequest, config: Config, limits: IdentityLimits): AsyncIterable<Part> {
  const type = parseMediaType(request.headers['content-type'] ?? '');
  const coding = request.headers['content-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'identity') {
    throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'The request must not have a Content-Encoding.');
  }
  const body = receiveBody(request.raw, { ...uploadLimits(config), charge: chargeBytes(limits, request) });
  if (type?.essence === 'application/dicom') return singlePart(body);
  const inner = type?.parameters.get('type')?.toLowerCase() ?? 'application/dicom';
  if (type?.essence !== 'multipart/related' || inner !== 'application/dicom') {
    throw new GatewayError(
      'UNSUPPORTED_MEDIA_TYPE',
      'Send multipart/related; type="application/dicom", or application/dicom.',
    );
  }
  return readParts(body, boundaryOf(type));
}

async function* singlePart(source: AsyncIterable<Uint8Array>): AsyncGenerator<Part, void, void> {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const failure: { error?: unknown } = {};
  async function* body(): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* source;
    } catch (error) {
      failure.error = error;
      throw error;
    } finally {
      release();
    }
  }
  yield { headers: new Map(), body: body(), released };
  if (failure.error !== undefined) throw failure.error;
}

function answer(reply: FastifyReply, outcome: StoreOutcome, answerType: AnswerType): FastifyReply {
  const module = responseModule(outcome);
  const status = statusOf(outcome);
  if (status === 503) reply.header('retry-after', String(Math.ceil(retryAfterOf(outcome))));
  const warnings = problemsOf(outcome).slice(0, MAX_WARNINGS).map(warning);
  if (warnings.length > 0) reply.header('warning', warnings.join(', '));
  reply.code(status).header('cache-control', 'no-store').type(answerType);
  const text = answerType === 'application/dicom+xml' ? toNativeXml(module) : JSON.stringify(toDicomJson(module));
  return reply.send(Buffer.from(text)); // to text Fastify would add a charset, which these media types do not have
}

/** RFC 7234 section 5.5; 299 is the code for miscellaneous warnings. */
function warning({ code, message }: GatewayError): string {
  return `299 cxr-gateway "${quotable(`${code}: ${message}`)}"`;
}

/** The content of a quoted-string: printable ASCII, quotes and backslashes escaped. */
function quotable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, '\\$&');
}
