/** GraphQL: how large an operation may be, and which operations run at all. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { integer, MEBIBYTE, type Values, wrongSettings } from './settings.ts';

export const GRAPHQL_SETTINGS = {
  GRAPHQL_MAX_FILES: integer(1, 1000, 100).describe('most files an ingestInstances mutation'),
  GRAPHQL_MAX_BODY_BYTES: integer(1024, 64 * MEBIBYTE, MEBIBYTE).describe('largest GraphQL request apart from files'),
  GRAPHQL_MAX_TOKENS: integer(100, 100_000, 2000).describe('longest GraphQL document, in lexical tokens'),
  GRAPHQL_MAX_DEPTH: integer(1, 1000, 16).describe('most levels of fields in a GraphQL operation'),
  GRAPHQL_MAX_ALIASES: integer(0, 10_000, 50).describe('most aliases in a GraphQL operation, fragments spread out'),
  GRAPHQL_MAX_DIRECTIVES: integer(0, 10_000, 50).describe(
    'most directives in a GraphQL operation, fragments spread out',
  ),
  GRAPHQL_MAX_ROOT_FIELDS: integer(1, 10_000, 20).describe('most fields at the root of a GraphQL operation'),
  GRAPHQL_MAX_COST: integer(1, 1_000_000_000, 50_000).describe(
    'highest cost of a GraphQL operation, reckoned before it runs (docs/api.md has the costs of usual ones)',
  ),
  GRAPHQL_INTROSPECTION: z
    .enum(['on', 'off'], 'must be on or off')
    .default('off')
    .describe('whether clients may ask for the schema'),
  GRAPHQL_OPERATIONS: z
    .enum(['any', 'registered'], 'must be any or registered')
    .default('any')
    .describe('registered: only the operations of GRAPHQL_OPERATIONS_FILE run'),
  GRAPHQL_OPERATIONS_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('JSON manifest of persisted queries, in the format of Apollo'),
  GRAPHQL_MAX_SOCKET_OPERATIONS: integer(1, 10_000, 100).describe('operations at once on one WebSocket connection'),
} as const;

/** The GraphQL endpoint of this process. */
export interface GraphqlConfig {
  readonly graphql: {
    readonly maxFiles: number;
    readonly maxBodyBytes: number;
    readonly maxTokens: number;
    readonly maxDepth: number;
    readonly maxAliases: number;
    readonly maxDirectives: number;
    readonly maxRootFields: number;
    readonly maxCost: number;
    readonly introspection: boolean;
    /** Whether only the operations of operationsFile run. */
    readonly registeredOnly: boolean;
    readonly operationsFile: string | undefined;
    readonly maxSocketOperations: number;
  };
}

/**
 * @param env - checked settings of this part
 * @throws GatewayError CONFIG_INVALID when operations are to be registered without their file, or the other way round
 */
export function graphqlConfig(env: Values<typeof GRAPHQL_SETTINGS>): GraphqlConfig {
  return {
    graphql: {
      maxFiles: env.GRAPHQL_MAX_FILES,
      maxBodyBytes: env.GRAPHQL_MAX_BODY_BYTES,
      maxTokens: env.GRAPHQL_MAX_TOKENS,
      maxDepth: env.GRAPHQL_MAX_DEPTH,
      maxAliases: env.GRAPHQL_MAX_ALIASES,
      maxDirectives: env.GRAPHQL_MAX_DIRECTIVES,
      maxRootFields: env.GRAPHQL_MAX_ROOT_FIELDS,
      maxCost: env.GRAPHQL_MAX_COST,
      introspection: env.GRAPHQL_INTROSPECTION === 'on',
      ...registeredOperations(env),
      maxSocketOperations: env.GRAPHQL_MAX_SOCKET_OPERATIONS,
    },
  };
}

function registeredOperations(
  env: Values<typeof GRAPHQL_SETTINGS>,
): Pick<GraphqlConfig['graphql'], 'registeredOnly' | 'operationsFile'> {
  const { GRAPHQL_OPERATIONS: mode, GRAPHQL_OPERATIONS_FILE: file } = env;
  if ((mode === 'registered') !== (file !== undefined)) {
    throw wrongSettings(['GRAPHQL_OPERATIONS=registered and GRAPHQL_OPERATIONS_FILE: must be set together']);
  }
  return { registeredOnly: mode === 'registered', operationsFile: file === undefined ? undefined : resolve(file) };
}
