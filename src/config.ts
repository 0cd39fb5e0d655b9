/**
 * Environment -> one frozen, typed Config. The only reader of process.env. Every problem is reported at once, each
 * with the variable, what was found and what to set.
 */
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type GateEffects, parseGateRules } from './dicom/gate-rules.ts';
import { AE_TITLE } from './dicom/network/node.ts';
import { GatewayError } from './errors.ts';

const integer = (minimum: number, maximum: number, preset: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(minimum, `must be at least ${minimum}`).max(maximum, `must be at most ${maximum}`))
    .default(preset);

const MEBIBYTE = 1024 * 1024;

const aeTitle = z.string().regex(AE_TITLE, 'must be 1 to 16 printable characters');

/** One line a setting: type, bounds, default. The description is printed by `cxr-gateway config`. */
const SETTINGS = {
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with postgresql://')
    .optional()
    .describe('PostgreSQL 14 or newer; without it an embedded PostgreSQL runs in DATA_DIR'),
  DATABASE_POOL_SIZE: integer(2, 200, 10).describe(
    'connections of this process for records (queue and feed use 4 more)',
  ),
  DATA_DIR: z
    .string()
    .min(1)
    .default('./data')
    .describe('embedded database, measured speeds of models, and blobs unless BLOB_DIR is set'),
  BLOB_DIR: z.string().min(1).optional().describe('folder of the stored films; shared by all processes'),
  MODELS_DIR: z.string().min(1).optional().describe('folder of model versions, registered at start'),
  ACTIVE_MODEL: z
    .string()
    .regex(/^[^@]+@[^@]+$/, 'must be name@version')
    .optional()
    .describe('activated at start when no version is active yet; default: the only one in MODELS_DIR'),
  HOST: z.string().min(1).default('127.0.0.1').describe('address to listen on'),
  PORT: integer(0, 65535, 8080).describe('port to listen on; 0 takes a free one'),
  HTTP_MAX_CONNECTIONS: integer(1, 1_000_000, 4096).describe(
    'TCP connections of this process at once, WebSockets included; more are dropped',
  ),
  HTTP_REQUEST_TIMEOUT_MS: integer(100, 600_000, 30_000).describe(
    'longest time to receive a request that is not an upload',
  ),
  HTTP_KEEP_ALIVE_MS: integer(1000, 600_000, 75_000).describe(
    'how long an idle connection is kept; longer than that of a proxy in front',
  ),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn, error or silent')
    .default('info')
    .describe('least severity that is logged'),
  ROLE: z
    .enum(['all', 'api', 'worker'], 'must be all, api or worker')
    .default('all')
    .describe('what this process does'),
  DEFAULT_PATIENT_ID_ISSUER: z.string().min(1).default('LOCAL').describe('issuer of patient IDs that name none'),
  DICOM_MAX_FILE_BYTES: integer(1024, 4096 * MEBIBYTE, 512 * MEBIBYTE).describe('largest film'),
  DICOM_MAX_HEADER_BYTES: integer(4096, 256 * MEBIBYTE, 16 * MEBIBYTE).describe('largest data set before Pixel Data'),
  DICOM_MAX_DIMENSION: integer(64, 65535, 16384).describe('most rows or columns'),
  GATE_RULES: z
    .string()
    .optional()
    .transform((text, context): GateEffects => {
      const { effects, problems } = parseGateRules(text ?? '');
      for (const message of problems) context.addIssue({ code: 'custom', message });
      return effects;
    })
    .describe(
      'what rules of the gate do other than docs/films.md says: RULE_NAME=exclude|warn|ignore, several by commas',
    ),
  STOW_MAX_PARTS: integer(1, 100_000, 2000).describe('most instances a STOW-RS request'),
  STOW_MAX_REQUEST_BYTES: integer(1024, 1024 * 1024 * MEBIBYTE, 16 * 1024 * MEBIBYTE).describe(
    'largest upload request, by STOW-RS or GraphQL',
  ),
  GRAPHQL_MAX_FILES: integer(1, 1000, 100).describe('most files an ingestInstances mutation'),
  GRAPHQL_MAX_BODY_BYTES: integer(1024, 64 * MEBIBYTE, MEBIBYTE).describe('largest GraphQL request apart from files'),
  GRAPHQL_MAX_TOKENS: integer(100, 100_000, 2000).describe('longest GraphQL document, in lexical tokens'),
  GRAPHQL_INTROSPECTION: z
    .enum(['on', 'off'], 'must be on or off')
    .default('on')
    .describe('whether clients may ask for the schema'),
  GRAPHQL_MAX_SOCKET_OPERATIONS: integer(1, 10_000, 100).describe('operations at once on one WebSocket connection'),
  UPLOAD_TIMEOUT_MS: integer(1000, 24 * 3600_000, 600_000).describe('longest time one upload request may take'),
  UPLOAD_IDLE_TIMEOUT_MS: integer(500, 3600_000, 30_000).describe('longest silence within an upload'),
  DIMSE_ENABLED: z
    .enum(['on', 'off'], 'must be on or off')
    .default('on')
    .describe('whether this process listens for DICOM associations'),
  DIMSE_HOST: z.string().min(1).default('127.0.0.1').describe('address of the DICOM door'),
  DIMSE_PORT: integer(0, 65535, 11112).describe('port of the DICOM door; 0 takes a free one'),
  DIMSE_AE_TITLE: aeTitle.default('CXRGATEWAY').describe('AE title of the gateway; callers must call it by this name'),
  DIMSE_UNKNOWN_CALLERS: z
    .enum(['refuse', 'accept'], 'must be refuse or accept')
    .default('refuse')
    .describe('what becomes of calling AE titles that DICOM_NODES_FILE does not name'),
  DIMSE_MAX_ASSOCIATIONS: integer(1, 1000, 64).describe('associations at once; more are rejected as transient'),
  DIMSE_MAX_PDU_BYTES: integer(4096, MEBIBYTE, 128 * 1024).describe('largest PDU accepted'),
  DIMSE_ARTIM_MS: integer(500, 120_000, 10_000).describe('longest wait for an association request or a release'),
  DIMSE_IDLE_TIMEOUT_MS: integer(1000, 3600_000, 60_000).describe('longest silence on an association'),
  DIMSE_MESSAGE_TIMEOUT_MS: integer(1000, 3600_000, 600_000).describe('longest time to receive one DICOM message'),
  DIMSE_TLS_CERT_FILE: z.string().min(1).optional().describe('PEM certificate; the DICOM door then speaks TLS only'),
  DIMSE_TLS_KEY_FILE: z.string().min(1).optional().describe('PEM key of that certificate'),
  DIMSE_TLS_CA_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('PEM certificates that callers must show one of; without it any caller may connect'),
  DICOM_NODES_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('JSON list of known DICOM nodes: who may send, and where to fetch from'),
  DICOM_QUERY_TIMEOUT_MS: integer(1000, 600_000, 30_000).describe('longest time to look for studies at a node'),
  DICOM_TRANSFER_CONCURRENCY: integer(1, 64, 2).describe('studies that this process fetches and sends at once'),
  DICOM_TRANSFER_MAX_ATTEMPTS: integer(1, 100, 6).describe('attempts of one transfer before it has failed for good'),
  DICOM_TRANSFER_RETRY_DELAY_SECONDS: integer(0, 3600, 20).describe(
    'first delay before a transfer is tried again; doubles each time',
  ),
  MAX_CONCURRENT_UPLOADS: integer(1, 10_000, 128).describe('films received at once; more get BUSY'),
  MIN_FREE_DISK_BYTES: integer(0, 1024 * 1024 * MEBIBYTE, 512 * MEBIBYTE).describe(
    'below this much free space films are refused',
  ),
  INFERENCE_THREADS: integer(1, 256, Math.max(1, availableParallelism())).describe(
    'worker threads that decode and infer',
  ),
  INFERENCE_INTRA_OP_THREADS: integer(1, 64, 1).describe('ONNX Runtime threads within one worker'),
  INFERENCE_PRECISION: z
    .enum(['auto', 'int8', 'fp32'], 'must be auto, int8 or fp32')
    .default('auto')
    .describe('number format that reads films; auto: the fastest on this machine, measured at the first start'),
  INFERENCE_TIMEOUT_MS: integer(1000, 3600_000, 60_000).describe('longest time for one film in a worker'),
  INFERENCE_MAX_ATTEMPTS: integer(1, 20, 5).describe(
    'claims of one inference before it has failed for good; a process that dies uses one up for each film it held',
  ),
  INFERENCE_RETRY_DELAY_SECONDS: integer(0, 3600, 1).describe('first delay before a retry; doubles each time'),
  CHANGE_RETENTION_DAYS: integer(1, 3650, 30).describe('how long a subscriber may be away'),
  SUBSCRIPTION_MAX_LAG: integer(10, 1_000_000, 10_000).describe(
    'changes a subscriber may be behind before it is ended',
  ),
  SUBSCRIPTION_STALL_MS: integer(100, 600_000, 30_000).describe('longest time a subscriber may take for one event'),
  MAX_SUBSCRIPTIONS: integer(1, 100_000, 2000).describe('WebSocket connections of this process'),
  SHUTDOWN_TIMEOUT_MS: integer(1000, 600_000, 30_000).describe('longest time to drain at SIGTERM'),
} as const;

type Environment = z.infer<z.ZodObject<typeof SETTINGS>>;

/** Which parts of the gateway a process runs. */
export type Role = Environment['ROLE'];

/** Limits of one film's file. */
export interface FilmLimits {
  /** Bytes. */
  readonly maxFileBytes: number;
  /** Bytes of the data set before Pixel Data. */
  readonly maxHeaderBytes: number;
  /** Most rows, and most columns. */
  readonly maxDimension: number;
}

/** Everything that can be set, with its unit in the name or beside it. */
export interface Config {
  readonly database: {
    /** Undefined: the embedded PostgreSQL. */
    readonly url: string | undefined;
    readonly poolSize: number;
    /** Folder of the embedded PostgreSQL. */
    readonly embeddedDirectory: string;
  };
  readonly blobDirectory: string;
  readonly modelsDirectory: string;
  /** name@version. */
  readonly activeModel: string | undefined;
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly maxConnections: number;
    readonly requestTimeoutMs: number;
    readonly keepAliveMs: number;
  };
  readonly logLevel: Environment['LOG_LEVEL'];
  readonly role: Role;
  readonly defaultPatientIdIssuer: string;
  readonly film: FilmLimits;
  /** What rules of the gate do other than usual. */
  readonly gate: GateEffects;
  readonly stow: { readonly maxParts: number; readonly maxRequestBytes: number };
  readonly graphql: {
    readonly maxFiles: number;
    readonly maxBodyBytes: number;
    readonly maxTokens: number;
    readonly introspection: boolean;
    readonly maxSocketOperations: number;
  };
  readonly dimse: {
    readonly enabled: boolean;
    readonly host: string;
    readonly port: number;
    readonly aeTitle: string;
    readonly acceptUnknownCallers: boolean;
    readonly maxAssociations: number;
    readonly maxPduBytes: number;
    readonly artimMs: number;
    readonly idleTimeoutMs: number;
    readonly messageTimeoutMs: number;
    /** Undefined: no TLS. */
    readonly tls:
      | { readonly certFile: string; readonly keyFile: string; readonly caFile: string | undefined }
      | undefined;
  };
  readonly nodesFile: string | undefined;
  readonly transfers: {
    readonly queryTimeoutMs: number;
    readonly concurrency: number;
    readonly maxAttempts: number;
    readonly retryDelaySeconds: number;
  };
  readonly upload: {
    readonly timeoutMs: number;
    readonly idleTimeoutMs: number;
    readonly maxConcurrent: number;
    readonly minFreeDiskBytes: number;
  };
  readonly inference: {
    readonly threads: number;
    readonly intraOpThreads: number;
    readonly precision: Environment['INFERENCE_PRECISION'];
    /** Keeps how quickly the engines of the models run on this machine. */
    readonly engineCacheFile: string;
    readonly timeoutMs: number;
    readonly maxAttempts: number;
    readonly retryDelaySeconds: number;
  };
  readonly changes: { readonly retentionDays: number };
  readonly subscriptions: {
    readonly maxLag: number;
    readonly stallMs: number;
    readonly maxConnections: number;
  };
  readonly shutdownTimeoutMs: number;
}

/** Folder of the models that are shipped with the gateway. */
const SHIPPED_MODELS = resolve(import.meta.dirname, '..', 'models');

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
    const problems = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new GatewayError('CONFIG_INVALID', `${problems.length} setting(s) are wrong:\n${problems.join('\n')}\n`);
  }
  return freeze(toConfig(parsed.data));
}

function toConfig(env: Environment): Config {
  const data = resolve(env.DATA_DIR);
  return {
    database: { url: env.DATABASE_URL, poolSize: env.DATABASE_POOL_SIZE, embeddedDirectory: join(data, 'postgres') },
    blobDirectory: env.BLOB_DIR === undefined ? join(data, 'blobs') : resolve(env.BLOB_DIR),
    modelsDirectory: env.MODELS_DIR === undefined ? SHIPPED_MODELS : resolve(env.MODELS_DIR),
    activeModel: env.ACTIVE_MODEL,
    http: {
      host: env.HOST,
      port: env.PORT,
      maxConnections: env.HTTP_MAX_CONNECTIONS,
      requestTimeoutMs: env.HTTP_REQUEST_TIMEOUT_MS,
      keepAliveMs: env.HTTP_KEEP_ALIVE_MS,
    },
    logLevel: env.LOG_LEVEL,
    role: env.ROLE,
    defaultPatientIdIssuer: env.DEFAULT_PATIENT_ID_ISSUER,
    film: {
      maxFileBytes: env.DICOM_MAX_FILE_BYTES,
      maxHeaderBytes: env.DICOM_MAX_HEADER_BYTES,
      maxDimension: env.DICOM_MAX_DIMENSION,
    },
    gate: env.GATE_RULES,
    stow: { maxParts: env.STOW_MAX_PARTS, maxRequestBytes: env.STOW_MAX_REQUEST_BYTES },
    graphql: {
      maxFiles: env.GRAPHQL_MAX_FILES,
      maxBodyBytes: env.GRAPHQL_MAX_BODY_BYTES,
      maxTokens: env.GRAPHQL_MAX_TOKENS,
      introspection: env.GRAPHQL_INTROSPECTION === 'on',
      maxSocketOperations: env.GRAPHQL_MAX_SOCKET_OPERATIONS,
    },
    dimse: {
      enabled: env.DIMSE_ENABLED === 'on',
      host: env.DIMSE_HOST,
      port: env.DIMSE_PORT,
      aeTitle: env.DIMSE_AE_TITLE,
      acceptUnknownCallers: env.DIMSE_UNKNOWN_CALLERS === 'accept',
      maxAssociations: env.DIMSE_MAX_ASSOCIATIONS,
      maxPduBytes: env.DIMSE_MAX_PDU_BYTES,
      artimMs: env.DIMSE_ARTIM_MS,
      idleTimeoutMs: env.DIMSE_IDLE_TIMEOUT_MS,
      messageTimeoutMs: env.DIMSE_MESSAGE_TIMEOUT_MS,
      tls: tlsFiles(env),
    },
    nodesFile: env.DICOM_NODES_FILE === undefined ? undefined : resolve(env.DICOM_NODES_FILE),
    transfers: {
      queryTimeoutMs: env.DICOM_QUERY_TIMEOUT_MS,
      concurrency: env.DICOM_TRANSFER_CONCURRENCY,
      maxAttempts: env.DICOM_TRANSFER_MAX_ATTEMPTS,
      retryDelaySeconds: env.DICOM_TRANSFER_RETRY_DELAY_SECONDS,
    },
    upload: {
      timeoutMs: env.UPLOAD_TIMEOUT_MS,
      idleTimeoutMs: env.UPLOAD_IDLE_TIMEOUT_MS,
      maxConcurrent: env.MAX_CONCURRENT_UPLOADS,
      minFreeDiskBytes: env.MIN_FREE_DISK_BYTES,
    },
    inference: {
      threads: env.INFERENCE_THREADS,
      intraOpThreads: env.INFERENCE_INTRA_OP_THREADS,
      precision: env.INFERENCE_PRECISION,
      engineCacheFile: join(data, 'engine-choice.json'),
      timeoutMs: env.INFERENCE_TIMEOUT_MS,
      maxAttempts: env.INFERENCE_MAX_ATTEMPTS,
      retryDelaySeconds: env.INFERENCE_RETRY_DELAY_SECONDS,
    },
    changes: { retentionDays: env.CHANGE_RETENTION_DAYS },
    subscriptions: {
      maxLag: env.SUBSCRIPTION_MAX_LAG,
      stallMs: env.SUBSCRIPTION_STALL_MS,
      maxConnections: env.MAX_SUBSCRIPTIONS,
    },
    shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS,
  };
}

function tlsFiles(env: Environment): Config['dimse']['tls'] {
  const { DIMSE_TLS_CERT_FILE: certFile, DIMSE_TLS_KEY_FILE: keyFile, DIMSE_TLS_CA_FILE: caFile } = env;
  if (certFile === undefined && keyFile === undefined && caFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) {
    throw new GatewayError(
      'CONFIG_INVALID',
      '1 setting(s) are wrong:\n  DIMSE_TLS_CERT_FILE and DIMSE_TLS_KEY_FILE: must be set together\n',
    );
  }
  return { certFile: resolve(certFile), keyFile: resolve(keyFile), caFile: caFile && resolve(caFile) };
}

function freeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) if (typeof child === 'object' && child !== null) freeze(child);
  return Object.freeze(value);
}

/** Name, default and meaning of every setting, for `cxr-gateway config` and the operations guide. */
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
