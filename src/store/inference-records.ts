/** What goes into the inference store and what comes out of it. */
import type { AuditActor } from './audit/audit-entry.ts';
import type { Eligibility, Precision, Priority } from './generated/enums.ts';
import type { Claim } from './queue.ts';

/** A claimed inference and what is needed to run it. */
export interface ClaimedInference {
  readonly claim: Claim;
  readonly inferenceId: string;
  readonly attempt: number;
  readonly instanceId: string;
  readonly studyId: string;
  readonly patientId: string;
  readonly modelVersionId: string;
  readonly modelDigest: string;
  /** Number of the newest threshold set of the version; null where it has none. */
  readonly thresholdSetVersion: number | null;
  /** That set, by label; null where the version has none. */
  readonly thresholds: Readonly<Record<string, number>> | null;
  readonly priority: Priority;
  readonly blobKey: string;
  readonly eligibility: Eligibility;
  readonly eligibilityReasons: readonly string[];
  readonly queuedAt: Date;
}

/** One label's result, ready to be written. */
export interface NewFinding {
  readonly label: string;
  readonly probability: number;
  readonly threshold: number;
  readonly positive: boolean;
  readonly code: { readonly system: string; readonly value: string; readonly display: string } | null;
  /** Row-major. */
  readonly heatMap: readonly number[];
}

/** The result of one reading. */
export interface NewResult {
  /** What the pixels gave cause to warn of; added to what the header gave. */
  readonly warnings: readonly string[];
  readonly findings: readonly NewFinding[];
  readonly heatMapRows: number;
  readonly heatMapColumns: number;
  readonly timings: {
    readonly readMs: number;
    readonly decodeMs: number;
    readonly preprocessMs: number;
    readonly inferenceMs: number;
  };
  /** What really ran. */
  readonly executed: {
    /** SHA-256 of the ONNX file, hexadecimal. */
    readonly digest: string;
    readonly precision: Precision;
  };
  /** What else the result rests on. */
  readonly provenance: {
    /** As `rule/steps`. */
    readonly preprocessingVersion: string;
    /** Source of the grey scale within the rule. */
    readonly grayscaleSource: string;
    readonly gatewayVersion: string;
    /** Library and its host with their versions. */
    readonly runtime: string;
    /** Name of the processor and those of its instruction sets that matter. */
    readonly processor: string;
    /** Of the film as the model saw it, in 8-bit grey, 0 to 255; null where no model saw it. */
    readonly inputMean: number | null;
    readonly inputDeviation: number | null;
  };
}

/** Who asks for a reading, of what, by which model. */
export interface InferenceRequest {
  readonly instanceId: string;
  /** The active version when absent. */
  readonly modelVersionId?: string;
  readonly priority: Priority;
  readonly by: AuditActor;
  /** Readings by versions out of clinical use are kept from who asks. */
  readonly clinicalOnly?: boolean;
}
