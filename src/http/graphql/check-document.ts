/** Parses and validates the text of operations, within the limits of its size. */
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { Config } from '../../config.ts';
import { sizeErrors } from './limits/check-operation.ts';

/** The document, or why it is refused. */
export type Checked = { readonly document: DocumentNode } | { readonly errors: readonly GraphQLError[] };

/** Never throws for what a client may send. The size is looked at first: validating a huge document takes long. */
export function checkDocument(schema: GraphQLSchema, text: string, limits: Config['graphql']): Checked {
  let document: DocumentNode;
  try {
    document = parse(text, { maxTokens: limits.maxTokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { errors: [error] };
  }
  const tooLarge = sizeErrors(document, limits);
  if (tooLarge.length > 0) return { errors: tooLarge };
  const rules = limits.introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const errors = validate(schema, document, rules, { hideSuggestions: !limits.introspection });
  return errors.length === 0 ? { document } : { errors };
}
