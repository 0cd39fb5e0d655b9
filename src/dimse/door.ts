/**
 * The DICOM door: listens, lets known callers in, serves their associations. Everything a stranger can make it hold is bounded:
 * sockets without an association (waiting-sockets.ts), associations, and within each the limits of AssociationLimits.
 *
 * States: built -> open -> draining -> closed. drain() takes no new associations and ends each one after the message that it
 * is in; close() ends what is left.
 */
import type { AddressInfo, Server, Socket } from 'node:net';
import { BackgroundTasks } from '../background-tasks.ts';
import type { Config } from '../config.ts';
import type { DicomNode } from '../dicom/network/node.ts';
import { toGatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type AssociateOptions, type AssociationPlace, associate } from './associate.ts';
import { type ConnectionHandler, listen, requireCertificates } from './door-server.ts';
import type { Session, SessionServices } from './session.ts';
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
  readonly #associating: AssociateOptions;
  readonly #waiting: WaitingSockets;
  readonly #sessions = new Set<Session>();
  readonly #serving = new BackgroundTasks();
  /** Sockets whose request was accepted, until their association has ended. */
  readonly #held = new Set<Socket>();
  #server: Server | undefined;
  #draining = false;

  constructor(options: DimseDoorOptions) {
    const { config, nodes, maxFileBytes, ingest, commitments, log, onAssociation } = options;
    const { aeTitle, acceptUnknownCallers, maxAssociations, artimMs } = config;
    const { maxPduBytes, idleTimeoutMs, messageTimeoutMs } = config;
    const known = nodes.flatMap(({ dimse }) =>
      dimse === undefined ? [] : [[dimse.aeTitle, dimse.clientCertificate] as const],
    );
    const hasRoom = () => !this.#draining && this.associations < maxAssociations;
    this.#options = options;
    this.#associating = {
      ...{ ingest, commitments, nodes, log, onAssociation },
      answerTimeoutMs: artimMs,
      limits: { maxPduBytes, maxDataSetBytes: maxFileBytes, artimMs, idleTimeoutMs, messageTimeoutMs },
      negotiation: { aeTitle, knownCallers: new Map(known), acceptUnknownCallers, hasRoom },
    };
    this.#waiting = new WaitingSockets(maxAssociations + MORE_WAITING_SOCKETS);
  }

  /** Associations open now. */
  get associations(): number {
    return this.#held.size;
  }

  /** Where it listens; undefined while it does not. */
  get address(): DimseAddressInfo | undefined {
    return this.#server?.listening === true ? this.#addressOf(this.#server) : undefined;
  }

  /** Begins to listen. @throws GatewayError CONFIG_INVALID when TLS files cannot be used or the address cannot be had */
  async open(): Promise<DimseAddressInfo> {
    const { config, nodes, log } = this.#options;
    requireCertificates(config, nodes);
    const handler: ConnectionHandler = {
      admit: (socket) => this.#admit(socket),
      serve: (socket, raw) => this.#serve(socket, raw),
    };
    this.#server = await listen(config, handler);
    const address = this.#addressOf(this.#server);
    const scheme = config.tls === undefined ? 'dicom' : 'dicoms';
    log.info('dimse.listening', { url: `${scheme}://${address.host}:${address.port}` });
    return address;
  }

  #addressOf(server: Server): DimseAddressInfo {
    const { host, aeTitle } = this.#options.config;
    return { host, port: (server.address() as AddressInfo).port, aeTitle };
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
    this.#serving.add(this.#converse(socket, raw), (error) => this.#options.log.error('dimse.failed', {}, error));
  }

  async #converse(socket: Socket, raw: Socket): Promise<void> {
    const address = raw.remoteAddress ?? 'unknown';
    const place: AssociationPlace = { take: () => this.#held.add(raw), giveBack: () => this.#held.delete(raw) };
    const session = await associate(socket, address, place, this.#associating);
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
      place.giveBack();
      if (!raw.destroyed) this.#waiting.add(raw);
    }
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
    await Promise.race([this.#serving.ended(), late]);
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
    await this.#serving.ended();
    this.#waiting.destroyAll();
    await closed;
  }
}
