/** The two pictures of an evaluation: ROC curves and reliability, every label, FP32 beside INT8. */
import type { Estimate, Evaluation, LabelEvaluation, Precision } from '../evaluation.ts';
import { drawFigure, type Panel, type Series } from './panels.ts';

/** FP32 broad and pale under INT8 narrow and dark: where they agree, both are still seen. */
const STYLES: readonly { readonly precision: Precision; readonly colour: string; readonly width: number }[] = [
  { precision: 'FP32', colour: '#7fb2e5', width: 4.5 },
  { precision: 'INT8', colour: '#b3261e', width: 1.5 },
];

/** Text in the colour of a pale line is hard to read. */
const NOTE_COLOURS: Readonly<Record<Precision, string>> = { FP32: '#2f6fae', INT8: '#b3261e' };

/** Ends that the axes of a reliability panel may have. */
const LIMITS = [0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 1];

const MARKERS: Readonly<Record<Precision, number>> = { FP32: 4, INT8: 2.2 };
const RELIABILITY_WIDTHS: Readonly<Record<Precision, number>> = { FP32: 2.6, INT8: 1 };

/** ROC curves as SVG. */
export function drawRoc(evaluation: Evaluation): string {
  const means = stylesOf(evaluation).map(
    ({ precision }) => `${precision} ${estimateText(evaluation.meanAuc[precision])}`,
  );
  return drawFigure({
    title: `${nameOf(evaluation)}: receiver operating characteristic`,
    subtitles: [sampleText(evaluation), `Mean AUC ${means.join(', ')}. In brackets: 95 % confidence intervals.`],
    axes: 'linear',
    xAxis: '1 - specificity',
    yAxis: 'sensitivity',
    legend: legendOf(evaluation),
    diagonal: 'chance',
    panels: evaluation.labels.map((label) => ({
      title: titleOf(label),
      notes: notesOf(evaluation, (precision) => `AUC ${estimateText(label.results[precision]?.auc)}`),
      limit: 1,
      series: stylesOf(evaluation).map(
        ({ precision, colour, width }): Series => ({
          colour,
          width,
          marker: 0,
          points: label.results[precision]?.roc ?? [],
        }),
      ),
    })),
  });
}

/** Reliability curves as SVG. Axes end where the label's probabilities do. */
export function drawReliability(evaluation: Evaluation): string {
  return drawFigure({
    title: `${nameOf(evaluation)}: reliability`,
    subtitles: [
      sampleText(evaluation),
      'Bins of equally many films. ECE: expected calibration error. Square-root axes, which end where the label does.',
    ],
    axes: 'square-root',
    xAxis: 'mean probability',
    yAxis: 'share of films with the label',
    legend: legendOf(evaluation),
    diagonal: 'probability = share',
    panels: evaluation.labels.map((label) => reliabilityPanel(evaluation, label)),
  });
}

function reliabilityPanel(evaluation: Evaluation, label: LabelEvaluation): Panel {
  const styles = stylesOf(evaluation);
  const series = styles.map(
    ({ precision, colour }): Series => ({
      colour,
      width: RELIABILITY_WIDTHS[precision],
      marker: MARKERS[precision],
      points: (label.results[precision]?.reliability ?? []).map((bin) => [bin.probability, bin.frequency]),
    }),
  );
  const largest = Math.max(0, ...series.flatMap(({ points }) => points.flat()));
  return {
    title: titleOf(label),
    notes: notesOf(evaluation, (precision) => `ECE ${(label.results[precision]?.calibrationError ?? 0).toFixed(3)}`),
    limit: LIMITS.find((limit) => limit >= largest) ?? 1,
    series,
  };
}

function stylesOf({ digests }: Evaluation): typeof STYLES {
  return STYLES.filter(({ precision }) => digests[precision] !== undefined);
}

function legendOf(evaluation: Evaluation): { name: string; colour: string; width: number }[] {
  return stylesOf(evaluation).map(({ precision, colour, width }) => ({ name: precision, colour, width }));
}

function notesOf(
  evaluation: Evaluation,
  figures: (precision: Precision) => string,
): { colour: string; text: string }[] {
  return stylesOf(evaluation).map(({ precision }) => ({
    colour: NOTE_COLOURS[precision],
    text: `${precision}  ${figures(precision)}`,
  }));
}

function nameOf({ model }: Evaluation): string {
  return `${model.name} ${model.version}`;
}

function sampleText({ films, patients, dataSet }: Evaluation): string {
  return `${dataSet}: ${films} films${patients === null ? '' : ` of ${patients} patients`}.`;
}

function titleOf({ label, films, positives }: LabelEvaluation): string {
  return `${label.replaceAll('_', ' ')}  (${positives} of ${films})`;
}

function estimateText(estimate: Estimate | undefined): string {
  if (estimate === undefined || estimate.value === null) return 'not defined';
  const { value, interval } = estimate;
  return interval === null
    ? value.toFixed(3)
    : `${value.toFixed(3)} (${interval.low.toFixed(3)} to ${interval.high.toFixed(3)})`;
}
