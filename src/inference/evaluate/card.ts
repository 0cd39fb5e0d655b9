/** The evaluation as a section of MODEL_CARD.md, between markers; the rest of the card stays as people wrote it. */
import type { Estimate, Evaluation, LabelEvaluation, Precision } from './evaluation.ts';

/** First line of the section. */
const BEGIN = '<!-- evaluation: written by `cxr-gateway model evaluate`, which overwrites changes -->';
/** Last line of the section. */
const END = '<!-- end of evaluation -->';

/** Names of the pictures beside the card. */
export const ROC_FILE = 'roc.svg';
export const RELIABILITY_FILE = 'reliability.svg';

/** The card with the section in the place of the last one, or at its end. */
export function withEvaluation(card: string, evaluation: Evaluation): string {
  const section = [BEGIN, ...evaluationSection(evaluation), END].join('\n');
  const begin = card.indexOf(BEGIN);
  const end = card.indexOf(END, begin);
  if (begin >= 0 && end >= 0) return card.slice(0, begin) + section + card.slice(end + END.length);
  return `${card.trimEnd()}\n\n${section}\n`;
}

/** The card of a model version that has none yet. */
export function emptyCard({ model }: Evaluation): string {
  return `# ${model.name} ${model.version}\n`;
}

function evaluationSection(evaluation: Evaluation): string[] {
  const { films, patients, dataSet, digests, resamples, preprocessing, notRead, agreement } = evaluation;
  const precisions = (['FP32', 'INT8'] as const).filter((precision) => digests[precision] !== undefined);
  const of = patients === null ? '' : ` of ${patients} patients`;
  const drawn = patients === null ? 'films' : 'patients';
  const means = precisions.map((precision) => `${precision} **${estimateText(evaluation.meanAuc[precision])}**`);
  return [
    '## Evaluation',
    '',
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

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), `|${'---|'.repeat(header.length)}`, ...rows.map(line)];
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
