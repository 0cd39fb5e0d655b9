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

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

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
  const { cert, key } = filesOf(folder, name);
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${alternatives}`];
  await run(['req', '-x509', ...NEW_KEY, '-days', '2', ...subject, '-keyout', key, '-out', cert]);
  return { cert, key };
}

/**
 * A key and a certificate that an authority (any made by {@link makeCertificate}) signs.
 *
 * @param alternatives - subjectAltName; this machine's address alone when absent
 * @param days - it is valid from now on; one that is negative has expired
 */
export async function issueCertificate(
  folder: string,
  authority: Certificate,
  name: string,
  { alternatives = 'IP:127.0.0.1', days = 2 } = {},
): Promise<Certificate> {
  const { cert, key } = filesOf(folder, name);
  const request = join(folder, `${name}.csr`);
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${alternatives}`];
  await run(['req', ...NEW_KEY, ...subject, '-keyout', key, '-out', request]);
  const signer = ['-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial', '-days', String(days)];
  await run(['x509', '-req', '-in', request, ...signer, '-copy_extensions', 'copyall', '-out', cert]);
  return { cert, key };
}

function filesOf(folder: string, name: string): Certificate {
  return { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
}

async function run(args: readonly string[]): Promise<void> {
  const made = await runProgram(openssl ?? 'openssl', args);
  if (made.code !== 0) throw new Error(`openssl: ${made.output}`);
}
