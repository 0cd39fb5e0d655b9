/**
 * Environment -> one frozen, typed Config. The only reader of process.env. Every problem is reported at once, each
 * with the variable, what was found and what to set. The settings are in config/, a file a part; this puts them
 * together, and nothing else imports from that folder.
 */
import { z } from 'zod';
import { AUDIT_SETTINGS, type AuditConfig, auditConfig } from './config/audit.ts';
import { BREAK_GLASS_SETTINGS, type BreakGlassConfig, breakGlassConfig } from './config/break-glass.ts';
import { DIMSE_SETTINGS, type DimseConfig, dimseConfig } from './config/dimse.ts';
import { FILM_SETTINGS, type FilmConfig, filmConfig } from './config/films.ts';
import { GOVERNANCE_SETTINGS, type GovernanceConfig, governanceConfig } from './config/governance.ts';
import { GRAPHQL_SETTINGS, type GraphqlConfig, graphqlConfig } from './config/graphql.ts';
import { HTTP_SETTINGS, type HttpConfig, httpConfig } from './config/http.ts';
import { IDENTITY_LIMIT_SETTINGS, type IdentityLimitsConfig, identityLimitsConfig } from './config/identity-limits.ts';
import { INFERENCE_SETTINGS, type InferenceConfig, inferenceConfig } from './config/inference.ts';
import { OIDC_SETTINGS, type OidcConfig, oidcConfig } from './config/oidc.ts';
import { PATIENT_SETTINGS, type PatientConfig, patientConfig } from './config/patients.ts';
import {
  PROCESS_SETTINGS,
  type ProcessConfig,
  processConfig,
  SHUTDOWN_SETTINGS,
  type ShutdownConfig,
  shutdownConfig,
} from './config/process.ts';
import { type Values, wrongSettings } from './config/settings.ts';
import { STORAGE_SETTINGS, type StorageConfig, storageConfig } from './config/storage.ts';
import { SUBSCRIPTION_SETTINGS, type SubscriptionConfig, subscriptionConfig } from './config/subscriptions.ts';
import { TRANSFER_SETTINGS, type TransferConfig, transferConfig } from './config/transfers.ts';
import {
  STOW_SETTINGS,
  type StowConfig,
  stowConfig,
  UPLOAD_ROOM_SETTINGS,
  UPLOAD_TIME_SETTINGS,
  type UploadConfig,
  uploadConfig,
} from './config/uploads.ts';

export type { FilmLimits } from './config/films.ts';
export type { OidcSettings } from './config/oidc.ts';
export type { Role } from './config/process.ts';

/** Every setting, in the order in which `cxr-gateway settings` lists them and problems are reported. */
const SETTINGS = {
  ...STORAGE_SETTINGS,
  ...GOVERNANCE_SETTINGS,
  ...HTTP_SETTINGS,
  ...IDENTITY_LIMIT_SETTINGS,
  ...BREAK_GLASS_SETTINGS,
  ...OIDC_SETTINGS,
  ...PROCESS_SETTINGS,
  ...PATIENT_SETTINGS,
  ...FILM_SETTINGS,
  ...STOW_SETTINGS,
  ...GRAPHQL_SETTINGS,
  ...UPLOAD_TIME_SETTINGS,
  ...DIMSE_SETTINGS,
  ...AUDIT_SETTINGS,
  ...TRANSFER_SETTINGS,
  ...UPLOAD_ROOM_SETTINGS,
  ...INFERENCE_SETTINGS,
  ...SUBSCRIPTION_SETTINGS,
  ...SHUTDOWN_SETTINGS,
} as const;

/** Everything that can be set, with its unit in the name or beside it. */
export interface Config
  extends StorageConfig,
    GovernanceConfig,
    HttpConfig,
    IdentityLimitsConfig,
    BreakGlassConfig,
    OidcConfig,
    ProcessConfig,
    PatientConfig,
    FilmConfig,
    StowConfig,
    GraphqlConfig,
    DimseConfig,
    AuditConfig,
    TransferConfig,
    UploadConfig,
    InferenceConfig,
    SubscriptionConfig,
    ShutdownConfig {}

/**
 * Reads and checks the environment.
 *
 * @param overrides - settings that win over the environment, from the command line
 * @throws GatewayError CONFIG_INVALID naming every wrong variable with what to set
 */
export function loadConfig(
  overrides: Readonly<Record<string, string | undefined>> = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const present = Object.fromEntries(
    Object.keys(SETTINGS).flatMap((name) => {
      const value = overrides[name] ?? environment[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const parsed = z.object(SETTINGS).safeParse(present);
  if (!parsed.success) {
    throw wrongSettings(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  }
  return freeze(toConfig(parsed.data));
}

/** A part throws at the first combination of its settings that is wrong. */
function toConfig(env: Values<typeof SETTINGS>): Config {
  return {
    ...storageConfig(env),
    ...governanceConfig(env),
    ...httpConfig(env),
    ...identityLimitsConfig(env),
    ...breakGlassConfig(env),
    ...oidcConfig(env),
    ...processConfig(env),
    ...patientConfig(env),
    ...filmConfig(env),
    ...stowConfig(env),
    ...graphqlConfig(env),
    ...dimseConfig(env),
    ...auditConfig(env),
    ...transferConfig(env),
    ...uploadConfig(env),
    ...inferenceConfig(env),
    ...subscriptionConfig(env),
    ...shutdownConfig(env),
  };
}

function freeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) if (typeof child === 'object' && child !== null) freeze(child);
  return Object.freeze(value);
}

/** Name, default and meaning of every setting, for `cxr-gateway settings` and the conformance statement. */
export function describeSettings(): readonly {
  readonly name: string;
  readonly preset: string;
  readonly meaning: string;
}[] {
  return Object.entries(SETTINGS).map(([name, type]) => {
    const parsed = type.safeParse(undefined);
    const preset = parsed.success && typeof parsed.data !== 'object' ? String(parsed.data ?? '') : '';
    return { name, preset, meaning: type.description ?? '' };
  });
}
