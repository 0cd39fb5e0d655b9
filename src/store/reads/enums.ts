/** The enumerations of the records as values, for whoever may not know Prisma. */
export {
  AccessRole,
  AuditAction,
  AuditOutcome,
  ChangeType,
  DicomTransferKind,
  DicomTransferState,
  Eligibility,
  IdentityKind,
  InferenceState,
  ModelState,
  PatientAttribute,
  Precision,
  Priority,
  RereadJobState,
  ReviewVerdict,
  Sex,
} from '../generated/enums.ts';
