/** The audit elsewhere: the name of this gateway in it, and the syslog collector that it is sent to (RFC 5425). */
import { resolve } from 'node:path';
import { z } from 'zod';
import { type Values, wrongSettings } from './settings.ts';

export const AUDIT_SETTINGS = {
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
} as const;

/** The export of the audit. */
export interface AuditConfig {
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
}

/**
 * @param env - checked settings of this part
 * @throws GatewayError CONFIG_INVALID when only one of certificate and key is set, even without a collector
 */
export function auditConfig(env: Values<typeof AUDIT_SETTINGS>): AuditConfig {
  return { audit: { sourceId: env.AUDIT_SOURCE_ID, syslog: syslogCollector(env) } };
}

function syslogCollector(env: Values<typeof AUDIT_SETTINGS>): AuditConfig['audit']['syslog'] {
  const {
    AUDIT_SYSLOG_URL: collector,
    AUDIT_SYSLOG_CA_FILE: caFile,
    AUDIT_SYSLOG_CERT_FILE: certFile,
    AUDIT_SYSLOG_KEY_FILE: keyFile,
  } = env;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw wrongSettings(['AUDIT_SYSLOG_CERT_FILE and AUDIT_SYSLOG_KEY_FILE: must be set together']);
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
