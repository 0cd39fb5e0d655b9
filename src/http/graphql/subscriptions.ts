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
import { GraphQLError, type GraphQLSchema } from 'graphql';
import { handleProtocols, makeServer } from 'graphql-ws';
import { type ServerOptions, WebSocketServer } from 'ws';
import type { Caller } from '../../access/caller.ts';
import type { RefusedCredentials } from '../../access/refused-credentials.ts';
import { unauthenticated } from '../../access/unauthenticated.ts';
import type { Config } from '../../config.ts';
import { GatewayError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { createContext, type GatewayContext, type GatewayServices } from '../../resolvers/context.ts';
import { formatError } from '../../resolvers/format-error.ts';
import { operationNameOf } from '../../resolvers/operation-name.ts';
import { recordAnswer } from '../../resolvers/record-answer.ts';
import type { Authentication } from '../authentication.ts';
import { clientAddress, proxiesOf } from '../client-address.ts';
import type { IdentityLimits } from '../identity-limits.ts';
import { refuseUpgrade } from '../socket-errors.ts';
import { admitOperation, countingFailures, refusal } from './admit-operation.ts';
import { authenticateConnection, confirmedCaller, type LiveConnection } from './connection-identity.ts';
import { hideSuggestions } from './hide-suggestions.ts';
import type { RegisteredOperations } from './registered-operations.ts';
import { SubscriptionCount } from './subscription-count.ts';
import { UnprovedSockets } from './unproved-sockets.ts';
import { serveConnection } from './websocket-transport.ts';

/** An operation with its variables is far smaller; films do not come this way. */
const MAX_MESSAGE_BYTES = 128 * 1024;

/** Between pings; short enough for the idle limits of common proxies (60 s). */
const PING_MS = 12_000;

/** Longest wait for the peer's half of the closing handshake. */
const CLOSE_TIMEOUT_MS = 2000;

const GOING_AWAY = 1001;

/** Longest wait for connection_init; then 4408 of the protocol. */
const CONNECTION_INIT_MS = 3000;

/** What the endpoint needs. */
export interface SubscriptionOptions {
  readonly config: Config;
  readonly log: Log;
  readonly schema: GraphQLSchema;
  readonly services: GatewayServices;
  readonly authentication: Authentication;
  readonly limits: IdentityLimits;
  /** Undefined where any operation may run. */
  readonly registered: RegisteredOperations | undefined;
  readonly refused: RefusedCredentials;
}

/** The endpoint. */
export interface SubscriptionEndpoint {
  /** For the HTTP server's 'upgrade' event. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Refuses new connections, tells the open ones that the gateway goes away, and waits until they are closed. */
  close(): Promise<void>;
}

type ConnectionExtra = LiveConnection & Record<PropertyKey, unknown>;

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
  const isProxy = proxiesOf(config.http.trustedProxies);
  const unproved = new UnprovedSockets(maxConnections);
  let closing = false;
  return {
    upgrade(request, socket, head) {
      if (closing) return refuseUpgrade(socket, new GatewayError('SHUTTING_DOWN', 'The gateway is shutting down.'));
      if (sockets.clients.size >= maxConnections) {
        return refuseUpgrade(socket, new GatewayError('BUSY', `MAX_SUBSCRIPTIONS (${maxConnections}) are connected.`));
      }
      if (!mayConnect(request, config.http.corsOrigins)) {
        return refuseUpgrade(socket, new GatewayError('BAD_REQUEST', 'Pages of another origin may not connect.'), 403);
      }
      const address = clientAddress(request, isProxy);
      const proved = unproved.admit(address);
      if (proved === undefined) {
        return refuseUpgrade(
          socket,
          new GatewayError('BUSY', 'Too many connections of this address say not who they are.'),
        );
      }
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

function createProtocolServer(options: SubscriptionOptions) {
  const { config, log, schema, services, authentication, limits, refused } = options;
  const subscriptions = new SubscriptionCount(limits);
  const { introspection } = config.graphql;
  const format = (errors: readonly GraphQLError[]) =>
    errors.map((error) => (introspection ? formatError(error, log) : hideSuggestions(formatError(error, log))));
  return makeServer<Record<string, unknown> | undefined, ConnectionExtra>({
    connectionInitWaitTimeout: CONNECTION_INIT_MS,
    onConnect: ({ extra, connectionParams }) => {
      const counting = countingFailures(authentication, limits, extra.address);
      const admit = (caller: Caller) => {
        extra.proved();
        return limits.openConnection(caller);
      };
      return authenticateConnection(extra, connectionParams, counting, admit, ({ code, details }) => {
        if (code !== 'UNAUTHENTICATED') return;
        const { address, connectionId: requestId } = extra;
        const problem = details.credential ?? 'INVALID';
        refused.note({ address, requestId, operation: 'WebSocket /graphql', problem });
      });
    },
    onSubscribe: async (context, _id, payload) => {
      const { maxSocketOperations } = config.graphql;
      if (Object.keys(context.subscriptions).length > maxSocketOperations) {
        const problem = `This connection runs GRAPHQL_MAX_SOCKET_OPERATIONS (${maxSocketOperations}) already.`;
        return [new GraphQLError(problem, { originalError: new GatewayError('BUSY', problem) })];
      }
      const caller = await confirmedCaller(context.extra, authentication, log);
      if (caller === undefined) return [unconfirmed()];
      const prepared = await admitOperation(options, payload, caller);
      if ('errors' in prepared) return prepared.errors;
      const { operationName, variables } = payload;
      const contextValue = createContext(services, { ...caller, requestId: randomUUID() });
      contextValue.operation = operationNameOf(prepared.document, operationName);
      const execution = { schema, document: prepared.document, operationName, variableValues: variables, contextValue };
      try {
        if (prepared.type === 'subscription') subscriptions.begin(execution, caller, context.extra.socket);
      } catch (error) {
        return [refusal(error)];
      }
      return execution;
    },
    onOperation: (_context, _id, _payload, execution, result) => subscriptions.follow(execution, result),
    onNext: async ({ extra }, _id, _payload, { contextValue }, { errors, data }) => {
      // Closes the connection of an identity that has ended; what is sent on it then goes nowhere.
      if ((await confirmedCaller(extra, authentication, log)) === undefined) return { data: null };
      const context = contextValue as GatewayContext; // made above
      try {
        await recordAnswer(context, errors);
      } catch (error) {
        // Ends the subscription with this error: an event that is left out would be missed. It comes again after the last cursor.
        if (context.operation.startsWith('subscription')) throw error;
        return { errors: [formatError(error, log, context.requestId)], data: null };
      }
      // Recording takes its time, in which the identity may have ended.
      if ((await confirmedCaller(extra, authentication, log)) === undefined) return { data: null };
      return errors === undefined ? undefined : { errors: format(errors), data: data ?? null };
    },
    onError: (_context, _id, _payload, errors) => format(errors),
  });
}

/** For an operation of a connection that is being closed: it is never sent. */
function unconfirmed(): GraphQLError {
  const error = unauthenticated('INVALID');
  return new GraphQLError(error.message, { originalError: error });
}

/**
 * Browsers let every page open WebSockets to any host, and hold no answer back as they do for HTTP without CORS: a page
 * on the internet could read a hospital's findings through the browser of somebody inside. Programs send no Origin.
 *
 * @param origins - other origins whose pages may connect
 */
function mayConnect({ headers }: IncomingMessage, origins: readonly string[]): boolean {
  if (headers.origin === undefined || origins.includes(headers.origin)) return true;
  return URL.parse(headers.origin)?.host === headers.host?.toLowerCase();
}
