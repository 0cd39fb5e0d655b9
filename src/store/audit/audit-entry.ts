/** What the audit records: who (the actor, one an operation) did what (an entry). */
import type { AccessRole, AuditAction, AuditOutcome, IdentityKind } from '../generated/enums.ts';

/** Who acts, from where, by which operation and for which purpose. */
export interface AuditActor {
  readonly subject: string;
  readonly kind: IdentityKind;
  readonly displayName: string | null;
  readonly roles: readonly AccessRole[];
  /** IP address; null for the command line and the gateway itself. */
  readonly sourceAddress: string | null;
  readonly requestId: string | null;
  /** What is called, without values: `query study`, `GET /instances/:uid/preview.png`, `C-STORE`. */
  readonly operation: string;
  /** Purpose of use: a code of the HL7 v3 code system ActReason, such as TREAT. */
  readonly purpose: string;
}

/** What was done or seen. Ids are UUIDs of the records. */
export interface AuditEntry {
  readonly action: AuditAction;
  /** SUCCESS when absent. */
  readonly outcome?: AuditOutcome;
  readonly errorCode?: string;
  /** The break-glass opening that made it possible. */
  readonly breakGlassId?: string;
  readonly patientId?: string;
  readonly studyIds?: readonly string[];
  readonly instanceIds?: readonly string[];
  readonly inferenceIds?: readonly string[];
  readonly findingIds?: readonly string[];
  readonly modelVersionIds?: readonly string[];
  /** What else is worth knowing; never a patient's data. */
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** The gateway itself, for what no request causes. */
export function systemActor(operation: string): AuditActor {
  return {
    subject: 'system',
    kind: 'SYSTEM',
    displayName: null,
    roles: [],
    sourceAddress: null,
    requestId: null,
    operation,
    purpose: 'HOPERAT',
  };
}
