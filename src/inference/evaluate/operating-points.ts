/** Thresholds, and what a threshold does to the films. */
import type { LabelSample, RankedSample, RocPoint } from './roc.ts';

/** How thresholds are chosen. */
export type ThresholdRule =
  | { readonly kind: 'youden' }
  /** The highest threshold whose sensitivity is at least the target. */
  | { readonly kind: 'sensitivity'; readonly target: number };

/** A threshold with what it does: a probability >= threshold counts as positive. */
export interface OperatingPoint {
  readonly threshold: number;
  /** Null: no film with the label. */
  readonly sensitivity: number | null;
  /** Null: no film without it. */
  readonly specificity: number | null;
}

/** What a threshold does to the films of a sample. */
export function operatingPointAt({ probabilities, truths }: LabelSample, threshold: number): OperatingPoint {
  let truePositives = 0;
  let trueNegatives = 0;
  let positives = 0;
  truths.forEach((truth, film) => {
    const positive = (probabilities[film] as number) >= threshold;
    positives += truth;
    if (truth === 1 && positive) truePositives++;
    if (truth === 0 && !positive) trueNegatives++;
  });
  const negatives = truths.length - positives;
  return {
    threshold,
    sensitivity: positives === 0 ? null : truePositives / positives,
    specificity: negatives === 0 ? null : trueNegatives / negatives,
  };
}

/**
 * The threshold that a rule chooses on a sample, halfway between the neighbouring probabilities. By Youden's J (Cancer
 * 1950) the one with the largest sensitivity + specificity - 1, the more sensitive of equals.
 *
 * @returns 0 to 1; null without a positive or without a negative film
 */
export function chooseThreshold(sample: RankedSample, rule: ThresholdRule): number | null {
  const { positives, negatives } = sample;
  if (positives === 0 || negatives === 0) return null;
  const curve = sample.curve();
  const chosen =
    rule.kind === 'youden'
      ? indexOfLargest(curve, (point) => point.truePositives * negatives - point.falsePositives * positives)
      : curve.findIndex((point) => point.truePositives >= rule.target * positives - ROUNDING);
  return thresholdAt(curve, chosen);
}

/** A threshold that gives a point of a curve: halfway to the next lower probability, 0 to 1. */
export function thresholdAt(curve: readonly RocPoint[], index: number): number {
  const here = curve[index]?.threshold ?? 0;
  const below = curve[index + 1]?.threshold ?? 0;
  return between(below, Math.min(1, here));
}

/** 0.9 of 10 films is 9 of them, though 0.9 * 10 may be a hair more in floating point. */
const ROUNDING = 1e-9;

function indexOfLargest(curve: readonly RocPoint[], measure: (point: RocPoint) => number): number {
  let largest = 0;
  curve.forEach((point, index) => {
    if (measure(point) >= measure(curve[largest] as RocPoint)) largest = index;
  });
  return largest;
}

/** Halfway, with six digits where these still lie between the two. */
function between(below: number, above: number): number {
  const middle = (below + above) / 2;
  const short = Number(middle.toPrecision(6));
  return short > below && short <= above ? short : middle;
}
