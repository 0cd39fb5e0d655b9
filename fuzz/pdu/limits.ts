/** Bounds of the door under test: short, so that a case that only waits for its timer ends soon. */
import type { AssociationLimits } from '../../src/dicom/network/association.ts';

/** Called AE title. */
export const AE_TITLE = 'CXRGATEWAY';

/** Longest data set of the campaign. */
export const CAP_BYTES = 64 * 2 ** 20;

export const LIMITS: AssociationLimits = {
  maxPduBytes: 128 * 1024,
  maxDataSetBytes: CAP_BYTES,
  artimMs: 300,
  idleTimeoutMs: 300,
  messageTimeoutMs: 600,
};

/** While conversations are recorded, on a machine as slow as it may be. */
export const PATIENT_LIMITS: AssociationLimits = {
  ...LIMITS,
  artimMs: 60_000,
  idleTimeoutMs: 60_000,
  messageTimeoutMs: 60_000,
};
