/** What is fixed about each code. */
export interface ErrorDefinition {
  /** Whether the identical request may succeed later. */
  readonly retryable: boolean;
  /** HTTP status of a request that fails with this error alone (RFC 9110). */
  readonly status: number;
  /** DICOM failure reason or status (PS3.4 table B.2-1, PS3.18 table I.2-2). */
  readonly dicomStatus: number;
  /** What the caller should do; appended to every message. */
  readonly remedy: string;
}

/** A definition in the order of a table's columns. */
export const define = (retryable: boolean, status: number, dicomStatus: number, remedy: string): ErrorDefinition => ({
  retryable,
  status,
  dicomStatus,
  remedy,
});
