/**
 * The DICOM door: listens, lets known callers in, serves their associations. Everything a stranger can make it hold is bounded:
 * sockets without an association (waiting-sockets.ts), associations, and within each the limits of AssociationLimits.
 *
 * States: built -> open -> draining -> closed. drain() takes no new associations and ends each one after the message that it
 * is in; close() ends what is left.
 */
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Identity } from '../access/identity.ts';
import { identityOfNode } from '../access/node-identity.ts';
import type { Config } from '../config.ts';
import { type AcceptorPolicy, acceptAssociation } from '../dicom/network/acceptor.ts';
import type { AssociationLimits } from '../dicom/network/association.ts';
import { type ShownCertificate, shownCertificate } from '../dicom/network/client-certificate.ts';
import type { DicomNode } from '../dicom/network/node.ts';
import { describeRejection } from '../dicom/network/pdu.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type NegotiationOptions, negotiation } from './negotiation.ts';
import { Session, type SessionServices } from './session.ts';
import { WaitingSockets } from './waiting-sockets.ts';

/** What the door needs. */
export interface DimseDoorOptions extends Pick<SessionServices, 'ingest' | 'commitments'> {
  readonly config: Config['dimse'];
  /** Largest data set, bytes. */
  readonly maxFileBytes: number;
  readonly nodes: readonly DicomNode[];
  readonly log: Log;
  /** Called once an association request with how it ended; for metrics. */
  readonly onAssociation?: (outcome: 'accepted' | 'rejected' | 'failed') => void;
}

/** Where the door is. */
export interface DimseAddressInfo {
  readonly host: string;
  readonly port: number;
  readonly aeTitle: string;
}

/** Sockets that may be without an association at once, beside as many as there may be associations. */
const MORE_WAITING_SOCKETS = 64;

/** The door. Disposing closes it. */
export class DimseDoor implements AsyncDisposable {
  readonly #options: DimseDoorOptions;
  readonly #limits: AssociationLimits;
  readonly #negotiation: NegotiationOptions;
  readonly #waiting: WaitingSockets;
  readonly #sessions = new Set<Session>();
  readonly #serving = new Set<Promise<void>>();
  /** Sockets whose request was accepted, until their association has ended. */
  readonly #held = new Set<Socket>();
  #server: Server | undefined;
  #draining = false;

  constructor(options: DimseDoorOptions) {
    const { config, nodes, maxFileBytes } = options;
    this.#options = options;
    this.#limits = {
      maxPduBytes: config.maxPduBytes,
      maxDataSetBytes: maxFileBytes,
      artimMs: config.artimMs,
      idleTimeoutMs: config.idleTimeoutMs,
      messageTimeoutMs: config.messageTimeoutMs,
    };
    this.#negotiation = {
      aeTitle: config.aeTitle,
      knownCallers: new Map(
        nodes.flatMap(({ dimse }) => (dimse === undefined ? [] : [[dimse.aeTitle, dimse.clientCertificate]])),
      ),
      acceptUnknownCallers: config.acceptUnknownCallers,
      hasRoom: () => !this.#draining && this.associations < config.maxAssociations,
    };
    this.#waiting = new WaitingSockets(config.maxAssociations + MORE_WAITING_SOCKETS);
  }

  /** Associations open now. */
  get associations(): number {
    return this.#held.size;
  }

  /** Where it listens; undefined while it does not. */
  get address(): DimseAddressInfo | undefined {
    const address = this.#server?.listening === true ? (this.#server.address() as AddressInfo) : undefined;
    const { host, aeTitle } = this.#options.config;
    return address === undefined ? undefined : { host, port: address.port, aeTitle };
  }

  /** Begins to listen. @throws GatewayError CONFIG_INVALID when TLS files cannot be used or the address cannot be had */
  async open(): Promise<DimseAddressInfo> {
    const { host, port, tls, aeTitle } = this.#options.config;
    requireCertificates(this.#options);
    const server = tls === undefined ? this.#tcpServer() : await this.#tlsServer(tls);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const problem = `DIMSE_HOST and DIMSE_PORT: ${host}:${port} cannot be listened on (${error.code ?? 'no code'}).`;
        reject(new GatewayError('CONFIG_INVALID', problem, {}, { cause: error }));
      });
      server.listen(port, host, resolve);
    });
    this.#server = server;
    const address = { host, port: (server.address() as AddressInfo).port, aeTitle };
    this.#options.log.info('dimse.listening', {
      url: `${tls === undefined ? 'dicom' : 'dicoms'}://${host}:${address.port}`,
    });
    return address;
  }

  #tcpServer(): Server {
    return createTcpServer((socket) => {
      if (this.#admit(socket)) this.#serve(socket, socket);
    });
  }

  async #tlsServer(tls: NonNullable<Config['dimse']['tls']>): Promise<Server> {
    const [cert, key, ca] = await Promise.all([tls.certFile, tls.keyFile, tls.caFile].map(readPem));
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
          handshakeTimeout: this.#limits.artimMs,
        },
        (socket) => {
          const raw = handshaking.get(nameOf(socket));
          if (raw === undefined) socket.destroy();
          else this.#serve(socket, raw);
        },
      );
    } catch (error) {
      throw new GatewayError('CONFIG_INVALID', 'The TLS files of the DICOM door do not fit.', {}, { cause: error });
    }
    server.on('connection', (socket: Socket) => {
      if (!this.#admit(socket)) return;
      const name = nameOf(socket);
      handshaking.set(name, socket);
      socket.once('close', () => handshaking.delete(name));
    });
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return server;
  }

  /** Makes a fresh socket wait; the beginning of every connection. */
  #admit(socket: Socket): boolean {
    socket.on('error', () => {}); // whoever reads from it learns of it, and one without a reader is closed by it
    if (this.#draining) {
      socket.destroy();
      return false;
    }
    if (this.#waiting.add(socket) > 0) this.#options.log.debug('dimse.socket-evicted');
    return !socket.destroyed;
  }

  /** @param raw - the TCP socket; the same as `socket` without TLS */
  #serve(socket: Socket, raw: Socket): void {
    const serving = this.#converse(socket, raw)
      .catch((error: unknown) => this.#options.log.error('dimse.failed', {}, error))
      .finally(() => this.#serving.delete(serving));
    this.#serving.add(serving);
  }

  async #converse(socket: Socket, raw: Socket): Promise<void> {
    const address = raw.remoteAddress ?? 'unknown';
    const session = await this.#negotiate(socket, raw, address);
    if (session === undefined) return;
    const { callingAeTitle } = session.association;
    const { log } = this.#options;
    this.#waiting.remove(raw);
    this.#sessions.add(session);
    log.info('dimse.associated', { callingAeTitle, address, count: this.#sessions.size });
    try {
      await session.run();
      log.info('dimse.released', { callingAeTitle, address });
    } catch (error) {
      const coded = toGatewayError(error);
      log.warn('dimse.lost', { callingAeTitle, address, code: coded.code, reason: coded.message });
      if (coded.code === 'INTERNAL') log.error('dimse.failed', { callingAeTitle }, coded.cause ?? coded);
      session.association.abort();
    } finally {
      this.#sessions.delete(session);
      this.#held.delete(raw);
      if (!raw.destroyed) this.#waiting.add(raw);
    }
  }

  async #negotiate(socket: Socket, raw: Socket, address: string): Promise<Session | undefined> {
    const { log, onAssociation, config } = this.#options;
    const certificate = shownCertificate(socket);
    const negotiated = negotiation(this.#negotiation, certificate);
    const policy: AcceptorPolicy = {
      ...negotiated,
      judge: (request) => {
        const rejection = negotiated.judge(request);
        if (rejection === undefined) this.#held.add(raw);
        return rejection;
      },
    };
    try {
      const answer = await acceptAssociation(socket, this.#limits, policy);
      if ('association' in answer) {
        onAssociation?.('accepted');
        const identity = this.#identityOf(answer.association.callingAeTitle, certificate);
        return new Session(answer.association, {
          ...this.#options,
          answerTimeoutMs: config.artimMs,
          address,
          identity,
        });
      }
      onAssociation?.('rejected');
      const { request, rejection } = answer.refused;
      const { callingAeTitle, calledAeTitle } = request;
      log.warn('dimse.rejected', { callingAeTitle, calledAeTitle, address, reason: describeRejection(rejection) });
    } catch (error) {
      onAssociation?.('failed');
      this.#held.delete(raw);
      log.debug('dimse.no-association', { address, reason: toGatewayError(error).message });
    }
    return undefined;
  }

  #identityOf(callingAeTitle: string, certificate: ShownCertificate | undefined): Identity {
    const node = this.#options.nodes.find(({ dimse }) => dimse?.aeTitle === callingAeTitle);
    return identityOfNode({ callingAeTitle, name: node?.name, certificate });
  }

  /** Takes nothing new; resolves when the messages under way are answered, or after `milliseconds`. */
  async drain(milliseconds: number): Promise<void> {
    this.#draining = true;
    this.#server?.close();
    this.#waiting.destroyAll();
    for (const session of this.#sessions) session.drain();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    await Promise.race([Promise.all(this.#serving), late]);
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#draining = true;
    const server = this.#server;
    const closed = new Promise<void>((resolve) => {
      if (server === undefined) resolve();
      else server.close(() => resolve());
    });
    this.#waiting.destroyAll();
    for (const { association } of this.#sessions) association.abort();
    await Promise.all(this.#serving);
    this.#waiting.destroyAll();
    await closed;
  }
}

/** A certificate that nobody is asked for proves nothing. @throws GatewayError CONFIG_INVALID */
function requireCertificates({ nodes, config }: DimseDoorOptions): void {
  if (config.tls?.caFile !== undefined) return;
  const named = nodes.filter(({ dimse }) => dimse?.clientCertificate !== undefined).map(({ name }) => name);
  if (named.length === 0) return;
  throw new GatewayError(
    'CONFIG_INVALID',
    `DICOM_NODES_FILE names a clientCertificate for ${named.join(', ')}: set DIMSE_TLS_CA_FILE, so that callers are asked for one.`,
  );
}

async function readPem(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GatewayError('CONFIG_INVALID', `The TLS file ${path} cannot be read.`, {}, { cause });
  });
}
