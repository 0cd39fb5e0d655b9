/**
 * TLS of the HTTP server: 1.2 or 1.3, with the cipher suites of Node's defaults (no RC4, 3DES, CBC without ECDHE, or NULL).
 * A renewed certificate is taken up without a restart; connections that are open go on with the one they began with.
 */
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Config } from '../config.ts';
import { GatewayError } from '../errors.ts';
import type { Log } from '../log.ts';

type TlsFiles = NonNullable<Config['http']['tls']>;

/** What Node's TLS server takes. */
export interface TlsOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2';
}

/** Between looks at the files. They may be links that are turned over, which no notification tells of. */
const LOOK_MS = 5000;

/**
 * Reads certificate and key and tries them.
 *
 * @throws GatewayError CONFIG_INVALID
 */
export async function readTls({ certFile, keyFile }: TlsFiles): Promise<TlsOptions> {
  const [cert, key] = await Promise.all([
    readPem(certFile, 'HTTP_TLS_CERT_FILE'),
    readPem(keyFile, 'HTTP_TLS_KEY_FILE'),
  ]);
  const options = { cert, key, minVersion: 'TLSv1.2' } as const;
  try {
    createSecureContext(options);
  } catch (error) {
    const problem = 'HTTP_TLS_CERT_FILE and HTTP_TLS_KEY_FILE are no PEM certificate with its key.';
    throw new GatewayError('CONFIG_INVALID', problem, {}, { cause: error });
  }
  return options;
}

async function readPem(file: string, setting: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new GatewayError('CONFIG_INVALID', `The file of ${setting} cannot be read.`, {}, { cause: error });
  }
}

/**
 * Takes up the certificate anew whenever its file or that of the key changes. Files that do not fit each other, as between
 * the writing of one and of the other, change nothing.
 *
 * @returns how to stop
 */
export function followTls(server: Server, files: TlsFiles, log: Log, lookMs: number = LOOK_MS): () => void {
  const reload = () => {
    readTls(files).then(
      (options) => {
        server.setSecureContext(options);
        log.info('http.certificate-renewed');
      },
      (error: unknown) => {
        const { code } = error as GatewayError;
        log.warn('http.certificate-kept', { code });
      },
    );
  };
  const { certFile, keyFile } = files;
  for (const file of [certFile, keyFile]) watchFile(file, { interval: lookMs, persistent: false }, reload);
  return () => {
    for (const file of [certFile, keyFile]) unwatchFile(file, reload);
  };
}
