/** What an operation must pass that comes by WebSocket, and a credential that does, besides being valid. */
import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import type { Caller } from '../../access/caller.ts';
import type { Config } from '../../config.ts';
import { toGatewayError } from '../../errors.ts';
import type { Authentication } from '../authentication.ts';
import type { IdentityLimits } from '../identity-limits.ts';
import { requestError } from './limits/too-complex.ts';
import { type Prepared, prepareOperation } from './operations.ts';
import type { RegisteredOperations } from './registered-operations.ts';

/** What operations are held against. */
export interface OperationPolicy {
  readonly config: Config;
  readonly schema: GraphQLSchema;
  readonly limits: IdentityLimits;
  /** Undefined where any operation may run. */
  readonly registered: RegisteredOperations | undefined;
}

/** Counts the operation, looks at it, and counts its cost. Never throws for what a client may send. */
export async function admitOperation(
  { config, schema, limits, registered }: OperationPolicy,
  payload: SubscribePayload,
  caller: Caller,
): Promise<Prepared> {
  try {
    await limits.request(caller);
    const prepared = prepareOperation(schema, payload, config.graphql, registered);
    if ('document' in prepared) await limits.cost(caller, prepared.cost);
    return prepared;
  } catch (error) {
    return { errors: [refusal(error)] };
  }
}

/** Any error of an operation that does not begin, in the form of the protocol's error message. */
export function refusal(error: unknown): GraphQLError {
  return error instanceof GraphQLError ? error : requestError(toGatewayError(error));
}

/** The authentication of a connection, with failures counted by its address. */
export function countingFailures(
  { authenticator, watch }: Authentication,
  limits: IdentityLimits,
  address: string | null,
): Authentication {
  return {
    watch,
    authenticator: {
      authenticate: async (credential) => {
        if (credential === undefined) return authenticator.authenticate(credential);
        await limits.mayAuthenticate(address);
        try {
          return await authenticator.authenticate(credential);
        } catch (error) {
          if (toGatewayError(error).code === 'UNAUTHENTICATED') await limits.authenticationFailed(address);
          throw error;
        }
      },
    },
  };
}
