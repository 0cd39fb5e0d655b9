/** How much one identity may ask of this process, and how often one address may fail to say who it is. */
import { integer, MEBIBYTE, type Values } from './settings.ts';

export const IDENTITY_LIMIT_SETTINGS = {
  RATE_LIMIT_REQUESTS_PER_MINUTE: integer(0, 100_000_000, 6000).describe(
    'HTTP requests and WebSocket operations of one identity at this process; 0: no limit',
  ),
  RATE_LIMIT_BYTES_PER_MINUTE: integer(0, 2 ** 50, 16 * 1024 * MEBIBYTE).describe(
    'bytes that one identity may send to this process; 0: no limit',
  ),
  RATE_LIMIT_COST_PER_MINUTE: integer(0, 2 ** 50, 5_000_000).describe(
    'cost of the GraphQL operations that one identity may run at this process; 0: no limit',
  ),
  AUTH_FAILURES_PER_MINUTE: integer(0, 1_000_000, 30).describe(
    'failed authentications of one network address before it is put off; 0: no limit',
  ),
  MAX_CONNECTIONS_PER_IDENTITY: integer(1, 1_000_000, 100).describe(
    'WebSocket connections of one identity at this process',
  ),
  MAX_SUBSCRIPTIONS_PER_IDENTITY: integer(1, 1_000_000, 500).describe('subscriptions of one identity at this process'),
} as const;

/** Limits of one identity or address. */
export interface IdentityLimitsConfig {
  /** Limits of one identity, or of one address, at this process; 0 is none. */
  readonly identityLimits: {
    readonly requestsPerMinute: number;
    readonly bytesPerMinute: number;
    readonly costPerMinute: number;
    readonly authFailuresPerMinute: number;
    readonly maxConnections: number;
    readonly maxSubscriptions: number;
  };
}

/** @param env - checked settings of this part */
export function identityLimitsConfig(env: Values<typeof IDENTITY_LIMIT_SETTINGS>): IdentityLimitsConfig {
  return {
    identityLimits: {
      requestsPerMinute: env.RATE_LIMIT_REQUESTS_PER_MINUTE,
      bytesPerMinute: env.RATE_LIMIT_BYTES_PER_MINUTE,
      costPerMinute: env.RATE_LIMIT_COST_PER_MINUTE,
      authFailuresPerMinute: env.AUTH_FAILURES_PER_MINUTE,
      maxConnections: env.MAX_CONNECTIONS_PER_IDENTITY,
      maxSubscriptions: env.MAX_SUBSCRIPTIONS_PER_IDENTITY,
    },
  };
}
