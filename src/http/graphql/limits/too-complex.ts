/** Refusals of operations, in the form in which both transports pass them on. */
import { GraphQLError } from 'graphql';
import { GatewayError } from '../../../errors.ts';

/** What an operation may have at most, and what it has. */
export interface Excess {
  /** What is counted, in words: `levels of fields`. */
  readonly what: string;
  /** The setting. */
  readonly limit: string;
  readonly found: number;
  readonly allowed: number;
}

/** A refusal of an operation as such, before any of it ran. */
export function requestError(error: GatewayError): GraphQLError {
  const { retryAfterSeconds } = error.details;
  const headers = new Map(retryAfterSeconds === undefined ? [] : [['retry-after', String(retryAfterSeconds)]]);
  const extensions = { code: error.code, http: { status: error.status, headers } };
  return new GraphQLError(error.message, { originalError: error, extensions });
}

/** QUERY_TOO_COMPLEX, or undefined when the limit is kept. */
export function excess({ what, limit, found, allowed }: Excess): GraphQLError | undefined {
  if (found <= allowed) return undefined;
  const count = Math.min(found, Number.MAX_SAFE_INTEGER);
  const problem = `The operation has ${what}: ${count}; ${limit} allows ${allowed}.`;
  return requestError(new GatewayError('QUERY_TOO_COMPLEX', problem, { limit, found: count, allowed }));
}
