/** The Fastify instance that all doors of HTTP share. */
import { randomUUID } from 'node:crypto';
import type { ServerOptions as HttpOptionsOfNode, Server as HttpServerOfNode, IncomingMessage } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import {
  type FastifyHttpOptions,
  type FastifyHttpsOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify';
import type { Config } from '../config.ts';
import { GatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import { proxiesOf } from './client-address.ts';
import { errorHandler } from './error-answer.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { answerSocketError } from './socket-errors.ts';
import { followTls, readTls } from './tls.ts';

/** Bytes of all headers of one request; Node answers 431 above it. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Bodies of routes that take none; those that do have limits of their own. */
const MAX_BODY_BYTES = 64 * 1024;

/** How late Node may notice that a request is overdue; its default of 30 s would double the timeout. */
const TIMEOUT_CHECK_MS = 1000;

/**
 * Makes the server without a route: limits, timeouts, TLS where it is set, and errors in the gateway's form.
 *
 * @throws GatewayError CONFIG_INVALID when the files of TLS cannot be used
 */
export async function createFastify(config: Config, log: Log): Promise<FastifyInstance> {
  const { http, upload } = config;
  const protocol = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: http.requestTimeoutMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    // Java's client offers h2c by an Upgrade header on every request; only WebSockets are upgrades here.
    shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === 'websocket',
  };
  const settings = {
    logger: false,
    ...(http.trustedProxies.length === 0 ? {} : { trustProxy: proxiesOf(http.trustedProxies) }),
    genReqId: () => randomUUID(), // ids that senders choose might hold a patient's
    bodyLimit: MAX_BODY_BYTES,
    keepAliveTimeout: http.keepAliveMs,
    // Uploads may take longer than other requests; receiveBody() keeps the shorter limit of those.
    requestTimeout: upload.timeoutMs + http.requestTimeoutMs,
    return503OnClosing: false, // refuseWhile() answers in the gateway's form
    clientErrorHandler: answerSocketError,
    // Of addresses that no route is looked up for; no hook runs.
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      setSecurityHeaders(request, reply, http.tls !== undefined);
      errorHandler(log)(error, request, reply);
    },
  };
  const app =
    http.tls === undefined ? fastify({ ...settings, http: protocol }) : await tlsApp(http.tls, settings, protocol, log);
  app.server.maxConnections = http.maxConnections;
  app.setErrorHandler(errorHandler(log));
  app.setNotFoundHandler(() => {
    throw new GatewayError('NOT_FOUND', 'There is nothing at this address for this method.');
  });
  return app;
}

async function tlsApp(
  files: NonNullable<Config['http']['tls']>,
  settings: FastifyHttpOptions<HttpServerOfNode>,
  protocol: HttpOptionsOfNode,
  log: Log,
): Promise<FastifyInstance> {
  const tls = await readTls(files);
  // Fastify types the app by its server, and all that the routes use is the same for both.
  const secure = fastify({
    ...(settings as object),
    https: { ...protocol, ...tls },
  } as FastifyHttpsOptions<HttpsServer>);
  const stop = followTls(secure.server, files, log);
  secure.addHook('onClose', async () => stop());
  return secure as unknown as FastifyInstance;
}
