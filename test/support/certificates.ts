/** Keys and certificates for tests of TLS, made by openssl. */
import { join } from 'node:path';
import { installed } from './peers/programs.ts';
import { runProgram } from './peers/run-program.ts';

/** PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export const openssl = installed('openssl');

/** A key and a certificate of this name, and of 127.0.0.1 unless other names are given, that it signs itself. */
export async function selfSigned(folder: string, name: string, names = 'IP:127.0.0.1'): Promise<Certificate> {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const made = await runProgram(openssl ?? '', ['req', ...kind, ...subject, '-keyout', key, '-out', cert]);
  if (made.code !== 0) throw new Error(made.output);
  return { cert, key };
}
