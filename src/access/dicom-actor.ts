/** Other DICOM applications as the audit records them. */
import type { AuditActor } from '../store/audit/audit-entry.ts';
import type { Identity } from './identity.ts';

/**
 * A node that sends to the gateway.
 *
 * @param identity - by identityOfNode
 * @param sourceAddress - IP address; null when the connection is gone
 * @param operation - `C-STORE`, `N-ACTION`
 */
export function dicomActor(
  { subject, kind, displayName, roles }: Identity,
  sourceAddress: string | null,
  operation: string,
): AuditActor {
  return {
    ...{ subject, kind, displayName, roles },
    sourceAddress,
    requestId: null,
    operation,
    purpose: 'TREAT',
  };
}
