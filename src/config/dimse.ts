/** The DICOM door: its name and address, who may call, how long it waits, TLS (PS3.8, PS3.15 annex B). */
import { resolve } from 'node:path';
import { z } from 'zod';
import { AE_TITLE } from '../dicom/network/node.ts';
import { integer, MEBIBYTE, type Values, wrongSettings } from './settings.ts';

const aeTitle = z.string().regex(AE_TITLE, 'must be 1 to 16 printable characters');

export const DIMSE_SETTINGS = {
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
} as const;

/** The DICOM door of this process. */
export interface DimseConfig {
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
}

/**
 * @param env - checked settings of this part
 * @throws GatewayError CONFIG_INVALID when certificate or key is missing beside another file of TLS
 */
export function dimseConfig(env: Values<typeof DIMSE_SETTINGS>): DimseConfig {
  return {
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
  };
}

function tlsFiles(env: Values<typeof DIMSE_SETTINGS>): DimseConfig['dimse']['tls'] {
  const { DIMSE_TLS_CERT_FILE: certFile, DIMSE_TLS_KEY_FILE: keyFile, DIMSE_TLS_CA_FILE: caFile } = env;
  if (certFile === undefined && keyFile === undefined && caFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) {
    throw wrongSettings(['DIMSE_TLS_CERT_FILE and DIMSE_TLS_KEY_FILE: must be set together']);
  }
  return { certFile: resolve(certFile), keyFile: resolve(keyFile), caFile: caFile && resolve(caFile) };
}
