/** The certificates of a connection to a node, read anew for each, so that renewed files need no restart. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { GatewayError } from '../errors.ts';

/** Own certificate and key, shown to nodes that ask for one. */
export interface OwnCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** What TLS is spoken with, in PEM. */
export interface TlsMaterial {
  /** Certificates that the node must show one of; undefined: those of the system. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** @throws GatewayError CONFIG_INVALID for files that cannot be read, or are no PEM certificates with their key */
export async function readTlsMaterial(
  caFile: string | undefined,
  own: OwnCertificate | undefined,
): Promise<TlsMaterial> {
  const [ca, cert, key] = await Promise.all([caFile, own?.certFile, own?.keyFile].map(readPem));
  // Node takes a file without any certificate as a list of none, and every node would be a stranger.
  if (ca !== undefined && caFile !== undefined) check(() => new X509Certificate(ca), `The caFile ${caFile} holds`);
  if (cert !== undefined) {
    check(() => createSecureContext({ cert, key }), 'DIMSE_TLS_CERT_FILE and DIMSE_TLS_KEY_FILE hold');
  }
  return { ca, cert, key };
}

async function readPem(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GatewayError('CONFIG_INVALID', `The certificate file ${path} cannot be read.`, {}, { cause });
  });
}

function check(use: () => unknown, whose: string): void {
  try {
    use();
  } catch (cause) {
    throw new GatewayError('CONFIG_INVALID', `${whose} no PEM certificate that can be used.`, {}, { cause });
  }
}
