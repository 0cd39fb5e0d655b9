/**
 * GraphQL over WebSockets: the protocol graphql-transport-ws on the path of the HTTP endpoint.
 *
 * Close codes beyond those of the protocol: 1001 when the gateway shuts down, 1009 for a message over
 * {@link MAX_MESSAGE_BYTES}, 4490 for a peer that does not read. After each of them a client may reconnect and resume
 * with its last cursor. Above MAX_SUBSCRIPTIONS connections an upgrade is refused with HTTP 503, above
 * MAX_CONNECTIONS_PER_IDENTITY a connection is closed with 4429. connection-identity.ts has the codes about credentials.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { handleProtocols } from 'graphql-ws';
import { type ServerOptions, WebSocketServer } from 'ws';
import { refuseUpgrade } from '../socket-errors.ts';
import { createProtocolServer, type SubscriptionOptions } from './subscription-protocol.ts';
import { upgradeAdmission } from './upgrade-admission.ts';
import { serveConnection } from './websocket-transport.ts';

/** An operation with its variables is far smaller; films do not come this way. */
const MAX_MESSAGE_BYTES = 128 * 1024;

/** Between pings; short enough for the idle limits of common proxies (60 s). */
const PING_MS = 12_000;

/** Longest wait for the peer's half of the closing handshake. */
const CLOSE_TIMEOUT_MS = 2000;

const GOING_AWAY = 1001;

/** The endpoint. */
export interface SubscriptionEndpoint {
  /** For the HTTP server's 'upgrade' event. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Refuses new connections, tells the open ones that the gateway goes away, and waits until they are closed. */
  close(): Promise<void>;
}

/** Builds the endpoint; nothing listens yet. */
export function createSubscriptionEndpoint(options: SubscriptionOptions): SubscriptionEndpoint {
  const { config, log } = options;
  const { stallMs } = config.subscriptions;
  const socketOptions: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    closeTimeout: CLOSE_TIMEOUT_MS, // the declarations of ws lack it
    handleProtocols,
  };
  const sockets = new WebSocketServer(socketOptions);
  const server = createProtocolServer(options);
  const admit = upgradeAdmission(config);
  let closing = false;
  return {
    upgrade(request, socket, head) {
      const admission = admit(request, { closing, connections: sockets.clients.size });
      if ('refused' in admission) return refuseUpgrade(socket, admission.refused, admission.status);
      const { address, proved } = admission;
      socket.once('close', proved);
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const connectionId = randomUUID();
        const began = performance.now();
        log.info('websocket.opened', { requestId: connectionId, count: sockets.clients.size });
        webSocket.once('close', (status) => {
          const milliseconds = Math.round(performance.now() - began);
          log.info('websocket.closed', { requestId: connectionId, status, milliseconds });
        });
        const connection = { connectionId, socket: webSocket, request, address, proved, caller: undefined };
        serveConnection(server, webSocket, connection, { stallMs, pingMs: PING_MS, log });
      });
    },
    async close() {
      closing = true;
      const closed = [...sockets.clients].map((client) => new Promise((resolve) => client.once('close', resolve)));
      for (const client of sockets.clients) client.close(GOING_AWAY, 'The gateway is shutting down');
      await Promise.all(closed);
    },
  };
}
