/** The listening socket of the DICOM door: TCP, or TLS on it. */
import { readFile } from 'node:fs/promises';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Config } from '../config.ts';
import type { DicomNode } from '../dicom/network/node.ts';
import { GatewayError } from '../errors.ts';

/** Who takes what comes in. */
export interface ConnectionHandler {
  /** A fresh TCP connection, before anything is read from it. @returns whether it may stay */
  admit(socket: Socket): boolean;
  /**
   * A connection that may be spoken on; with TLS after the handshake.
   *
   * @param raw - the TCP socket that was admitted; the same as `socket` without TLS
   */
  serve(socket: Socket, raw: Socket): void;
}

/**
 * Listens on DIMSE_HOST and DIMSE_PORT.
 *
 * @throws GatewayError CONFIG_INVALID when TLS files cannot be used or the address cannot be had
 */
export async function listen(config: Config['dimse'], handler: ConnectionHandler): Promise<Server> {
  const { host, port, tls, artimMs } = config;
  const server = tls === undefined ? tcpServer(handler) : await tlsServer(tls, artimMs, handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const problem = `DIMSE_HOST and DIMSE_PORT: ${host}:${port} cannot be listened on (${error.code ?? 'no code'}).`;
      reject(new GatewayError('CONFIG_INVALID', problem, {}, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
  return server;
}

/** A certificate that nobody is asked for proves nothing. @throws GatewayError CONFIG_INVALID */
export function requireCertificates({ tls }: Config['dimse'], nodes: readonly DicomNode[]): void {
  if (tls?.caFile !== undefined) return;
  const named = nodes.filter(({ dimse }) => dimse?.clientCertificate !== undefined).map(({ name }) => name);
  if (named.length === 0) return;
  throw new GatewayError(
    'CONFIG_INVALID',
    `DICOM_NODES_FILE names a clientCertificate for ${named.join(', ')}: set DIMSE_TLS_CA_FILE, so that callers are asked for one.`,
  );
}

function tcpServer(handler: ConnectionHandler): Server {
  return createTcpServer((socket) => {
    if (handler.admit(socket)) handler.serve(socket, socket);
  });
}

/** @param handshakeTimeout - ms */
async function tlsServer(
  tls: NonNullable<Config['dimse']['tls']>,
  handshakeTimeout: number,
  handler: ConnectionHandler,
): Promise<Server> {
  const [cert, key, ca] = await Promise.all([tls.certFile, tls.keyFile, tls.caFile].map(readPem));
  // Node gives no public way from a TLS socket to the TCP socket below it.
  const handshaking = new Map<string, Socket>();
  const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress}:${remotePort}`;
  let server: Server;
  try {
    server = createTlsServer(
      {
        cert,
        key,
        ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true }),
        minVersion: 'TLSv1.2',
        handshakeTimeout,
      },
      (socket) => {
        const raw = handshaking.get(nameOf(socket));
        if (raw === undefined) socket.destroy();
        else handler.serve(socket, raw);
      },
    );
  } catch (error) {
    throw new GatewayError('CONFIG_INVALID', 'The TLS files of the DICOM door do not fit.', {}, { cause: error });
  }
  server.on('connection', (socket: Socket) => {
    if (!handler.admit(socket)) return;
    const name = nameOf(socket);
    handshaking.set(name, socket);
    socket.once('close', () => handshaking.delete(name));
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

async function readPem(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GatewayError('CONFIG_INVALID', `The TLS file ${path} cannot be read.`, {}, { cause });
  });
}
