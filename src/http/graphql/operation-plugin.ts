/**
 * Decides which operations Apollo Server runs over HTTP, as operations.ts does over WebSocket: their cost, and in the
 * lock-down whether they are registered.
 */
import type { ApolloServerOptions, ApolloServerPlugin } from '@apollo/server';
import { type GraphQLSchema, parse } from 'graphql';
import type { Config } from '../../config.ts';
import { toGatewayError } from '../../errors.ts';
import type { GatewayContext } from '../../resolvers/context.ts';
import { affordableCost } from './limits/check-operation.ts';
import { requestError } from './limits/too-complex.ts';
import { RecentQueries } from './persisted-queries.ts';
import { notRegistered, type RegisteredOperations } from './registered-operations.ts';

/** What is done with the cost of an operation before it runs; throws GatewayError when it may not. */
export type Charge = (context: GatewayContext, cost: number) => void | Promise<void>;

/**
 * Where Apollo finds the operations that are sent by their hash, and whether it keeps what it has parsed. In the lock-down
 * it is given the documents of the manifest, so nothing that a client sends is parsed.
 */
export function operationSources(
  registered: RegisteredOperations | undefined,
): Pick<ApolloServerOptions<GatewayContext>, 'persistedQueries' | 'documentStore'> {
  if (registered === undefined) return { persistedQueries: { cache: new RecentQueries() } };
  const cache = {
    // An unknown id leads to an empty text, which no operation has: Apollo's own answer would invite to send the operation.
    get: async (key: string) => registered.byId(key.slice('apq:'.length))?.body ?? UNKNOWN_TEXT,
    set: async () => {},
    delete: async () => false,
  };
  return { persistedQueries: { cache }, documentStore: null };
}

const UNKNOWN_TEXT = '# not registered';
/** Stands in for what is not registered; never runs. */
const UNKNOWN_DOCUMENT = parse('{ __typename }');

/** The plugin. */
export function operationPlugin(
  schema: GraphQLSchema,
  limits: Config['graphql'],
  registered: RegisteredOperations | undefined,
  charge: Charge,
): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart: async ({ request: { extensions } }) => {
      nameHashesOnly(extensions);
      return {
        didResolveSource: async (request) => {
          if (registered === undefined) return;
          const document = registered.byBody(request.source)?.document ?? UNKNOWN_DOCUMENT;
          // Apollo parses and validates only where there is no document yet.
          (request as { document?: typeof document }).document = document;
        },
        didResolveOperation: async ({ document, request, source, operation, contextValue }) => {
          if (registered !== undefined && registered.byBody(source) === undefined) throw requestError(notRegistered());
          if (operation === undefined) return; // nothing runs; Apollo says why
          const { operationName, variables } = request;
          const cost = affordableCost(schema, { document, operationName, variables }, limits);
          try {
            await charge(contextValue, cost);
          } catch (error) {
            throw requestError(toGatewayError(error));
          }
        },
      };
    },
  };
}

/** Apollo looks the hash up as it came, and a JSON object that cannot be made a text breaks it. */
function nameHashesOnly(extensions: Record<string, unknown> | undefined): void {
  const persisted = extensions?.persistedQuery;
  if (typeof persisted !== 'object' || persisted === null || !('sha256Hash' in persisted)) return;
  if (typeof persisted.sha256Hash !== 'string') persisted.sha256Hash = '';
}
