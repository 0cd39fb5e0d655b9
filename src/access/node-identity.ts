/** DICOM nodes that call: known by their AE title, and proved by their certificate where the nodes file names one. */
import type { ShownCertificate } from '../dicom/network/client-certificate.ts';
import type { Identity } from './identity.ts';

/** A node that has associated. */
export interface CallingNode {
  /** As it calls itself. */
  readonly callingAeTitle: string;
  /** Its name in the nodes file; undefined when it is not in there. */
  readonly name: string | undefined;
  /** The certificate that it has shown on a TLS door. */
  readonly certificate: ShownCertificate | undefined;
}

/** The identity of an association; its display name holds what is known besides the AE title. */
export function identityOfNode({ callingAeTitle, name, certificate }: CallingNode): Identity {
  const proof = certificate === undefined ? undefined : `TLS subject ${certificate.subject.join(', ')}`;
  const known = [name, proof].filter((text) => text !== undefined).join('; ');
  return {
    subject: `dicom:${callingAeTitle}`,
    kind: 'DICOM_NODE',
    displayName: known === '' ? null : known,
    roles: ['INTEGRATION'],
    issuers: 'ALL',
    studies: [],
    deidentifiedOnly: false,
    issuedAt: null,
    expiresAt: null,
    apiKeyId: null,
  };
}
