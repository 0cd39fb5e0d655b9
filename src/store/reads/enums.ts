/** The enumerations of the records as values, for whoever may not know Prisma. */
export {
  ChangeType,
  DicomTransferKind,
  DicomTransferState,
  Eligibility,
  InferenceState,
  ModelState,
  PatientAttribute,
  Precision,
  Priority,
  Sex,
} from '../generated/enums.ts';
