/** What this process is and how it ends: role, log, the token that commands show, and the time to drain. */
import { z } from 'zod';
import { integer, type Values } from './settings.ts';

export const PROCESS_SETTINGS = {
  CXR_GATEWAY_TOKEN: z
    .string()
    .min(1)
    .optional()
    .describe('access token or API key that commands show to a running gateway'),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn, error or silent')
    .default('info')
    .describe('least severity that is logged'),
  ROLE: z
    .enum(['all', 'api', 'worker'], 'must be all, api or worker')
    .default('all')
    .describe('what this process does'),
} as const;

/** Listed last, after everything that is drained. */
export const SHUTDOWN_SETTINGS = {
  SHUTDOWN_TIMEOUT_MS: integer(1000, 600_000, 30_000).describe('longest time to drain at SIGTERM'),
} as const;

/** Which parts of the gateway a process runs. */
export type Role = Values<typeof PROCESS_SETTINGS>['ROLE'];

/** The process itself. */
export interface ProcessConfig {
  /** What commands show to a running gateway. */
  readonly gatewayToken: string | undefined;
  readonly logLevel: Values<typeof PROCESS_SETTINGS>['LOG_LEVEL'];
  readonly role: Role;
}

/** How a process ends. */
export interface ShutdownConfig {
  readonly shutdownTimeoutMs: number;
}

/** @param env - checked settings of this part */
export function processConfig(env: Values<typeof PROCESS_SETTINGS>): ProcessConfig {
  return { gatewayToken: env.CXR_GATEWAY_TOKEN, logLevel: env.LOG_LEVEL, role: env.ROLE };
}

/** @param env - checked settings of this part */
export function shutdownConfig(env: Values<typeof SHUTDOWN_SETTINGS>): ShutdownConfig {
  return { shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS };
}
