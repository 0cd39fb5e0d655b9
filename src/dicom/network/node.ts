/** Another DICOM application that the gateway knows by name: a scanner, a PACS, an archive. */

import type { CertificateRule } from './client-certificate.ts';

/** PS3.5 section 6.2: 1 to 16 characters without backslash and control characters, spaces at the ends not counted. */
export const AE_TITLE = /^[!-[\]-~]([ -[\]-~]{0,14}[!-[\]-~])?$/;

/** One entry of the nodes file. A node speaks DIMSE, DICOMweb or both. */
export interface DicomNode {
  /** What operators call it; unique. */
  readonly name: string;
  readonly dimse: DimseAddress | undefined;
  readonly dicomWeb: DicomWebAddress | undefined;
}

/** How a node is reached, and recognised, on the DICOM network. */
export interface DimseAddress {
  /** 1 to 16 characters (PS3.5 section 6.2); unique among the nodes. */
  readonly aeTitle: string;
  /** Undefined for a node that only sends to the gateway. */
  readonly host: string | undefined;
  /** 1 to 65,535; 104 unless the file says otherwise. */
  readonly port: number;
  readonly tls: boolean;
  /** PEM certificates that the node must show one of; undefined for those that the system trusts. */
  readonly caFile: string | undefined;
  /** How studies are fetched from it: on the same association (C-GET), or sent to the gateway's own door (C-MOVE). */
  readonly retrieve: 'get' | 'move';
  /** The certificate without which nobody is taken for it; undefined: its AE title is enough. */
  readonly clientCertificate?: CertificateRule | undefined;
}

/** How a node is reached by DICOMweb (PS3.18). */
export interface DicomWebAddress {
  /** Base of `/studies`, without a slash at its end. */
  readonly url: string;
  /** Value of the Authorization header; undefined where none is needed. */
  readonly authorization: string | undefined;
  /** PEM certificates that the node must show one of; undefined for those that the system trusts. */
  readonly caFile: string | undefined;
}
