/** An evaluation as text of MODEL_CARD.md. */
import { table } from '../model-card/markdown.ts';
import {
  type Estimate,
  type Evaluation,
  type LabelEvaluation,
  type Precision,
  RELIABILITY_FILE,
  ROC_FILE,
} from './evaluation.ts';

/** Lines of the section Evaluation, without its heading. */
export function evaluationLines(evaluation: Evaluation): string[] {
  const { films, patients, dataSet, digests, resamples, preprocessing, notRead, agreement } = evaluation;
  const precisions = (['FP32', 'INT8'] as const).filter((precision) => digests[precision] !== undefined);
  const of = patients === null ? '' : ` of ${patients} patients`;
  const drawn = patients === null ? 'films' : 'patients';
  const means = precisions.map((precision) => `${precision} **${estimateText(evaluation.meanAuc[precision])}**`);
  return [
    `On ${dataSet}: ${films} films${of}, preprocessing \`${preprocessing}\`. In brackets 95 % confidence intervals ` +
      `(${resamples} bootstrap resamples of ${drawn}). Mean AUC: ${means.join(', ')}.`,
    '',
    ...(agreement === null ? [] : agreementText(evaluation)),
    ...aucTable(evaluation, precisions),
    '',
    thresholdText(evaluation),
    '',
    ...thresholdTable(evaluation, precisions),
    '',
    `![ROC curves](${ROC_FILE})`,
    '',
    `![Reliability curves](${RELIABILITY_FILE})`,
    '',
    ...precisions.map((precision) => `- ${precision}: SHA-256 \`${digests[precision]}\``),
    ...(notRead.length === 0 ? [] : [`- ${notRead.length} film(s) could not be read and do not count.`]),
  ];
}

function agreementText({ agreement, labels, films }: Evaluation): string[] {
  if (agreement === null) return [];
  const largest = labels.reduce<LabelEvaluation | null>(
    (worst, label) => (dropOf(label) > (worst === null ? Number.NEGATIVE_INFINITY : dropOf(worst)) ? label : worst),
    null,
  );
  const worst =
    largest === null
      ? ''
      : ` largest drop of a label ${signed(dropOf(largest))} (${largest.label.replaceAll('_', ' ')}),`;
  return [
    `INT8 beside FP32: drop of the mean AUC ${estimateText(agreement.drop, signed)},${worst} probabilities differ by ` +
      `${agreement.meanDifference.toFixed(4)} in the mean and ${agreement.maxDifference.toFixed(4)} at most, and ` +
      `${agreement.flips} of the ${labels.length * films} decisions (labels x films) differ.`,
    '',
  ];
}

function aucTable({ labels }: Evaluation, precisions: readonly Precision[]): string[] {
  const both = precisions.length === 2;
  const header = [
    'Label',
    'Positive films',
    ...precisions.map((precision) => `AUC ${precision}`),
    ...(both ? ['Drop', 'Mean \\|dp\\|', 'Largest \\|dp\\|', 'Flips'] : []),
    ...precisions.map((precision) => `ECE ${precision}`),
  ];
  return table(
    header,
    labels.map(({ label, films, positives, results, agreement }) => [
      label.replaceAll('_', ' '),
      `${positives} of ${films}`,
      ...precisions.map((precision) => estimateText(results[precision]?.auc)),
      ...(agreement === null
        ? []
        : [
            estimateText(agreement.drop, signed),
            agreement.meanDifference.toFixed(4),
            agreement.maxDifference.toFixed(4),
            String(agreement.flips),
          ]),
      ...precisions.map((precision) => (results[precision]?.calibrationError ?? 0).toFixed(3)),
    ]),
  );
}

function thresholdText({ rule, chosenOn }: Evaluation): string {
  const optimistic = 'Chosen and measured on the same films, so sensitivity and specificity are optimistic.';
  if (rule.kind === 'kept') return 'Thresholds as they were before this evaluation:';
  if (rule.kind === 'youden') return `Thresholds with the largest Youden's J, on ${chosenOn}. ${optimistic}`;
  return `The highest thresholds with a sensitivity of at least ${percent(rule.target)}, on ${chosenOn}. ${optimistic}`;
}

function thresholdTable({ labels }: Evaluation, precisions: readonly Precision[]): string[] {
  const header = [
    'Label',
    'Threshold',
    ...precisions.flatMap((precision) => [`Sensitivity ${precision}`, `Specificity ${precision}`]),
  ];
  return table(
    header,
    labels.map(({ label, threshold, results }) => [
      label.replaceAll('_', ' '),
      String(Number(threshold.toPrecision(4))),
      ...precisions.flatMap((precision) => {
        const point = results[precision]?.inForce;
        return [percent(point?.sensitivity ?? null), percent(point?.specificity ?? null)];
      }),
    ]),
  );
}

function dropOf({ agreement }: LabelEvaluation): number {
  return agreement?.drop.value ?? Number.NEGATIVE_INFINITY;
}

function estimateText(estimate: Estimate | undefined, write = (value: number) => value.toFixed(3)): string {
  if (estimate === undefined || estimate.value === null) return '-';
  const { value, interval } = estimate;
  return interval === null ? write(value) : `${write(value)} (${write(interval.low)} to ${write(interval.high)})`;
}

function signed(value: number): string {
  const text = value.toFixed(4);
  return value > 0 ? `+${text}` : text;
}

function percent(share: number | null): string {
  return share === null ? '-' : `${Math.round(share * 1000) / 10} %`;
}
