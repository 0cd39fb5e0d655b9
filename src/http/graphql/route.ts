/** GraphQL over HTTP: POST and GET /graphql by Apollo Server, with file uploads. */
import type { IncomingMessage } from 'node:http';
import { ApolloServer, type BaseContext } from '@apollo/server';
import {
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { Config } from '../../config.ts';
import { GatewayError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { createContext, type GatewayContext, type GatewayServices } from '../../resolvers/context.ts';
import { formatError } from '../../resolvers/format-error.ts';
import { callerOf } from '../authentication.ts';
import { codedError, prepareErrorReply } from '../error-answer.ts';
import { requireHost } from '../identifiers.ts';
import type { IdentityLimits } from '../identity-limits.ts';
import { parseMediaType } from '../media-type.ts';
import { boundaryOf } from '../multipart/boundary.ts';
import { readParts } from '../multipart/reader.ts';
import { chargeBytes } from '../rate-limit.ts';
import { type BodyLimits, discardRest, receiveBody, uploadLimits } from '../receive-body.ts';
import { auditPlugin } from './audit-plugin.ts';
import { hideSuggestions } from './hide-suggestions.ts';
import { sizeRule } from './limits/check-operation.ts';
import { readMultipartRequest } from './multipart-request.ts';
import { operationPlugin, operationSources } from './operation-plugin.ts';
import type { RegisteredOperations } from './registered-operations.ts';

/** Any of them makes a browser ask before it sends a request of another origin (Apollo's CSRF prevention). */
const PREFLIGHT_HEADERS = ['apollo-require-preflight', 'x-apollo-operation-name'];

/** What the endpoint needs. */
export interface GraphqlOptions {
  readonly config: Config;
  readonly log: Log;
  readonly schema: GraphQLSchema;
  readonly services: GatewayServices;
  readonly limits: IdentityLimits;
  /** Undefined where any operation may run. */
  readonly registered: RegisteredOperations | undefined;
}

/** Starts Apollo Server and adds its route; it is stopped when the app closes, after the last answer. */
export async function addGraphql(app: FastifyInstance, options: GraphqlOptions): Promise<void> {
  const { services, log } = options;
  const apollo = createApollo(options);
  await apollo.start();
  // Apollo's drain plugin would close the app, which waits for this hook, which would wait for the plugin.
  app.addHook('onClose', () => apollo.stop());
  await app.register(async (scope) => {
    addBodyParsers(scope, options);
    addUploads(scope, options);
    scope.setErrorHandler((error, request, reply) => {
      const coded = codedError(error);
      prepareErrorReply(coded, request, reply, log);
      const { message, code, retryable } = coded;
      return reply
        .type('application/json; charset=utf-8')
        .send(JSON.stringify({ errors: [{ message, extensions: { code, retryable } }] }));
    });
    // Apollo's handler builds an address from it.
    scope.addHook('onRequest', async (request) => requireHost(request.host));
    scope.addHook('onResponse', async (request) => discardRest(request.raw));
    scope.route({
      method: ['GET', 'POST'],
      url: '/graphql',
      handler: fastifyApolloHandler<GatewayContext>(apollo, {
        context: async (request: FastifyRequest) => createContext(services, callerOf(request)),
      }),
    });
  });
}

function createApollo({ config, log, schema, limits, registered }: GraphqlOptions): ApolloServer<GatewayContext> {
  // Apollo tells formatError nothing of the operation; this remembers which one an error belongs to.
  const requestIds = new WeakMap<object, string>();
  const { introspection } = config.graphql;
  const report = (event: 'warn' | 'error') => () => log[event](`graphql.apollo-${event}`);
  return new ApolloServer<GatewayContext & BaseContext>({
    schema,
    csrfPrevention: { requestHeaders: PREFLIGHT_HEADERS },
    allowBatchedHttpRequests: false,
    introspection,
    validationOptions: { hideSuggestions: !introspection },
    validationRules: [sizeRule(config.graphql)],
    parseOptions: { maxTokens: config.graphql.maxTokens },
    ...operationSources(registered),
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    formatError: (_formatted, error) => {
      const formatted = formatError(error, log, requestIds.get(Object(error)));
      return introspection ? formatted : hideSuggestions(formatted);
    },
    // Apollo's own page loads scripts of other hosts; usage reports would leave the hospital.
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      auditPlugin(log),
      operationPlugin(schema, config.graphql, registered, ({ caller }, cost) => limits.cost(caller, cost)),
      {
        requestDidStart: async ({ contextValue }) => ({
          didEncounterErrors: async ({ errors }) => {
            for (const error of errors) requestIds.set(error, contextValue.requestId);
          },
        }),
      },
    ],
    logger: { debug: () => {}, info: () => {}, warn: report('warn'), error: report('error') },
  });
}

/** Only JSON is parsed here; multipart requests are read once the answer is there to say when they are over. */
function addBodyParsers(scope: FastifyInstance, { config: { http, graphql }, limits }: GraphqlOptions): void {
  const bodyLimits: BodyLimits = {
    size: { value: graphql.maxBodyBytes, setting: 'GRAPHQL_MAX_BODY_BYTES' },
    idle: { value: http.requestTimeoutMs, setting: 'HTTP_REQUEST_TIMEOUT_MS' },
    total: { value: http.requestTimeoutMs, setting: 'HTTP_REQUEST_TIMEOUT_MS' },
  };
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage) => {
    const chunks: Uint8Array[] = [];
    const charge = chargeBytes(limits, request);
    for await (const chunk of receiveBody(payload, { ...bodyLimits, charge })) chunks.push(chunk);
    try {
      return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
    } catch {
      throw new GatewayError('BAD_REQUEST', 'The body is no valid JSON.');
    }
  });
  // Left unread: Apollo refuses what has no body, with the reason.
  scope.addContentTypeParser('*', async () => undefined);
}

function addUploads(scope: FastifyInstance, { config, limits: identityLimits }: GraphqlOptions): void {
  const { maxFiles, maxBodyBytes } = config.graphql;
  scope.addHook('preHandler', async (request, reply) => {
    const type = parseMediaType(request.headers['content-type'] ?? '');
    if (type?.essence !== 'multipart/form-data') return;
    // Apollo refuses it all the same, but only after the files had begun to come.
    if (!PREFLIGHT_HEADERS.some((name) => request.headers[name])) return;
    const answered = new Promise<void>((resolve) => reply.raw.once('close', () => resolve()));
    const limits = { ...uploadLimits(config), charge: chargeBytes(identityLimits, request) };
    const parts = readParts(receiveBody(request.raw, limits), boundaryOf(type));
    const requestLimits = { maxFiles, maxFieldBytes: maxBodyBytes, files: limits.total };
    request.body = await readMultipartRequest(parts, requestLimits, answered);
  });
}
