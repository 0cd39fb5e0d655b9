/** The result of an evaluation: one JSON object, `evaluation.json` in the model's folder. */
import type { Precision } from '../engine.ts';
import type { Interval } from './bootstrap.ts';
import type { OperatingPoint, ThresholdRule } from './operating-points.ts';
import type { FilmsReference } from './reference.ts';
import type { ReliabilityBin } from './reliability.ts';

export type { Precision };

/** Name of the evaluation within a model folder. */
export const EVALUATION_FILE = 'evaluation.json';
/** Names of the pictures beside it. */
export const ROC_FILE = 'roc.svg';
export const RELIABILITY_FILE = 'reliability.svg';

/** A figure with the central 95 % of its resamples; null where it is not defined. */
export interface Estimate {
  readonly value: number | null;
  readonly interval: Interval | null;
}

/** What one precision does with one label. */
export interface PrecisionResult {
  readonly auc: Estimate;
  /** Expected calibration error of {@link reliability}. */
  readonly calibrationError: number;
  readonly reliability: readonly ReliabilityBin[];
  /** Corners of the curve, [false positive rate, true positive rate], from [0, 0] to [1, 1]; empty without both kinds. */
  readonly roc: readonly (readonly [number, number])[];
  /** A threshold for each of those corners; absent in evaluations from before it was kept. */
  readonly rocThresholds?: readonly number[];
  /** At the threshold in force, the same for both precisions. */
  readonly inForce: OperatingPoint;
  /** Where the rule would put this precision's own threshold; null without films of both kinds. */
  readonly chosen: OperatingPoint | null;
}

/** INT8 beside FP32 on the same films. */
export interface Agreement {
  /** AUC of FP32 less that of INT8: above 0 INT8 is worse. The interval is paired. */
  readonly drop: Estimate;
  /** |p INT8 - p FP32| over all films read, whether labelled or not. */
  readonly meanDifference: number;
  readonly maxDifference: number;
  /** Films (or film and label pairs) on different sides of the threshold in force. */
  readonly flips: number;
}

/** One label. */
export interface LabelEvaluation {
  readonly label: string;
  /** Films whose truth is known. */
  readonly films: number;
  readonly positives: number;
  /** Threshold in force: the rule's, or the manifest's where the rule could choose none. */
  readonly threshold: number;
  readonly results: Partial<Readonly<Record<Precision, PrecisionResult>>>;
  /** Null unless both precisions were evaluated. */
  readonly agreement: Agreement | null;
}

/** A film that was not read, and why. */
export interface FilmFailure {
  readonly file: string;
  readonly problem: string;
}

/** Everything that follows from probabilities and truths. */
export interface Assessment {
  readonly films: number;
  /** Null when the table does not tell patients apart. */
  readonly patients: number | null;
  readonly resamples: number;
  readonly seed: number;
  /** How the thresholds in force were chosen; `kept`: those of the manifest. */
  readonly rule: ThresholdRule | { readonly kind: 'kept' };
  /** Whose probabilities they were chosen on. */
  readonly chosenOn: Precision;
  readonly labels: readonly LabelEvaluation[];
  /** Mean AUC over the labels that have films of both kinds. */
  readonly meanAuc: Partial<Readonly<Record<Precision, Estimate>>>;
  /** Over all labels: drop of the mean, differences and flips of film and label pairs. */
  readonly agreement: Agreement | null;
}

/** An assessment with what was read, and how. */
export interface Evaluation extends Assessment {
  readonly schemaVersion: 1;
  readonly model: { readonly name: string; readonly version: string };
  /** SHA-256 of the ONNX bytes that were run. */
  readonly digests: Partial<Readonly<Record<Precision, string>>>;
  readonly preprocessing: string;
  /** Distributions of scores and films, for the manifest; absent in evaluations from before they were kept. */
  readonly reference?: FilmsReference;
  readonly dataSet: string;
  readonly notRead: readonly FilmFailure[];
  /** Films of the folder that the table does not name. */
  readonly notLabelled: number;
  /** Rows of the table whose film is not in the folder. */
  readonly notFound: number;
}
