/** Keys and certificates for tests of TLS, made by openssl. */
import { join } from 'node:path';
import { installed } from './peers/programs.ts';
import { runProgram } from './peers/run-program.ts';

const openssl = installed('openssl');

/** Whether certificates can be made. */
export const hasOpenssl = openssl !== undefined;

/** PEM files of one key pair. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/**
 * A key and a certificate of this common name that it signs itself.
 *
 * @param folder - where the files go
 * @param alternatives - subjectAltName; this name and this machine when absent
 */
export async function makeCertificate(
  folder: string,
  name: string,
  alternatives = `DNS:${name},IP:127.0.0.1`,
): Promise<Certificate> {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${alternatives}`];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const made = await runProgram(openssl ?? 'openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert]);
  if (made.code !== 0) throw new Error(`openssl: ${made.output}`);
  return { cert, key };
}
