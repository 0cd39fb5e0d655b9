/**
 * GraphQL multipart requests (the specification of jaydenseric/graphql-multipart-request-spec): the fields `operations`
 * and `map`, then the files.
 *
 * The files are not collected first. The operation begins as soon as `map` has been read, and each file flows from the
 * socket into the resolver that reads it, with back-pressure: no temporary files, no second copy on disk, and no memory
 * that grows with the upload. Files therefore come in the order in which they were sent, and a file that nobody reads
 * holds up those behind it until the operation has ended.
 */
import { Readable } from 'node:stream';
import type Upload from 'graphql-upload/Upload.mjs';
import { collectBytes } from '../../collect-bytes.ts';
import { GatewayError, toGatewayError } from '../../errors.ts';
import { parseMediaType } from '../media-type.ts';
import type { PartHeaders } from '../multipart/part-headers.ts';
import type { Part } from '../multipart/reader.ts';
import type { Limit } from '../receive-body.ts';
import { placeUploads } from './upload-map.ts';

/** Limits of one request. */
export interface MultipartRequestLimits {
  readonly maxFiles: number;
  /** Bytes of `operations`, and of `map`. */
  readonly maxFieldBytes: number;
  /** Longest time from `map` to the end of the last file. */
  readonly files: Limit;
}

type Parts = AsyncGenerator<Part, void, void>;

/**
 * Reads the fields, and delivers the files while the operation runs.
 *
 * @param ended - resolves when the request has been answered, so that no file is wanted any more
 * @returns the operation, with an Upload wherever a file belongs
 * @throws GatewayError BAD_REQUEST, PAYLOAD_TOO_LARGE, TOO_MANY_PARTS, or what the parts throw. Later failures reach
 *   whoever reads the files.
 */
export async function readMultipartRequest(
  parts: Parts,
  limits: MultipartRequestLimits,
  ended: Promise<void>,
): Promise<object> {
  const operations = await readField(parts, 'operations', limits.maxFieldBytes);
  if (typeof operations !== 'object' || operations === null || Array.isArray(operations)) {
    throw new GatewayError('BAD_REQUEST', 'The field operations must hold one operation as a JSON object.');
  }
  const uploads = placeUploads(operations, await readField(parts, 'map', limits.maxFieldBytes), limits.maxFiles);
  void deliver(parts, uploads, limits.files, ended);
  return operations;
}

async function readField(parts: Parts, name: string, maxBytes: number): Promise<unknown> {
  const { value: part, done } = await parts.next();
  if (done === true || fieldName(part.headers) !== name) {
    throw new GatewayError('BAD_REQUEST', 'The parts of a multipart request are operations, map, then the files.');
  }
  const bytes = await collectBytes(
    part.body,
    maxBytes,
    () =>
      new GatewayError('PAYLOAD_TOO_LARGE', `The field ${name} is larger than GRAPHQL_MAX_BODY_BYTES (${maxBytes}).`),
  );
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    throw new GatewayError('BAD_REQUEST', `The field ${name} is no valid JSON.`);
  }
}

/**
 * Hands each part to its file and waits until that has been read or left. Never rejects: whoever waits for a file is told.
 */
async function deliver(
  parts: Parts,
  uploads: ReadonlyMap<string, Upload>,
  limit: Limit,
  ended: Promise<void>,
): Promise<void> {
  const waiting = new Map(uploads);
  const end = interruption(limit, ended);
  let failure = new GatewayError('BAD_REQUEST', 'A file that the map names is missing in the request.');
  try {
    for await (const part of parts) {
      const name = fieldName(part.headers) ?? '';
      const upload = waiting.get(name);
      if (upload === undefined) continue; // the specification has extraneous files ignored
      if (name !== waiting.keys().next().value) {
        throw new GatewayError('BAD_REQUEST', 'The files must come in the order of the map.');
      }
      waiting.delete(name);
      await Promise.race([handOver(part, upload), end.promise]);
    }
  } catch (error) {
    failure = toGatewayError(error);
  } finally {
    end.forget();
  }
  for (const upload of waiting.values()) upload.reject(failure);
}

/** Rejects when nobody wants the files any more, or when they take too long. */
function interruption(
  { value, setting }: Limit,
  ended: Promise<void>,
): { promise: Promise<never>; forget: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {}); // it may come after the last file
  void ended.then(() => reject(new GatewayError('UPLOAD_ABORTED', 'The request has ended before the file was read.')));
  const late = () => reject(new GatewayError('UPLOAD_TIMEOUT', `The files took longer than ${setting} (${value} ms).`));
  const timer = setTimeout(late, value);
  return { promise, forget: () => clearTimeout(timer) };
}

/** Gives a part's bytes to the resolver in the form of graphql-upload. Resolves when they have been read or left. */
function handOver(part: Part, upload: Upload): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let taken = false;
  upload.resolve({
    filename: dispositionOf(part.headers)?.get('filename') ?? '',
    mimetype: part.headers.get('content-type') ?? 'application/octet-stream',
    encoding: '7bit',
    createReadStream: () => {
      if (taken) throw new GatewayError('BAD_REQUEST', 'One file of the request is used twice; send it twice.');
      taken = true;
      const stream = Readable.from(part.body, { objectMode: false });
      return stream.once('close', resolve);
    },
  });
  return promise;
}

function fieldName(headers: PartHeaders): string | undefined {
  return dispositionOf(headers)?.get('name');
}

/** Parameters of Content-Disposition: form-data (RFC 7578 section 4.2). Its grammar is that of a media type but for the slash. */
function dispositionOf(headers: PartHeaders): ReadonlyMap<string, string> | undefined {
  const disposition = headers.get('content-disposition');
  if (disposition === undefined || !/^form-data\s*;/i.test(disposition)) return undefined;
  return parseMediaType(disposition.replace(/^form-data/i, 'form/data'))?.parameters;
}
