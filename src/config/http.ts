/** The HTTP server: its address, its patience with connections, TLS, and whose requests it believes. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { parseNetworks, parseOrigins } from './http-peers.ts';
import { integer, type Values, wrongSettings } from './settings.ts';

export const HTTP_SETTINGS = {
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
} as const;

/** The HTTP server of this process. */
export interface HttpConfig {
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
}

/**
 * @param env - checked settings of this part
 * @throws GatewayError CONFIG_INVALID when only one of certificate and key is set
 */
export function httpConfig(env: Values<typeof HTTP_SETTINGS>): HttpConfig {
  return {
    http: {
      host: env.HOST,
      port: env.PORT,
      maxConnections: env.HTTP_MAX_CONNECTIONS,
      requestTimeoutMs: env.HTTP_REQUEST_TIMEOUT_MS,
      keepAliveMs: env.HTTP_KEEP_ALIVE_MS,
      tls: tlsFiles(env),
      corsOrigins: env.CORS_ORIGINS,
      trustedProxies: env.TRUSTED_PROXIES,
    },
  };
}

function tlsFiles(env: Values<typeof HTTP_SETTINGS>): HttpConfig['http']['tls'] {
  const { HTTP_TLS_CERT_FILE: certFile, HTTP_TLS_KEY_FILE: keyFile } = env;
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) {
    throw wrongSettings(['HTTP_TLS_CERT_FILE and HTTP_TLS_KEY_FILE: must be set together']);
  }
  return { certFile: resolve(certFile), keyFile: resolve(keyFile) };
}
