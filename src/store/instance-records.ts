/** What goes into the store of films and what comes out of it. */
import type { Eligibility, Priority } from './generated/enums.ts';
import type { PatientRecord } from './patients.ts';

/** What is recorded of a film. */
export interface InstanceRecord {
  readonly patient: PatientRecord;
  readonly study: {
    readonly studyInstanceUid: string;
    readonly accessionNumber: string | null;
    /** ISO 8601. */
    readonly date: string | null;
    readonly description: string | null;
  };
  readonly series: {
    readonly seriesInstanceUid: string;
    readonly modality: string | null;
    readonly bodyPart: string | null;
    readonly viewPosition: string | null;
    readonly description: string | null;
  };
  readonly instance: {
    readonly sopInstanceUid: string;
    readonly sopClassUid: string;
    readonly transferSyntaxUid: string;
    readonly rows: number;
    readonly columns: number;
    /** More than 1: the first is read. */
    readonly numberOfFrames: number;
    readonly photometricInterpretation: string;
    readonly sha256: string;
    readonly byteLength: number;
    readonly blobKey: string;
    /** Of the association that brought it; null for the other doors. */
    readonly callingAeTitle?: string | null;
    readonly eligibility: Eligibility;
    readonly eligibilityReasons: readonly string[];
  };
  readonly priority: Priority;
  /** What names its source to a canary: calling AE title, door. */
  readonly sources?: readonly string[];
  /** Name of the node that it was fetched from, for the audit. */
  readonly node?: string;
}

/** The records of a film that is stored. */
export interface StoredInstance {
  readonly instanceId: string;
  /** The newest clinical one. */
  readonly inferenceId: string;
  /** It was stored before, with the same bytes. */
  readonly duplicate: boolean;
}
