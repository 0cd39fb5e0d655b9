/**
 * GraphQL over WebSockets: the protocol graphql-transport-ws on the path of the HTTP endpoint.
 *
 * Close codes beyond those of the protocol: 1001 when the gateway shuts down, 1009 for a message over
 * {@link MAX_MESSAGE_BYTES}, 4490 for a peer that does not read. After each of them a client may reconnect and resume
 * with its last cursor. Above MAX_SUBSCRIPTIONS connections an upgrade is refused with HTTP 503.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import { handleProtocols, makeServer } from 'graphql-ws';
import { type ServerOptions, WebSocketServer } from 'ws';
import { anonymousCaller } from '../../access/caller.ts';
import type { Config } from '../../config.ts';
import { GatewayError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { createContext, type GatewayServices } from '../../resolvers/context.ts';
import { formatError } from '../../resolvers/format-error.ts';
import { refuseUpgrade } from '../socket-errors.ts';
import { prepareOperation } from './operations.ts';
import { serveConnection } from './websocket-transport.ts';

/** An operation with its variables is far smaller; films do not come this way. */
const MAX_MESSAGE_BYTES = 128 * 1024;

/** Between pings; short enough for the idle limits of common proxies (60 s). */
const PING_MS = 12_000;

/** Longest wait for the peer's half of the closing handshake. */
const CLOSE_TIMEOUT_MS = 2000;

const GOING_AWAY = 1001;

/** What the endpoint needs. */
export interface SubscriptionOptions {
  readonly config: Config;
  readonly log: Log;
  readonly schema: GraphQLSchema;
  readonly services: GatewayServices;
}

/** The endpoint. */
export interface SubscriptionEndpoint {
  /** For the HTTP server's 'upgrade' event. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Refuses new connections, tells the open ones that the gateway goes away, and waits until they are closed. */
  close(): Promise<void>;
}

interface ConnectionExtra extends Record<PropertyKey, unknown> {
  readonly connectionId: string;
}

/** Builds the endpoint; nothing listens yet. */
export function createSubscriptionEndpoint(options: SubscriptionOptions): SubscriptionEndpoint {
  const { config, log } = options;
  const { maxConnections, stallMs } = config.subscriptions;
  const socketOptions: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    closeTimeout: CLOSE_TIMEOUT_MS, // the declarations of ws lack it
    handleProtocols,
  };
  const sockets = new WebSocketServer(socketOptions);
  const server = createProtocolServer(options);
  let closing = false;
  return {
    upgrade(request, socket, head) {
      if (closing) return refuseUpgrade(socket, new GatewayError('SHUTTING_DOWN', 'The gateway is shutting down.'));
      if (sockets.clients.size >= maxConnections) {
        return refuseUpgrade(socket, new GatewayError('BUSY', `MAX_SUBSCRIPTIONS (${maxConnections}) are connected.`));
      }
      if (!isSameOrigin(request)) {
        return refuseUpgrade(socket, new GatewayError('BAD_REQUEST', 'Pages of another origin may not connect.'), 403);
      }
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const connectionId = randomUUID();
        const began = performance.now();
        log.info('websocket.opened', { requestId: connectionId, count: sockets.clients.size });
        webSocket.once('close', (status) => {
          const milliseconds = Math.round(performance.now() - began);
          log.info('websocket.closed', { requestId: connectionId, status, milliseconds });
        });
        serveConnection(server, webSocket, { connectionId }, { stallMs, pingMs: PING_MS, log });
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

function createProtocolServer({ config, log, schema, services }: SubscriptionOptions) {
  const format = (errors: readonly GraphQLError[]) => errors.map((error) => formatError(error, log));
  return makeServer<Record<string, unknown> | undefined, ConnectionExtra>({
    onSubscribe: (context, _id, payload) => {
      const { maxSocketOperations } = config.graphql;
      if (Object.keys(context.subscriptions).length > maxSocketOperations) {
        const problem = `This connection runs GRAPHQL_MAX_SOCKET_OPERATIONS (${maxSocketOperations}) already.`;
        return [new GraphQLError(problem, { originalError: new GatewayError('BUSY', problem) })];
      }
      const prepared = prepareOperation(schema, payload, config.graphql);
      if ('errors' in prepared) return prepared.errors;
      const { operationName, variables } = payload;
      return {
        schema,
        document: prepared.document,
        operationName,
        variableValues: variables,
        contextValue: createContext(services, anonymousCaller(randomUUID())),
      };
    },
    onNext: (_context, _id, _payload, _args, { errors, data }) =>
      errors === undefined ? undefined : { errors: format(errors), data: data ?? null },
    onError: (_context, _id, _payload, errors) => format(errors),
  });
}

/**
 * Browsers let every page open WebSockets to any host, and hold no answer back as they do for HTTP without CORS: a page
 * on the internet could read a hospital's findings through the browser of somebody inside. Programs send no Origin.
 */
function isSameOrigin({ headers }: IncomingMessage): boolean {
  if (headers.origin === undefined) return true;
  return URL.parse(headers.origin)?.host === headers.host?.toLowerCase();
}
