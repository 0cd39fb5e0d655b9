/** One request, message or command: an identity and where it comes from. */
import type { AuditActor } from '../store/audit/audit-entry.ts';
import { ANONYMOUS, type Identity } from './identity.ts';

/** Who calls, from where, what for. */
export interface Caller {
  readonly identity: Identity;
  /** IP address; null for the command line and the gateway itself. */
  readonly sourceAddress: string | null;
  /** Names the request in answers, in the log and in the audit. */
  readonly requestId: string;
  /** Purpose of use: a code of the HL7 v3 code system ActReason, such as TREAT. */
  readonly purpose: string;
}

/**
 * The caller as the audit records it.
 *
 * @param operation - what is called, without values, such as `mutation requestInference`
 */
export function actorOf({ identity, sourceAddress, requestId, purpose }: Caller, operation: string): AuditActor {
  const { subject, kind, displayName, roles } = identity;
  return { subject, kind, displayName, roles, sourceAddress, requestId, operation, purpose };
}

/** A caller that nobody asked who it is, where the gateway was started with --insecure-no-auth. */
export function anonymousCaller(requestId: string, sourceAddress: string | null = null): Caller {
  return { identity: ANONYMOUS, sourceAddress, requestId, purpose: 'TREAT' };
}
