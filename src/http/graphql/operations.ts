/** Parses and validates the operations that come over WebSockets, with the limits that Apollo applies over HTTP. */
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import type { Config } from '../../config.ts';

/** The document, or why it is refused. */
export type Prepared = { readonly document: DocumentNode } | { readonly errors: readonly GraphQLError[] };

/** Never throws for what a client may send. */
export function prepareOperation(
  schema: GraphQLSchema,
  payload: SubscribePayload,
  limits: Config['graphql'],
): Prepared {
  let document: DocumentNode;
  try {
    document = parse(payload.query, { maxTokens: limits.maxTokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { errors: [error] };
  }
  const rules = limits.introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const errors = validate(schema, document, rules);
  return errors.length === 0 ? { document } : { errors };
}
