/** Who asks. An identity is proved at a door, once a request or connection, and never changes after that. */
import type { AccessRole, IdentityKind } from '../store/generated/enums.ts';

/** Every role, in the order of the documentation. */
export const ACCESS_ROLES: readonly AccessRole[] = ['CLINICIAN', 'TECHNOLOGIST', 'INTEGRATION', 'ADMIN', 'AUDITOR'];

/** Somebody or something that has proved who it is. */
export interface Identity {
  /**
   * Stable name: `oidc:<issuer>#<sub>`, `api-key:<id>`, `dicom:<AE title>`, `command-line:<user>`, `system`, `anonymous`.
   */
  readonly subject: string;
  readonly kind: IdentityKind;
  /** For people to read; null when unknown. */
  readonly displayName: string | null;
  readonly roles: readonly AccessRole[];
  /** Assigning authorities (Issuer of Patient ID) whose patients it may see. */
  readonly issuers: 'ALL' | readonly string[];
  /** Study Instance UIDs that it may see besides. */
  readonly studies: readonly string[];
  /** Sees de-identified views only, whatever its roles. */
  readonly deidentifiedOnly: boolean;
  /** When its token was issued; revocations before it do not count. Null for identities without a token. */
  readonly issuedAt: Date | null;
  /** From when on it is nobody any more; null: never by itself. */
  readonly expiresAt: Date | null;
  /** The API key that proved it; null for everything else. */
  readonly apiKeyId: string | null;
}

/** Everybody, where the gateway was started with --insecure-no-auth. */
export const ANONYMOUS: Identity = {
  subject: 'anonymous',
  kind: 'ANONYMOUS',
  displayName: null,
  roles: ACCESS_ROLES,
  issuers: 'ALL',
  studies: [],
  deidentifiedOnly: false,
  issuedAt: null,
  expiresAt: null,
  apiKeyId: null,
};
