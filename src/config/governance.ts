/** Which model versions there are, who lets them into use, and when their readings have drifted. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { integer, type Values } from './settings.ts';

export const GOVERNANCE_SETTINGS = {
  MODELS_DIR: z.string().min(1).optional().describe('folder of model versions, registered at start'),
  ACTIVE_MODEL: z
    .string()
    .regex(/^[^@]+@[^@]+$/, 'must be name@version')
    .optional()
    .describe('activated at start when no version is active yet; default: the only one in MODELS_DIR'),
  GOVERNANCE_APPROVALS: z
    .enum(['one', 'two'])
    .default('one')
    .describe('two: moves to CANARY or ACTIVE and new thresholds of a version in use wait for a second administrator'),
  DRIFT_MINIMUM_FILMS: integer(1, 1_000_000, 100).describe(
    'films of a model version within 24 hours below which nothing is called drift',
  ),
  DRIFT_PSI: z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'must be a number')
    .transform(Number)
    .pipe(z.number().positive('must be above 0').max(100, 'must be at most 100'))
    .default(0.25)
    .describe('population stability index above which scores or films have drifted, if Kolmogorov-Smirnov p < 0.01'),
} as const;

/** Model versions and their governance. */
export interface GovernanceConfig {
  /** Absolute. */
  readonly modelsDirectory: string;
  /** name@version. */
  readonly activeModel: string | undefined;
  /** People that it takes to bring a model version into clinical use. */
  readonly approvals: Values<typeof GOVERNANCE_SETTINGS>['GOVERNANCE_APPROVALS'];
  /** When readings in service are called drifted. */
  readonly drift: { readonly minimumFilms: number; readonly psi: number };
}

/** Folder of the models that are shipped with the gateway; from src/config and from dist/config alike. */
const SHIPPED_MODELS = resolve(import.meta.dirname, '..', '..', 'models');

/** @param env - checked settings of this part */
export function governanceConfig(env: Values<typeof GOVERNANCE_SETTINGS>): GovernanceConfig {
  return {
    modelsDirectory: env.MODELS_DIR === undefined ? SHIPPED_MODELS : resolve(env.MODELS_DIR),
    activeModel: env.ACTIVE_MODEL,
    approvals: env.GOVERNANCE_APPROVALS,
    drift: { minimumFilms: env.DRIFT_MINIMUM_FILMS, psi: env.DRIFT_PSI },
  };
}
