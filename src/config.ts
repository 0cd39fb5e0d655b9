/**
 * Environment -> one frozen, typed Config. The only reader of process.env. Every problem is reported at once, each
 * with the variable, what was found and what to set.
 */
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { ClaimRules } from './access/claims.ts';
import { ACCESS_ROLES } from './access/identity.ts';
import { parseRoleMap } from './access/role-map.ts';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from './access/signature-algorithms.ts';
import type { TokenRules } from './access/token-verifier.ts';
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

/** The texts between commas. */
function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** OpenID Connect Discovery 1.0 section 3. */
function isIssuer(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && ['http:', 'https:'].includes(url.protocol) && url.search === '' && url.hash === '';
}

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
  GOVERNANCE_APPROVALS: z
    .enum(['one', 'two'])
    .default('one')
    .describe('two: moves of a model version to CANARY or ACTIVE wait until a second administrator approves them'),
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
  HTTP_TLS_CERT_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('PEM certificate chain; HTTP and WebSocket then speak TLS 1.2 or 1.3 only'),
  HTTP_TLS_KEY_FILE: z.string().min(1).optional().describe('PEM key of that certificate'),
  CORS_ORIGINS: z
    .string()
    .optional()
    .transform((text, context): readonly string[] => {
      const { origins, problems } = parseOrigins(text ?? '');
      for (const message of problems) context.addIssue({ code: 'custom', message });
      return origins;
    })
    .describe('origins whose pages may use the API besides its own, such as https://ris.example, several by commas'),
  TRUSTED_PROXIES: z
    .string()
    .optional()
    .transform((text, context): readonly string[] => {
      const { networks, problems } = parseNetworks(text ?? '');
      for (const message of problems) context.addIssue({ code: 'custom', message });
      return networks;
    })
    .describe('addresses and networks (10.0.0.0/8) of reverse proxies whose X-Forwarded-For is believed, by commas'),
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
  BREAK_GLASS_MINUTES: integer(1, 24 * 60, 60).describe(
    'how long a record stays open that a clinician opened without a grant',
  ),
  BREAK_GLASS_MAX_LIVE: integer(1, 1000, 10).describe('records that one clinician may have open so at once'),
  OIDC_ISSUER: z
    .string()
    .refine(isIssuer, 'must be an http or https address without query or fragment, as in the tokens')
    .optional()
    .describe('issuer of the access tokens that are accepted, as OpenID Connect discovery knows it'),
  OIDC_AUDIENCE: z
    .string()
    .transform(listOf)
    .optional()
    .describe('what tokens must name as their audience; several by commas'),
  OIDC_JWKS_URI: z
    .string()
    .refine(isIssuer, 'must be an http or https address')
    .optional()
    .describe('where the keys of the issuer are; default: where discovery says'),
  OIDC_ALGORITHMS: z
    .string()
    .default('RS256,PS256,ES256,EdDSA')
    .transform((text, context): readonly SignatureAlgorithm[] =>
      listOf(text).flatMap((name) => {
        const known = SIGNATURE_ALGORITHMS.find((algorithm) => algorithm === name);
        if (known !== undefined) return [known];
        context.addIssue({ code: 'custom', message: `${name} must be one of ${SIGNATURE_ALGORITHMS.join(', ')}` });
        return [];
      }),
    )
    .describe('signature algorithms that tokens may have'),
  OIDC_CLOCK_SKEW_SECONDS: integer(0, 300, 30).describe('how far the clocks of issuer and gateway may be apart'),
  OIDC_MAX_TOKEN_AGE_SECONDS: integer(60, 7 * 86_400, 86_400).describe(
    'how long after it was issued a token is accepted at most',
  ),
  OIDC_ROLES_CLAIM: z.string().min(1).default('roles').describe('claim with the roles, such as realm_access.roles'),
  OIDC_ROLE_MAP: z
    .string()
    .transform((text, context) => {
      const entries = parseRoleMap(text);
      if (entries !== undefined) return entries;
      context.addIssue({
        code: 'custom',
        message: `must be VALUE=ROLE, several by commas; roles: ${ACCESS_ROLES.join(', ')}`,
      });
      return [];
    })
    .optional()
    .describe('values of that claim and the roles that they give: VALUE=ROLE, several by commas'),
  OIDC_ISSUERS_CLAIM: z
    .string()
    .min(1)
    .default('cxr_issuers')
    .describe(
      'claim with the assigning authorities that may be seen, * for all; * in place of a name: all for everybody',
    ),
  OIDC_STUDIES_CLAIM: z
    .string()
    .min(1)
    .default('cxr_studies')
    .describe('claim with Study Instance UIDs that may be seen besides'),
  OIDC_NAME_CLAIM: z.string().min(1).default('name').describe('claim with a name for people to read'),
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
  DEFAULT_PATIENT_ID_ISSUER: z.string().min(1).default('LOCAL').describe('issuer of patient IDs that name none'),
  DEIDENTIFICATION_KEY: z
    .base64('must be base64')
    .refine((text) => Buffer.from(text, 'base64').length >= 32, 'must be base64 of 32 bytes or more')
    .optional()
    .describe(
      'secret that pseudonyms of de-identified views are made with, base64 of 32 bytes or more; without it one is made and kept in the database',
    ),
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
  GRAPHQL_MAX_DEPTH: integer(1, 1000, 16).describe('most levels of fields in a GraphQL operation'),
  GRAPHQL_MAX_ALIASES: integer(0, 10_000, 50).describe('most aliases in a GraphQL operation, fragments spread out'),
  GRAPHQL_MAX_DIRECTIVES: integer(0, 10_000, 50).describe(
    'most directives in a GraphQL operation, fragments spread out',
  ),
  GRAPHQL_MAX_ROOT_FIELDS: integer(1, 10_000, 20).describe('most fields at the root of a GraphQL operation'),
  GRAPHQL_MAX_COST: integer(1, 1_000_000_000, 50_000).describe(
    'highest cost of a GraphQL operation, reckoned before it runs (docs/api.md has the costs of usual ones)',
  ),
  GRAPHQL_INTROSPECTION: z
    .enum(['on', 'off'], 'must be on or off')
    .default('off')
    .describe('whether clients may ask for the schema'),
  GRAPHQL_OPERATIONS: z
    .enum(['any', 'registered'], 'must be any or registered')
    .default('any')
    .describe('registered: only the operations of GRAPHQL_OPERATIONS_FILE run'),
  GRAPHQL_OPERATIONS_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('JSON manifest of persisted queries, in the format of Apollo'),
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
  AUDIT_SOURCE_ID: z
    .string()
    .regex(/^[\x21-\x7e]{1,64}$/, 'must be 1 to 64 printable characters without spaces')
    .default('cxr-gateway')
    .describe('name of this gateway in the audit that it exports'),
  AUDIT_SYSLOG_URL: z
    .string()
    .optional()
    .transform((text, context): { readonly host: string; readonly port: number } | undefined => {
      if (text === undefined) return undefined;
      const collector = parseCollector(text);
      if (collector === undefined) context.addIssue({ code: 'custom', message: 'must be syslog-tls://HOST:PORT' });
      return collector;
    })
    .describe('collector that the audit is sent to, as syslog-tls://HOST:PORT; port 6514 when none is given'),
  AUDIT_SYSLOG_CA_FILE: z
    .string()
    .min(1)
    .optional()
    .describe("PEM certificates that the collector's must be signed by; without it those that Node trusts"),
  AUDIT_SYSLOG_CERT_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('PEM certificate to show to a collector that asks for one'),
  AUDIT_SYSLOG_KEY_FILE: z.string().min(1).optional().describe('PEM key of that certificate'),
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

/** Whose tokens are accepted, and what they say. */
export interface OidcSettings {
  readonly rules: TokenRules;
  readonly claims: ClaimRules;
  /** Undefined: discovery names it. */
  readonly jwksUri: string | undefined;
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
  /** People that it takes to bring a model version into clinical use. */
  readonly approvals: Environment['GOVERNANCE_APPROVALS'];
  /** When readings in service are called drifted. */
  readonly drift: { readonly minimumFilms: number; readonly psi: number };
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly maxConnections: number;
    readonly requestTimeoutMs: number;
    readonly keepAliveMs: number;
    /** Undefined: no TLS. */
    readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
    /** Origins whose pages may use the API besides its own. */
    readonly corsOrigins: readonly string[];
    /** Addresses and networks of reverse proxies. */
    readonly trustedProxies: readonly string[];
  };
  /** Limits of one identity, or of one address, at this process; 0 is none. */
  readonly identityLimits: {
    readonly requestsPerMinute: number;
    readonly bytesPerMinute: number;
    readonly costPerMinute: number;
    readonly authFailuresPerMinute: number;
    readonly maxConnections: number;
    readonly maxSubscriptions: number;
  };
  readonly breakGlass: { readonly minutes: number; readonly maxLive: number };
  /** Undefined: no tokens are accepted. */
  readonly oidc: OidcSettings | undefined;
  /** What commands show to a running gateway. */
  readonly gatewayToken: string | undefined;
  readonly logLevel: Environment['LOG_LEVEL'];
  readonly role: Role;
  readonly defaultPatientIdIssuer: string;
  /** Base64; undefined: the gateway makes one of its own. */
  readonly deidentificationKey: string | undefined;
  readonly film: FilmLimits;
  /** What rules of the gate do other than usual. */
  readonly gate: GateEffects;
  readonly stow: { readonly maxParts: number; readonly maxRequestBytes: number };
  readonly graphql: {
    readonly maxFiles: number;
    readonly maxBodyBytes: number;
    readonly maxTokens: number;
    readonly maxDepth: number;
    readonly maxAliases: number;
    readonly maxDirectives: number;
    readonly maxRootFields: number;
    readonly maxCost: number;
    readonly introspection: boolean;
    /** Whether only the operations of operationsFile run. */
    readonly registeredOnly: boolean;
    readonly operationsFile: string | undefined;
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
  readonly audit: {
    /** Name of this gateway in exports. */
    readonly sourceId: string;
    /** Undefined: nothing is sent. */
    readonly syslog:
      | {
          readonly host: string;
          readonly port: number;
          readonly caFile: string | undefined;
          readonly certFile: string | undefined;
          readonly keyFile: string | undefined;
        }
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
    approvals: env.GOVERNANCE_APPROVALS,
    drift: { minimumFilms: env.DRIFT_MINIMUM_FILMS, psi: env.DRIFT_PSI },
    http: {
      host: env.HOST,
      port: env.PORT,
      maxConnections: env.HTTP_MAX_CONNECTIONS,
      requestTimeoutMs: env.HTTP_REQUEST_TIMEOUT_MS,
      keepAliveMs: env.HTTP_KEEP_ALIVE_MS,
      tls: httpTlsFiles(env),
      corsOrigins: env.CORS_ORIGINS,
      trustedProxies: env.TRUSTED_PROXIES,
    },
    identityLimits: {
      requestsPerMinute: env.RATE_LIMIT_REQUESTS_PER_MINUTE,
      bytesPerMinute: env.RATE_LIMIT_BYTES_PER_MINUTE,
      costPerMinute: env.RATE_LIMIT_COST_PER_MINUTE,
      authFailuresPerMinute: env.AUTH_FAILURES_PER_MINUTE,
      maxConnections: env.MAX_CONNECTIONS_PER_IDENTITY,
      maxSubscriptions: env.MAX_SUBSCRIPTIONS_PER_IDENTITY,
    },
    breakGlass: { minutes: env.BREAK_GLASS_MINUTES, maxLive: env.BREAK_GLASS_MAX_LIVE },
    oidc: oidcSettings(env),
    gatewayToken: env.CXR_GATEWAY_TOKEN,
    logLevel: env.LOG_LEVEL,
    role: env.ROLE,
    defaultPatientIdIssuer: env.DEFAULT_PATIENT_ID_ISSUER,
    deidentificationKey: env.DEIDENTIFICATION_KEY,
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
      maxDepth: env.GRAPHQL_MAX_DEPTH,
      maxAliases: env.GRAPHQL_MAX_ALIASES,
      maxDirectives: env.GRAPHQL_MAX_DIRECTIVES,
      maxRootFields: env.GRAPHQL_MAX_ROOT_FIELDS,
      maxCost: env.GRAPHQL_MAX_COST,
      introspection: env.GRAPHQL_INTROSPECTION === 'on',
      ...registeredOperations(env),
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
    audit: { sourceId: env.AUDIT_SOURCE_ID, syslog: auditCollector(env) },
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

function oidcSettings(env: Environment): OidcSettings | undefined {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audiences, OIDC_ROLE_MAP: roleMap } = env;
  if (issuer === undefined) return undefined;
  if (audiences === undefined || audiences.length === 0 || roleMap === undefined) {
    throw new GatewayError(
      'CONFIG_INVALID',
      '1 setting(s) are wrong:\n  OIDC_ISSUER: OIDC_AUDIENCE and OIDC_ROLE_MAP must be set with it\n',
    );
  }
  return {
    rules: {
      issuer,
      audiences,
      algorithms: env.OIDC_ALGORITHMS,
      clockSkewSeconds: env.OIDC_CLOCK_SKEW_SECONDS,
      maxAgeSeconds: env.OIDC_MAX_TOKEN_AGE_SECONDS,
    },
    claims: {
      roles: env.OIDC_ROLES_CLAIM,
      roleMap,
      issuers: env.OIDC_ISSUERS_CLAIM,
      studies: env.OIDC_STUDIES_CLAIM,
      name: env.OIDC_NAME_CLAIM,
    },
    jwksUri: env.OIDC_JWKS_URI,
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

function auditCollector(env: Environment): Config['audit']['syslog'] {
  const {
    AUDIT_SYSLOG_URL: collector,
    AUDIT_SYSLOG_CA_FILE: caFile,
    AUDIT_SYSLOG_CERT_FILE: certFile,
    AUDIT_SYSLOG_KEY_FILE: keyFile,
  } = env;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new GatewayError(
      'CONFIG_INVALID',
      '1 setting(s) are wrong:\n  AUDIT_SYSLOG_CERT_FILE and AUDIT_SYSLOG_KEY_FILE: must be set together\n',
    );
  }
  if (collector === undefined) return undefined;
  return {
    ...collector,
    caFile: caFile && resolve(caFile),
    certFile: certFile && resolve(certFile),
    keyFile: keyFile && resolve(keyFile),
  };
}

/** The registered port of syslog over TLS (RFC 5425 section 4.1). */
const SYSLOG_TLS_PORT = 6514;

function parseCollector(text: string): { readonly host: string; readonly port: number } | undefined {
  const url = URL.parse(text);
  const { hostname, port = '', pathname = '', search, hash, username, password } = url ?? {};
  if (url?.protocol !== 'syslog-tls:' || !hostname || username || password || search || hash) return undefined;
  if (pathname !== '' && pathname !== '/') return undefined;
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? SYSLOG_TLS_PORT : Number(port) };
}

function httpTlsFiles(env: Environment): Config['http']['tls'] {
  const { HTTP_TLS_CERT_FILE: certFile, HTTP_TLS_KEY_FILE: keyFile } = env;
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) {
    throw new GatewayError(
      'CONFIG_INVALID',
      '1 setting(s) are wrong:\n  HTTP_TLS_CERT_FILE and HTTP_TLS_KEY_FILE: must be set together\n',
    );
  }
  return { certFile: resolve(certFile), keyFile: resolve(keyFile) };
}

function registeredOperations(env: Environment): Pick<Config['graphql'], 'registeredOnly' | 'operationsFile'> {
  const { GRAPHQL_OPERATIONS: mode, GRAPHQL_OPERATIONS_FILE: file } = env;
  if ((mode === 'registered') !== (file !== undefined)) {
    throw new GatewayError(
      'CONFIG_INVALID',
      '1 setting(s) are wrong:\n  GRAPHQL_OPERATIONS=registered and GRAPHQL_OPERATIONS_FILE: must be set together\n',
    );
  }
  return { registeredOnly: mode === 'registered', operationsFile: file === undefined ? undefined : resolve(file) };
}

/** Origins are compared as text, so they must be written as browsers send them (RFC 6454 section 6.2). */
function parseOrigins(text: string): { readonly origins: readonly string[]; readonly problems: readonly string[] } {
  const origins = text
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
  const wrong = origins.filter((origin) => !/^https?:[^*]+$/.test(origin) || URL.parse(origin)?.origin !== origin);
  return {
    origins,
    problems: wrong.map(
      (origin) => `${origin} is no origin: write scheme, host and port alone, as https://ris.example`,
    ),
  };
}

function parseNetworks(text: string): { readonly networks: readonly string[]; readonly problems: readonly string[] } {
  const networks = text
    .split(',')
    .map((network) => network.trim())
    .filter((network) => network !== '');
  const wrong = networks.filter((network) => {
    const [address = '', prefix, ...more] = network.split('/');
    const longest = isIP(address) === 6 ? 128 : 32;
    const fits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest);
    return isIP(address) === 0 || !fits || more.length > 0;
  });
  return { networks, problems: wrong.map((network) => `${network} is neither an address nor a network`) };
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
