/** The body of an upload, chunk by chunk, within limits of size, silence and total time. */
import type { IncomingMessage } from 'node:http';
import type { Config } from '../config.ts';
import { GatewayError } from '../errors.ts';

/** A number with the setting that changes it, for messages. */
export interface Limit {
  readonly value: number;
  readonly setting: string;
}

/** What one request may take. */
export interface BodyLimits {
  /** Bytes. */
  readonly size: Limit;
  /** Longest wait for the next chunk, ms. */
  readonly idle: Limit;
  /** Longest time from now to the last byte, ms. */
  readonly total: Limit;
  /** Told of the bytes of each chunk; throws when they are too many. */
  readonly charge?: (bytes: number) => Promise<void>;
}

/** The limits of a request that brings films. */
export function uploadLimits({ stow, upload }: Config): BodyLimits {
  return {
    size: { value: stow.maxRequestBytes, setting: 'STOW_MAX_REQUEST_BYTES' },
    idle: { value: upload.idleTimeoutMs, setting: 'UPLOAD_IDLE_TIMEOUT_MS' },
    total: { value: upload.timeoutMs, setting: 'UPLOAD_TIMEOUT_MS' },
  };
}

/** How long an answered request may go on sending before its connection is cut, ms. */
const LINGER_MS = 5000;

/**
 * Reads a request's body with back-pressure: the socket is read only as chunks are asked for. The request stays open when
 * the reader stops early; see {@link discardRest}.
 *
 * @throws GatewayError PAYLOAD_TOO_LARGE, UPLOAD_TIMEOUT, UPLOAD_ABORTED, RATE_LIMITED (while iterating)
 */
export async function* receiveBody(
  request: IncomingMessage,
  limits: BodyLimits,
): AsyncGenerator<Uint8Array, void, void> {
  const { size, idle, total } = limits;
  if (Number(request.headers['content-length'] ?? 0) > size.value) throw tooLarge(size);
  const deadline = performance.now() + total.value;
  const chunks: AsyncIterator<Uint8Array> = request.iterator({ destroyOnReturn: false });
  let received = 0;
  for (;;) {
    const wait = Math.min(idle.value, deadline - performance.now());
    const { done, value } = await within(chunks.next(), wait, () =>
      wait < idle.value
        ? `The request took longer than ${total.setting} (${total.value} ms) to arrive.`
        : `Nothing of the request arrived for ${idle.setting} (${idle.value} ms).`,
    );
    if (done === true) return;
    received += value.byteLength;
    if (received > size.value) throw tooLarge(size);
    await limits.charge?.(value.byteLength);
    yield value;
  }
}

function tooLarge({ value, setting }: Limit): GatewayError {
  return new GatewayError('PAYLOAD_TOO_LARGE', `The request is larger than ${setting} (${value} bytes).`);
}

/** A timer of its own for each chunk: racing all of them against one promise would keep every chunk's reaction alive. */
function within<T>(chunk: Promise<T>, milliseconds: number, problem: () => string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new GatewayError('UPLOAD_TIMEOUT', problem())), Math.max(0, milliseconds));
    chunk
      .then(resolve, (error) =>
        reject(
          new GatewayError('UPLOAD_ABORTED', 'The connection ended before the request did.', {}, { cause: error }),
        ),
      )
      .finally(() => clearTimeout(timer));
  });
}

/**
 * For a request that was answered before its end. Many clients read the answer only after they have sent everything, and
 * a connection that is closed on unread bytes is reset, which loses the answer on its way: so the rest is read and thrown
 * away for a while, then the connection is cut.
 */
export function discardRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  const cut = setTimeout(() => request.destroy(), LINGER_MS);
  request.once('close', () => clearTimeout(cut));
  // An iterator that was left waits for 'readable', and as long as somebody does, resume() has no effect.
  request.removeAllListeners('readable');
  request.resume();
}
