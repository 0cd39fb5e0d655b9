/**
 * The HTTP server: every door and view of the gateway that speaks HTTP. Building it does not listen.
 *
 * States: built -> listening -> draining -> closed. drain() begins the way out and takes SHUTDOWN_TIMEOUT_MS at most.
 */
import type { FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { RefusedCredentials } from '../access/refused-credentials.ts';
import type { Config } from '../config.ts';
import { GatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { GatewayServices } from '../resolvers/context.ts';
import { auditDenials } from './audit-denials.ts';
import { type Authentication, authenticateRequests } from './authentication.ts';
import { addCors } from './cors.ts';
import { addDeidentified, type DeidentifiedSource } from './deidentified.ts';
import { routeOf } from './error-answer.ts';
import { createFastify } from './fastify.ts';
import { readRegisteredOperations } from './graphql/registered-operations.ts';
import { addGraphql } from './graphql/route.ts';
import { createSubscriptionEndpoint, type SubscriptionEndpoint } from './graphql/subscriptions.ts';
import { addHealth, type HealthSources } from './health.ts';
import { IdentityLimits } from './identity-limits.ts';
import { addImages, type ImageSource } from './images.ts';
import { addLandingPage } from './landing-page.ts';
import { addModelReport } from './model-report.ts';
import { limitFailedAuthentications, limitRequests } from './rate-limit.ts';
import { logRequests } from './request-log.ts';
import { addSecurityHeaders } from './security-headers.ts';
import { refuseUpgrade } from './socket-errors.ts';
import { addStow } from './stow/route.ts';

/** What the server needs. */
export interface HttpServerOptions {
  readonly config: Config;
  readonly log: Log;
  readonly schema: GraphQLSchema;
  readonly services: GatewayServices;
  readonly authentication: Authentication;
  readonly images: ImageSource;
  readonly deidentified: DeidentifiedSource;
  readonly readiness: HealthSources['readiness'];
  readonly metrics: HealthSources['metrics'];
}

/** The server. Disposing drains. */
export interface HttpServer extends AsyncDisposable {
  /** Begins to accept connections. Rejects when the address cannot be had. */
  listen(): Promise<{ readonly url: string }>;
  /**
   * Accepts nothing new, tells subscribers, lets running requests and uploads end, then closes. Connections that are open
   * after SHUTDOWN_TIMEOUT_MS are cut. Calling it again waits for the same end.
   */
  drain(): Promise<void>;
}

/** Between looks for connections to close while draining. */
const SWEEP_MS = 50;

const GRAPHQL_PATH = '/graphql';

/** Answered also while draining: whoever watches must see the process go. */
const ALWAYS_ANSWERED = new Set(['/healthz', '/readyz', '/metrics']);

/** Builds the server with all routes. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { config, log } = options;
  let draining: Promise<void> | undefined;
  const app = await createFastify(config, log);
  logRequests(app, log);
  addSecurityHeaders(app, config.http.tls !== undefined);
  refuseWhile(app, () => draining !== undefined);
  await addCors(app, config.http.corsOrigins);
  addHealth(app, { readiness: options.readiness, metrics: options.metrics, draining: () => draining !== undefined });
  // A worker reads films and is watched; doors and API belong to the other roles.
  const subscriptions = config.role === 'worker' ? undefined : await addDoors(app, options);
  await app.ready();

  const drain = async (): Promise<void> => {
    log.info('http.draining');
    const cut = setTimeout(() => {
      log.warn('http.drain-timeout', { milliseconds: config.shutdownTimeoutMs });
      app.server.closeAllConnections();
    }, config.shutdownTimeoutMs);
    // Node closes the connections that are idle when the server closes, and keeps those that become idle after.
    const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
    try {
      await Promise.all([subscriptions?.close(), app.close()]);
    } finally {
      clearTimeout(cut);
      clearInterval(sweep);
    }
    log.info('http.closed');
  };
  const drainOnce = (): Promise<void> => {
    draining ??= drain();
    return draining;
  };
  return {
    async listen() {
      const url = await app.listen({ host: config.http.host, port: config.http.port });
      log.info('http.listening', { url });
      return { url };
    },
    drain: drainOnce,
    [Symbol.asyncDispose]: drainOnce,
  };
}

async function addDoors(app: FastifyInstance, options: HttpServerOptions): Promise<SubscriptionEndpoint> {
  const { config, schema, services } = options;
  const limits = new IdentityLimits(config.identityLimits);
  const { operationsFile } = config.graphql;
  const registered =
    operationsFile === undefined ? undefined : await readRegisteredOperations(operationsFile, schema, config.graphql);
  const refused = new RefusedCredentials(services.store.audit, options.log);
  app.addHook('onClose', () => refused.close());
  limitFailedAuthentications(app, limits);
  authenticateRequests(app, options.authentication);
  limitRequests(app, limits);
  addLandingPage(app);
  auditDenials(app, services.store, refused, options.log);
  addImages(app, options.images);
  addDeidentified(app, options.deidentified, services.store);
  addModelReport(app, services.reports);
  await addStow(app, { config, ingest: services.ingest, limits });
  await addGraphql(app, { ...options, limits, registered });
  const subscriptions = createSubscriptionEndpoint({ ...options, limits, registered, refused });
  addUpgrades(app, subscriptions);
  return subscriptions;
}

/** Refuses new requests on connections that are kept alive. */
function refuseWhile(app: FastifyInstance, draining: () => boolean): void {
  app.addHook('onRequest', async (request) => {
    if (draining() && !ALWAYS_ANSWERED.has(routeOf(request))) {
      throw new GatewayError('SHUTTING_DOWN', 'The gateway is shutting down.', { retryAfterSeconds: 5 });
    }
  });
  // Tells the client not to send its next request on this connection.
  app.addHook('onSend', async (_request, reply) => {
    if (draining()) reply.header('connection', 'close');
  });
}

function addUpgrades(app: FastifyInstance, subscriptions: SubscriptionEndpoint): void {
  app.server.on('upgrade', (request, socket, head) => {
    if (URL.parse(request.url ?? '', 'http://gateway')?.pathname === GRAPHQL_PATH) {
      subscriptions.upgrade(request, socket, head);
    } else {
      refuseUpgrade(socket, new GatewayError('NOT_FOUND', 'WebSockets are served at /graphql only.'));
    }
  });
}
