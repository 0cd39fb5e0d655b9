/** Answers written to the socket itself: to what Node's HTTP parser refuses, and to upgrades that are not granted. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GatewayError } from '../errors.ts';
import { errorBody, retryAfterSeconds } from './error-answer.ts';

interface Refusal {
  readonly statusLine: string;
  readonly error: GatewayError;
}

const refusals: Readonly<Record<string, () => Refusal>> = {
  HPE_HEADER_OVERFLOW: () => ({
    statusLine: '431 Request Header Fields Too Large',
    error: new GatewayError('BAD_REQUEST', 'The headers of the request are too large.'),
  }),
  ERR_HTTP_REQUEST_TIMEOUT: () => ({
    statusLine: '408 Request Timeout',
    error: new GatewayError('UPLOAD_TIMEOUT', 'The request took too long to arrive.'),
  }),
};

const malformed = (): Refusal => ({
  statusLine: '400 Bad Request',
  error: new GatewayError('BAD_REQUEST', 'The request is no well-formed HTTP.'),
});

/** Node's 'clientError': answers in the gateway's form, then closes the connection. */
export function answerSocketError(error: NodeJS.ErrnoException, socket: Socket): void {
  // A peer that does not speak TLS to a server that does can read no answer.
  if (error.code === 'ECONNRESET' || error.code?.startsWith('ERR_SSL') || !socket.writable) {
    socket.destroy();
    return;
  }
  const { statusLine, error: coded } = (refusals[error.code ?? ''] ?? malformed)();
  end(socket, statusLine, coded);
}

/** Answers an upgrade request that is not granted, and closes its connection. */
export function refuseUpgrade(socket: Duplex, error: GatewayError, status: number = error.status): void {
  socket.on('error', () => socket.destroy());
  const seconds = retryAfterSeconds(error);
  end(
    socket,
    `${status} ${STATUS_CODES[status] ?? ''}`,
    error,
    seconds === undefined ? '' : `Retry-After: ${seconds}\r\n`,
  );
}

function end(socket: Duplex, statusLine: string, error: GatewayError, headers = ''): void {
  const body = JSON.stringify(errorBody(error));
  socket.end(
    `HTTP/1.1 ${statusLine}\r\n${headers}Connection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nX-Content-Type-Options: nosniff\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
