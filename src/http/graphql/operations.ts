/** Decides which operations run that come over WebSockets, as Apollo Server with operation-plugin.ts does over HTTP. */
import { type DocumentNode, GraphQLError, type GraphQLSchema, getOperationAST, type OperationTypeNode } from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import type { Config } from '../../config.ts';
import { type Checked, checkDocument } from './check-document.ts';
import { affordableCost } from './limits/check-operation.ts';
import { requestError } from './limits/too-complex.ts';
import { notRegistered, type RegisteredOperations } from './registered-operations.ts';

/** The document and what running it costs, or why it is refused. */
export type Prepared =
  | { readonly document: DocumentNode; readonly type: `${OperationTypeNode}`; readonly cost: number }
  | { readonly errors: readonly GraphQLError[] };

/**
 * Never throws for what a client may send.
 *
 * @param registered - undefined where any operation may run
 */
export function prepareOperation(
  schema: GraphQLSchema,
  payload: SubscribePayload,
  limits: Config['graphql'],
  registered?: RegisteredOperations,
): Prepared {
  const checked = registered === undefined ? checkDocument(schema, payload.query, limits) : known(payload, registered);
  if ('errors' in checked) return checked;
  const { document } = checked;
  const operationName = payload.operationName ?? undefined;
  const operation = getOperationAST(document, operationName);
  if (operation === null || operation === undefined) {
    return { errors: [new GraphQLError('The document has no operation of this name, or several and none is named.')] };
  }
  try {
    const variables = payload.variables ?? undefined;
    const cost = affordableCost(schema, { document, operationName, variables }, limits);
    return { document, type: operation.operation, cost };
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return { errors: [error] };
  }
}

/** By the extension that carries the id over HTTP, with an empty query since the protocol wants one; or by its exact text. */
function known({ query, extensions }: SubscribePayload, registered: RegisteredOperations): Checked {
  const { sha256Hash } = (extensions?.persistedQuery ?? {}) as { readonly sha256Hash?: unknown };
  const operation = query === '' ? registered.byId(sha256Hash) : registered.byBody(query);
  return operation ?? { errors: [requestError(notRegistered())] };
}
