/** What goes into a worker thread and what comes out of it. Plain data only: it crosses by structured cloning. */
import type { FilmLimits } from '../config.ts';
import type { EligibilityAssessment, GateEffects } from '../dicom/gate-rules.ts';
import type { SerializedError } from '../errors.ts';
import type { Precision } from './engine.ts';
import type { ServingManifest } from './serving-manifest.ts';

/** One engine of a model version, as a worker needs it. */
export interface ModelReference {
  /** Absolute path of the model's folder. */
  readonly directory: string;
  /** SHA-256 of the ONNX file to run: the main one of the manifest or one of its alternatives. */
  readonly digest: string;
  /** Of the model version, as the process that asks has checked it. */
  readonly manifest: ServingManifest;
}

/** How quickly one engine runs in a thread of this machine. */
export interface EngineMeasurement {
  /** SHA-256 of its ONNX file. */
  readonly digest: string;
  /** Median time of one film, in milliseconds. */
  readonly milliseconds: number;
  /** Films that the median is of. */
  readonly runs: number;
}

/** One film to be read by one model version. */
export interface ReadTask {
  /** Path of the DICOM file. */
  readonly path: string;
  readonly model: ModelReference;
  readonly limits: FilmLimits;
  /** Of rules of the gate that do other than usual. */
  readonly gateRules?: GateEffects;
}

/** What the model says about one label. */
export interface LabelScore {
  readonly label: string;
  /** 0 to 1. */
  readonly probability: number;
  /** 0 to 1. */
  readonly threshold: number;
  /** probability >= threshold. */
  readonly positive: boolean;
  /** Class activation map in logits, row-major; its mean is the logit. Empty when the model gives none. */
  readonly heatMap: number[];
}

/** Mean and standard deviation of grey values, 0 to 255. */
export interface GreyStatistics {
  readonly mean: number;
  readonly deviation: number;
}

/** Time of each stage in the worker, in milliseconds of the wall clock. */
export interface StageTimings {
  readonly readMs: number;
  readonly decodeMs: number;
  readonly preprocessMs: number;
  readonly inferenceMs: number;
  /**
   * Processor time of the thread for the whole film; absent where Node cannot tell it (early Node 22). Some
   * kernels count it in ticks of 4 ms: add up many films before reading anything into it.
   */
  readonly cpuMs?: number;
  /** The same by stage. */
  readonly cpuByStage?: {
    readonly readAndDecodeMs: number;
    readonly preprocessMs: number;
    readonly inferenceMs: number;
  };
}

/** One film read by one model version. */
export interface Reading {
  /** SHA-256 of the ONNX bytes that were run. */
  readonly digest: string;
  /** Number format of the file that was run. */
  readonly precision: Precision;
  readonly heatMapRows: number;
  readonly heatMapColumns: number;
  /** What the gate makes of the pixels. The model has not seen an INELIGIBLE film: it has no scores. */
  readonly evidence: EligibilityAssessment;
  /** One a label, in the order of the manifest. */
  readonly scores: LabelScore[];
  /** Source of the grey scale within the grayscale rule: VOI_WINDOW, VOI_LUT, STORED_8_BIT or PERCENTILES. */
  readonly grayscale: string;
  readonly preprocessingVersion: string;
  /** What the model saw, in 8-bit grey; null for a film that it has not seen. */
  readonly input: GreyStatistics | null;
  /** What ran the ONNX file: `onnxruntime-node 1.30.0, node v24.21.0`. */
  readonly runtime: string;
  readonly timings: StageTimings;
}

/** A class activation map of one label. */
export interface HeatMapGrid {
  readonly rows: number;
  readonly columns: number;
  /** Logits, row-major. */
  readonly values: readonly number[];
}

/** A film to be drawn, with or without a heat map over it. */
export interface RenderTask {
  readonly path: string;
  readonly limits: FilmLimits;
  /** Longest side of the picture, in pixels. */
  readonly maximumSize: number;
}

/** What a worker sends back: errors as data, so that any rejection means that the worker itself failed. */
export type WorkerAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly error: SerializedError;
      /** Stack of the underlying error, for the log. */
      readonly stack: string | undefined;
    };
