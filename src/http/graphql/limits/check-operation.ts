/** The limits of an operation's text and cost, the same over HTTP and WebSocket. */
import { type ASTVisitor, type DocumentNode, GraphQLError, type GraphQLSchema, type ValidationContext } from 'graphql';
import type { Config } from '../../../config.ts';
import { GatewayError } from '../../../errors.ts';
import { sizeOfDocument } from './document-size.ts';
import { costOf, MAX_SELECTIONS, type OperationToRun } from './operation-cost.ts';
import { hasUnstorableText } from './storable-texts.ts';
import { excess, requestError } from './too-complex.ts';

/** The limits. */
export type OperationLimits = Pick<
  Config['graphql'],
  'maxDepth' | 'maxAliases' | 'maxDirectives' | 'maxRootFields' | 'maxCost'
>;

/** What exceeds the limits in a document's text; no schema is needed for it. */
export function sizeErrors(document: DocumentNode, limits: OperationLimits): GraphQLError[] {
  const size = sizeOfDocument(document);
  return [
    { what: 'levels of fields', limit: 'GRAPHQL_MAX_DEPTH', found: size.depth, allowed: limits.maxDepth },
    { what: 'aliases', limit: 'GRAPHQL_MAX_ALIASES', found: size.aliases, allowed: limits.maxAliases },
    { what: 'directives', limit: 'GRAPHQL_MAX_DIRECTIVES', found: size.directives, allowed: limits.maxDirectives },
    {
      what: 'fields at its root',
      limit: 'GRAPHQL_MAX_ROOT_FIELDS',
      found: size.rootFields,
      allowed: limits.maxRootFields,
    },
    {
      what: 'fields and fragments, spread out',
      limit: 'the gateway',
      found: size.selections,
      allowed: MAX_SELECTIONS,
    },
  ].flatMap((limit) => excess(limit) ?? []);
}

/** {@link sizeErrors} as a validation rule. */
export function sizeRule(limits: OperationLimits): (context: ValidationContext) => ASTVisitor {
  return (context) => ({
    Document: (document) => {
      for (const error of sizeErrors(document, limits)) context.reportError(error);
    },
  });
}

/**
 * What a valid operation costs.
 *
 * @throws GraphQLError QUERY_TOO_COMPLEX when that is above the limit, BAD_USER_INPUT when variables or arguments have no
 *   value that their types take: such a field would fail, and the cost of the others is not known; BAD_REQUEST for texts
 *   that cannot be stored
 */
export function affordableCost(schema: GraphQLSchema, operation: OperationToRun, limits: OperationLimits): number {
  let found: number;
  try {
    found = costOf(schema, operation);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const { message, nodes } = error;
    const extensions = { code: 'BAD_USER_INPUT', http: { status: 400 } };
    throw new GraphQLError(message, { nodes: nodes ?? null, extensions });
  }
  if (hasUnstorableText(operation.document, operation.variables)) {
    throw requestError(
      new GatewayError(
        'BAD_REQUEST',
        'A text has the character U+0000, or half of a surrogate pair, which none may have.',
      ),
    );
  }
  const error = excess({ what: 'a cost', limit: 'GRAPHQL_MAX_COST', found, allowed: limits.maxCost });
  if (error !== undefined) throw error;
  return found;
}
