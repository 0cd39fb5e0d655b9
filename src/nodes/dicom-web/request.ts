/**
 * HTTP requests to a DICOMweb node, within limits of time and size: a node that is silent or sends without end costs one
 * connection for a while, and never memory.
 *
 * By node:http, not by fetch: when a node ends a body by closing the connection, as Orthanc does, while its reader holds
 * back, the fetch of Node 24.21 fails an assertion that nobody can catch (undici, Parser.finish), and that ends the process.
 */
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { collectBytes } from '../../collect-bytes.ts';
import type { DicomWebAddress } from '../../dicom/network/node.ts';
import { tlsProblem } from '../../dicom/network/tls-problem.ts';
import { GatewayError } from '../../errors.ts';
import { type OwnCertificate, readTlsMaterial } from '../tls-files.ts';

/** Bounds of one request, and who makes it. */
export interface DicomWebLimits {
  /** Longest wait for the head of an answer, and for each further piece of it, ms. */
  readonly idleTimeoutMs: number;
  /** Bytes of an answer that is kept in memory. */
  readonly maxAnswerBytes: number;
  /** Own certificate, for nodes that ask for one. */
  readonly tls?: OwnCertificate | undefined;
}

/** A request below the node's base address. */
export interface DicomWebRequest {
  readonly method: 'GET' | 'POST';
  /** Begins with a slash. */
  readonly path: string;
  readonly accept: string;
  readonly contentType?: string;
  /** Sent in chunks as it comes. */
  readonly body?: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
}

/** An answer whose head has arrived. */
export interface DicomWebAnswer {
  readonly status: number;
  readonly contentType: string;
  /** The bytes as they arrive; read once, or left by {@link discard}. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives the connection up when the body is not wanted. */
  discard(): void;
}

/**
 * Each request has a connection of its own. A redirect is an answer like any other: it could take the credentials somewhere
 * nobody named.
 *
 * @throws GatewayError DICOM_NODE_UNREACHABLE, CONFIG_INVALID for certificates that cannot be used, DICOM_NODE_FAILED when it is
 *   silent; the body throws DICOM_NODE_FAILED when it breaks off; what the signal aborts with, and what the request's own body
 *   throws
 */
export async function requestDicomWeb(
  address: DicomWebAddress,
  request: DicomWebRequest,
  { idleTimeoutMs, tls }: DicomWebLimits,
): Promise<DicomWebAnswer> {
  request.signal?.throwIfAborted();
  const outgoing = await open(address, request, tls);
  const exchange = new Exchange(outgoing, idleTimeoutMs, request.signal);
  const response = await exchange.answer(request.body);
  const coding = response.headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity') {
    outgoing.destroy();
    throw new GatewayError('DICOM_NODE_REFUSED', 'The node answers with a content encoding that it was not asked for.');
  }
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    body: exchange.receive(response),
    discard: () => outgoing.destroy(),
  };
}

async function open(
  address: DicomWebAddress,
  request: DicomWebRequest,
  tls: OwnCertificate | undefined,
): Promise<ClientRequest> {
  const url = `${address.url}${request.path}`;
  const headers: Record<string, string> = { accept: request.accept };
  if (address.authorization !== undefined) headers.authorization = address.authorization;
  if (request.contentType !== undefined) headers['content-type'] = request.contentType;
  const options = { method: request.method, headers, agent: false as const };
  if (!url.startsWith('https:')) return requestHttp(url, options);
  const material = await readTlsMaterial(address.caFile, tls);
  return requestHttps(url, { ...options, ...material, minVersion: 'TLSv1.2' });
}

/**
 * Reads an answer into memory.
 *
 * @throws GatewayError DICOM_NODE_REFUSED when it is longer than maxAnswerBytes
 */
export async function readAnswer({ body }: DicomWebAnswer, { maxAnswerBytes }: DicomWebLimits): Promise<Buffer> {
  const tooLong = () =>
    new GatewayError('DICOM_NODE_REFUSED', `The node answers with more than ${maxAnswerBytes} bytes.`);
  return collectBytes(body, maxAnswerBytes, tooLong);
}

/** The error that an HTTP status means. Timeouts, overload and server errors may pass; the others would come again. */
export function httpError(operation: string, status: number): GatewayError {
  const mayPass = status === 408 || status === 429 || status >= 500;
  return new GatewayError(
    mayPass ? 'DICOM_NODE_FAILED' : 'DICOM_NODE_REFUSED',
    `The node answered ${operation} with HTTP status ${status}.`,
  );
}

/** One request and its answer. Its clock runs only while the node is waited for, not while its bytes are worked on. */
class Exchange {
  readonly #outgoing: ClientRequest;
  readonly #idleTimeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  #clock: NodeJS.Timeout | undefined;
  /** Why the exchange was ended from this side. */
  #ended: unknown;

  constructor(outgoing: ClientRequest, idleTimeoutMs: number, signal: AbortSignal | undefined) {
    this.#outgoing = outgoing;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#signal = signal;
    const abort = () => this.#end(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    outgoing.once('close', () => signal?.removeEventListener('abort', abort));
    outgoing.on('error', () => {}); // whoever waits is told; nobody may be waiting
  }

  /** Sends the body and waits for the head of the answer, which may come before all of the body is sent. */
  async answer(body: AsyncIterable<Uint8Array> | undefined): Promise<IncomingMessage> {
    const { promise: response, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    this.#outgoing.once('response', resolve).once('error', reject);
    this.#outgoing.once('close', () => reject(new Error('closed without an answer')));
    if (body === undefined) this.#outgoing.end();
    else void this.#send(body);
    return this.#waitFor(response, unreachable);
  }

  async *receive(response: IncomingMessage): AsyncGenerator<Uint8Array, void, void> {
    const chunks: AsyncIterator<Uint8Array> = response[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await this.#waitFor(chunks.next(), brokenOff);
        if (done === true) return;
        yield value;
      }
    } finally {
      this.#outgoing.destroy();
    }
  }

  async #send(body: AsyncIterable<Uint8Array>): Promise<void> {
    const exchange = this;
    async function* taken(): AsyncGenerator<Uint8Array, void, void> {
      try {
        for await (const chunk of body) {
          exchange.#clock?.refresh(); // the node takes what it is sent
          yield chunk;
        }
      } catch (error) {
        exchange.#end(error);
      }
    }
    // What goes wrong on the connection is told by its error event, or is of no interest once there is an answer.
    await pipeline(Readable.from(taken(), { objectMode: false }), this.#outgoing).catch(() => {});
  }

  /** @param toError - what a failure of the connection means */
  async #waitFor<T>(promise: Promise<T>, toError: (cause: unknown) => GatewayError): Promise<T> {
    this.#clock = setTimeout(() => {
      this.#end(new GatewayError('DICOM_NODE_FAILED', `The node was silent for ${this.#idleTimeoutMs} ms.`));
    }, this.#idleTimeoutMs);
    try {
      return await promise;
    } catch (cause) {
      this.#signal?.throwIfAborted();
      throw this.#ended ?? toError(cause);
    } finally {
      clearTimeout(this.#clock);
    }
  }

  #end(reason: unknown): void {
    this.#ended ??= reason;
    this.#outgoing.destroy(new Error('ended'));
  }
}

function unreachable(cause: unknown): GatewayError {
  const code = (cause as { code?: unknown } | null)?.code;
  const reason = tlsProblem(cause);
  const detail = reason === undefined ? (typeof code === 'string' ? ` (${code})` : '') : `: ${reason}`;
  return new GatewayError('DICOM_NODE_UNREACHABLE', `The node cannot be reached by HTTP${detail}.`, {}, { cause });
}

function brokenOff(cause: unknown): GatewayError {
  return new GatewayError('DICOM_NODE_FAILED', 'The answer of the node breaks off.', {}, { cause });
}
