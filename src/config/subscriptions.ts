/** The change feed: how long it reaches back, and how slow its subscribers may be. */
import { integer, type Values } from './settings.ts';

export const SUBSCRIPTION_SETTINGS = {
  CHANGE_RETENTION_DAYS: integer(1, 3650, 30).describe('how long a subscriber may be away'),
  SUBSCRIPTION_MAX_LAG: integer(10, 1_000_000, 10_000).describe(
    'changes a subscriber may be behind before it is ended',
  ),
  SUBSCRIPTION_STALL_MS: integer(100, 600_000, 30_000).describe('longest time a subscriber may take for one event'),
  MAX_SUBSCRIPTIONS: integer(1, 100_000, 2000).describe('WebSocket connections of this process'),
} as const;

/** The change feed and who listens to it. */
export interface SubscriptionConfig {
  readonly changes: { readonly retentionDays: number };
  readonly subscriptions: {
    readonly maxLag: number;
    readonly stallMs: number;
    readonly maxConnections: number;
  };
}

/** @param env - checked settings of this part */
export function subscriptionConfig(env: Values<typeof SUBSCRIPTION_SETTINGS>): SubscriptionConfig {
  return {
    changes: { retentionDays: env.CHANGE_RETENTION_DAYS },
    subscriptions: {
      maxLag: env.SUBSCRIPTION_MAX_LAG,
      stallMs: env.SUBSCRIPTION_STALL_MS,
      maxConnections: env.MAX_SUBSCRIPTIONS,
    },
  };
}
