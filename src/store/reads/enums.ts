/** The enumerations of the records as values, for whoever may not know Prisma. */
export {
  ChangeType,
  Eligibility,
  InferenceState,
  ModelState,
  Precision,
  Priority,
  Sex,
} from '../generated/enums.ts';
