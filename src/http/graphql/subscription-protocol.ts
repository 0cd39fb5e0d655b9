/** What graphql-transport-ws has the gateway decide: who is let in, which operations run, and what of their answers leaves. */
import { randomUUID } from 'node:crypto';
import { type ExecutionArgs, type FormattedExecutionResult, GraphQLError } from 'graphql';
import { type Context, type ExecutionResult, makeServer, type Server, type SubscribePayload } from 'graphql-ws';
import type { Caller } from '../../access/caller.ts';
import type { RefusedCredentials } from '../../access/refused-credentials.ts';
import { unauthenticated } from '../../access/unauthenticated.ts';
import { GatewayError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { createContext, type GatewayContext, type GatewayServices } from '../../resolvers/context.ts';
import { formatError } from '../../resolvers/format-error.ts';
import { operationNameOf } from '../../resolvers/operation-name.ts';
import { recordAnswer } from '../../resolvers/record-answer.ts';
import type { Authentication } from '../authentication.ts';
import { admitOperation, countingFailures, type OperationPolicy, refusal } from './admit-operation.ts';
import { authenticateConnection, confirmedCaller, type LiveConnection } from './connection-identity.ts';
import { hideSuggestions } from './hide-suggestions.ts';
import { SubscriptionCount } from './subscription-count.ts';

/** What connections and their operations need. */
export interface SubscriptionOptions extends OperationPolicy {
  readonly log: Log;
  readonly services: GatewayServices;
  readonly authentication: Authentication;
  readonly refused: RefusedCredentials;
}

/** Payload of connection_init. */
type ConnectionParams = Record<string, unknown> | undefined;

/** What the protocol's server keeps of a connection. */
export type ConnectionExtra = LiveConnection & Record<PropertyKey, unknown>;

/** Longest wait for connection_init; then 4408 of the protocol. */
const CONNECTION_INIT_MS = 3000;

/** The protocol's server; it knows no sockets. */
export function createProtocolServer(options: SubscriptionOptions): Server<ConnectionExtra> {
  const { authentication, limits, refused } = options;
  const subscriptions = new SubscriptionCount(limits);
  return makeServer<ConnectionParams, ConnectionExtra>({
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
    onSubscribe: (context, _id, payload) => beginOperation(context, payload, subscriptions, options),
    onOperation: (_context, _id, _payload, execution, result) => subscriptions.follow(execution, result),
    onNext: ({ extra }, _id, _payload, { contextValue }, result) =>
      recordBeforeSending(extra, contextValue as GatewayContext, result, options), // made by beginOperation
    onError: (_context, _id, _payload, errors) => formatErrors(errors, options),
  });
}

/**
 * Looks at a subscribe message: how many operations the connection runs, whether its identity still holds, and what the operation
 * must pass itself. A subscription is counted from here on.
 *
 * @returns with what to execute it, or why it is not
 */
async function beginOperation(
  { extra, subscriptions: running }: Context<ConnectionParams, ConnectionExtra>,
  payload: SubscribePayload,
  subscriptions: SubscriptionCount,
  options: SubscriptionOptions,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const { config, log, schema, services, authentication } = options;
  const { maxSocketOperations } = config.graphql;
  if (Object.keys(running).length > maxSocketOperations) {
    const problem = `This connection runs GRAPHQL_MAX_SOCKET_OPERATIONS (${maxSocketOperations}) already.`;
    return [new GraphQLError(problem, { originalError: new GatewayError('BUSY', problem) })];
  }
  const caller = await confirmedCaller(extra, authentication, log);
  if (caller === undefined) return [unconfirmed()];
  const prepared = await admitOperation(options, payload, caller);
  if ('errors' in prepared) return prepared.errors;
  const { operationName, variables } = payload;
  const contextValue = createContext(services, { ...caller, requestId: randomUUID() });
  contextValue.operation = operationNameOf(prepared.document, operationName);
  const execution = { schema, document: prepared.document, operationName, variableValues: variables, contextValue };
  try {
    if (prepared.type === 'subscription') subscriptions.begin(execution, caller, extra.socket);
  } catch (error) {
    return [refusal(error)];
  }
  return execution;
}

/**
 * The last look at an answer or an event: it leaves only when it is recorded, and only to an identity that is still good after that.
 * So the identity is confirmed, what is shown is recorded, and the identity is confirmed again: nothing is recorded for one that has
 * ended, and one that ends while the record is written gets nothing.
 *
 * @param context - of the operation; has noted what the result shows
 * @returns what is sent in place of the result; undefined: the result itself. On a connection that is closed by the confirmation
 *   nothing is sent, whatever is returned.
 * @throws GatewayError AUDIT_UNAVAILABLE to end a subscription whose event cannot be recorded
 */
async function recordBeforeSending(
  connection: LiveConnection,
  context: GatewayContext,
  { errors, data }: ExecutionResult,
  options: SubscriptionOptions,
): Promise<FormattedExecutionResult | undefined> {
  const { authentication, log } = options;
  // Closes the connection of an identity that has ended; what is sent on it then goes nowhere.
  if ((await confirmedCaller(connection, authentication, log)) === undefined) return { data: null };
  try {
    await recordAnswer(context, errors);
  } catch (error) {
    // Ends the subscription with this error: an event that is left out would be missed. It comes again after the last cursor.
    if (context.operation.startsWith('subscription')) throw error;
    return { errors: [formatError(error, log, context.requestId)], data: null };
  }
  // Recording takes its time, in which the identity may have ended.
  if ((await confirmedCaller(connection, authentication, log)) === undefined) return { data: null };
  return errors === undefined ? undefined : { errors: formatErrors(errors, options), data: data ?? null };
}

function formatErrors(errors: readonly GraphQLError[], { config, log }: SubscriptionOptions) {
  const { introspection } = config.graphql;
  return errors.map((error) => (introspection ? formatError(error, log) : hideSuggestions(formatError(error, log))));
}

/** For an operation of a connection that is being closed: it is never sent. */
function unconfirmed(): GraphQLError {
  const error = unauthenticated('INVALID');
  return new GraphQLError(error.message, { originalError: error });
}
