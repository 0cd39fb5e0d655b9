/** From probabilities and truths to the figures of an evaluation. Pure: the same input gives the same figures. */
import { type Interval, percentileInterval, Resamples } from './bootstrap.ts';
import type { Agreement, Assessment, Estimate, LabelEvaluation, Precision, PrecisionResult } from './evaluation.ts';
import type { LabelledFilm } from './labels.ts';
import { chooseThreshold, operatingPointAt, type ThresholdRule, thresholdAt } from './operating-points.ts';
import { expectedCalibrationError, reliabilityCurve } from './reliability.ts';
import { type LabelSample, RankedSample } from './roc.ts';

/** What one precision gave. */
export interface Predictions {
  readonly precision: Precision;
  /** One a film, each with one probability a label. */
  readonly probabilities: readonly Float32Array[];
}

/** What is assessed, and how. */
export interface AssessmentTask {
  /** Labels of the model with the thresholds of its manifest. */
  readonly labels: readonly { readonly name: string; readonly threshold: number }[];
  /** Rows of the films, in the order of the predictions. */
  readonly rows: readonly LabelledFilm[];
  readonly hasPatients: boolean;
  /** One or both precisions. */
  readonly predictions: readonly Predictions[];
  readonly rule: ThresholdRule | { readonly kind: 'kept' };
  /** Precision on whose probabilities thresholds are chosen; the first of the predictions when it is none of them. */
  readonly chooseOn: Precision;
  readonly resamples: number;
  readonly seed: number;
}

/** One label as one precision sees it. */
interface Column {
  readonly precision: Precision;
  readonly sample: LabelSample;
  readonly ranked: RankedSample;
  readonly auc: number;
  /** AUC of every resample. */
  readonly resampled: number[];
}

/** One label of all precisions. */
interface LabelColumns {
  readonly name: string;
  readonly threshold: number;
  /** Films whose truth is known, as indices of rows. */
  readonly films: readonly number[];
  readonly columns: readonly Column[];
}

/** Assesses the predictions. */
export function assess(task: AssessmentTask): Assessment {
  const { rows, predictions, rule, resamples, seed } = task;
  const draws = new Resamples(
    rows.map(({ patient }) => patient),
    resamples,
    seed,
  );
  const all = task.labels.map((label, index) => labelColumns(task, label, index));
  resampleAll(all, draws);
  const chosenOn = predictions.some(({ precision }) => precision === task.chooseOn)
    ? task.chooseOn
    : (predictions[0]?.precision ?? task.chooseOn);
  const labels = all.map((columns, index) => evaluateLabel(task, columns, index, chosenOn));
  const precisions = predictions.map(({ precision }) => precision);
  const means = precisions.map((precision) => ({ precision, mean: meanOver(all, precision) }));
  return {
    films: rows.length,
    patients: task.hasPatients ? draws.clusters : null,
    resamples,
    seed,
    rule,
    chosenOn,
    labels,
    meanAuc: Object.fromEntries(means.map(({ precision, mean }) => [precision, estimate(mean.value, mean.resampled)])),
    agreement: overallAgreement(all, labels),
  };
}

function labelColumns(task: AssessmentTask, label: AssessmentTask['labels'][number], index: number): LabelColumns {
  const films = [...task.rows.keys()].filter((film) => (task.rows[film]?.truths[index] ?? null) !== null);
  const truths = Uint8Array.from(films, (film) => task.rows[film]?.truths[index] ?? 0);
  const columns = task.predictions.map(({ precision, probabilities }): Column => {
    const sample = {
      truths,
      probabilities: Float32Array.from(films, (film) => probabilities[film]?.[index] ?? Number.NaN),
    };
    const ranked = new RankedSample(sample);
    return { precision, sample, ranked, auc: ranked.auc(), resampled: [] };
  });
  return { ...label, films, columns };
}

function resampleAll(labels: readonly LabelColumns[], draws: Resamples): void {
  for (const weights of draws.weights()) {
    for (const { films, columns } of labels) {
      const ofLabel = Uint32Array.from(films, (film) => weights[film] as number);
      for (const { ranked, resampled } of columns) resampled.push(ranked.auc(ofLabel));
    }
  }
}

function evaluateLabel(task: AssessmentTask, label: LabelColumns, index: number, chosenOn: Precision): LabelEvaluation {
  const { rule } = task;
  const chosen = new Map(
    label.columns.map(({ precision, ranked }) => [
      precision,
      rule.kind === 'kept' ? label.threshold : chooseThreshold(ranked, rule),
    ]),
  );
  const threshold = chosen.get(chosenOn) ?? label.threshold;
  const results = label.columns.map(({ precision, sample, ranked, auc, resampled }): [Precision, PrecisionResult] => {
    const reliability = reliabilityCurve(sample);
    const own = chosen.get(precision) ?? null;
    return [
      precision,
      {
        auc: estimate(auc, resampled),
        calibrationError: expectedCalibrationError(reliability),
        reliability,
        ...rocCorners(ranked),
        inForce: operatingPointAt(sample, threshold),
        chosen: own === null ? null : operatingPointAt(sample, own),
      },
    ];
  });
  return {
    label: label.name,
    films: label.films.length,
    positives: label.columns[0]?.ranked.positives ?? 0,
    threshold,
    results: Object.fromEntries(results),
    agreement: labelAgreement(task, label, index, threshold),
  };
}

function labelAgreement(
  { predictions }: AssessmentTask,
  { columns }: LabelColumns,
  index: number,
  threshold: number,
): Agreement | null {
  const pair = bothOf(columns);
  const fp32 = predictions.find(({ precision }) => precision === 'FP32')?.probabilities;
  const int8 = predictions.find(({ precision }) => precision === 'INT8')?.probabilities;
  if (pair === null || fp32 === undefined || int8 === undefined) return null;
  let sum = 0;
  let largest = 0;
  let flips = 0;
  fp32.forEach((probabilities, film) => {
    const before = probabilities[index] as number;
    const after = int8[film]?.[index] as number;
    const difference = Math.abs(after - before);
    sum += difference;
    largest = Math.max(largest, difference);
    if (before >= threshold !== after >= threshold) flips++;
  });
  const resampled = pair.fp32.resampled.map((auc, resample) => auc - (pair.int8.resampled[resample] as number));
  return {
    drop: estimate(pair.fp32.auc - pair.int8.auc, resampled),
    meanDifference: fp32.length === 0 ? 0 : sum / fp32.length,
    maxDifference: largest,
    flips,
  };
}

function overallAgreement(all: readonly LabelColumns[], labels: readonly LabelEvaluation[]): Agreement | null {
  const agreements = labels.flatMap(({ agreement }) => (agreement === null ? [] : [agreement]));
  if (agreements.length === 0) return null;
  const fp32 = meanOver(all, 'FP32');
  const int8 = meanOver(all, 'INT8');
  return {
    drop: estimate(
      fp32.value - int8.value,
      fp32.resampled.map((mean, resample) => mean - (int8.resampled[resample] as number)),
    ),
    meanDifference: agreements.reduce((sum, { meanDifference }) => sum + meanDifference, 0) / agreements.length,
    maxDifference: Math.max(...agreements.map(({ maxDifference }) => maxDifference)),
    flips: agreements.reduce((sum, { flips }) => sum + flips, 0),
  };
}

/**
 * Mean AUC over the labels that have films of both kinds, and that of every resample. A resample without a positive film
 * of some rare label has the mean of the others.
 */
function meanOver(labels: readonly LabelColumns[], precision: Precision): { value: number; resampled: number[] } {
  const columns = labels.flatMap((label) => label.columns.filter((column) => column.precision === precision));
  const defined = columns.filter(({ auc }) => !Number.isNaN(auc));
  const resampled = (columns[0]?.resampled ?? []).map((_, resample) =>
    mean(defined.map((column) => column.resampled[resample] as number).filter((auc) => !Number.isNaN(auc))),
  );
  return { value: mean(defined.map(({ auc }) => auc)), resampled };
}

function bothOf(columns: readonly Column[]): { fp32: Column; int8: Column } | null {
  const fp32 = columns.find(({ precision }) => precision === 'FP32');
  const int8 = columns.find(({ precision }) => precision === 'INT8');
  return fp32 === undefined || int8 === undefined ? null : { fp32, int8 };
}

/** The curve without the points that lie on a line between their neighbours. */
function rocCorners(ranked: RankedSample): Required<Pick<PrecisionResult, 'roc' | 'rocThresholds'>> {
  const { positives, negatives } = ranked;
  if (positives === 0 || negatives === 0) return { roc: [], rocThresholds: [] };
  const curve = ranked.curve();
  const corners = [...curve.entries()].filter(([index, point]) => {
    const before = curve[index - 1];
    const after = curve[index + 1];
    if (before === undefined || after === undefined) return true;
    const turn =
      (point.truePositives - before.truePositives) * (after.falsePositives - point.falsePositives) -
      (after.truePositives - point.truePositives) * (point.falsePositives - before.falsePositives);
    return turn !== 0;
  });
  return {
    roc: corners.map(([, point]) => [rate(point.falsePositives, negatives), rate(point.truePositives, positives)]),
    rocThresholds: corners.map(([index]) => thresholdAt(curve, index)),
  };
}

/** With five digits: the curve is drawn, not computed with. */
function rate(part: number, whole: number): number {
  return Number((part / whole).toFixed(5));
}

function estimate(value: number, resampled: readonly number[]): Estimate {
  if (Number.isNaN(value)) return { value: null, interval: null };
  const interval: Interval | null = percentileInterval(resampled);
  return { value, interval };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}
