/** The gateway as it names itself in the audit that it exports. */

/** Which gateway reports. */
export interface AuditSource {
  /** AUDIT_SOURCE_ID. */
  readonly id: string;
  /** AE title of the DICOM door. */
  readonly aeTitle: string;
  /** UUID of the chain. */
  readonly chain: string;
}

/** Names a record, the same in every export; whoever imports it twice can tell. */
export function recordUri({ chain }: AuditSource, position: bigint): string {
  return `urn:uuid:${chain}#${position}`;
}
