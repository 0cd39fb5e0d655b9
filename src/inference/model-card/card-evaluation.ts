/** The sections of a card with figures. */
import { evaluationLines } from '../evaluate/card.ts';
import type { Evaluation } from '../evaluate/evaluation.ts';
import type { ModelManifest } from '../manifest.ts';
import { cell, table } from './markdown.ts';
import { type ModelCard, numbered } from './model-card.ts';

type Metrics = ModelManifest['metrics'][number];

/** What 7 and 8 say of parts of the population. */
const SUBGROUP_KEYS = ['fairnessInternal', 'fairnessExternal', 'fairnessLocal'];

/**
 * The evaluation in full, then the metrics of the manifest that it does not cover.
 *
 * @param evaluation - of this version and these bytes; null: none
 */
export function evaluationSection({ metrics, precision }: ModelManifest, evaluation: Evaluation | null): string[] {
  const others = metrics.filter(({ dataSet }) => dataSet !== evaluation?.dataSet);
  if (evaluation === null && others.length === 0) {
    return [
      '**It was not evaluated.** Measure it with `cxr-gateway model evaluate` on films of its place of use before anyone relies on it.',
    ];
  }
  return [
    ...(evaluation === null ? [] : [evaluationLines(evaluation).join('\n')]),
    ...others.map((entry) => metricsBlock(entry, entry.precision ?? precision)),
  ];
}

/** Says where figures of subgroups are, or that there are none. */
export function subgroupsSection({ headings }: ModelCard): string[] {
  const attributes = headings.flatMap(({ attributes }) => attributes).filter(({ key }) => SUBGROUP_KEYS.includes(key));
  const stated = attributes.filter(({ value }) => value !== null);
  const numbers = attributes.map(({ number }) => number).join(', ');
  return [
    stated.length === 0
      ? `No figures by sex, age, origin or any other subgroup are stated (${numbers} are missing).`
      : `Figures of subgroups: ${stated.map(numbered).join('; ')}.`,
    'What reviews of its findings say in this house, by site, view, sex and age band, is answered by the query `modelPerformance`.',
  ];
}

function metricsBlock(
  { mean, films, dataSet, measuredThrough, intervals, ...entry }: Metrics,
  precision: string,
): string {
  const rows = Object.entries(entry.perLabel).map(([label, auc]) => [
    label.replaceAll('_', ' '),
    auc.toFixed(3) + bounds(intervals?.perLabel[label]),
    entry.calibrationError?.[label]?.toFixed(3) ?? '-',
  ]);
  return [
    `On ${cell(dataSet)}: ${films} films, ${precision}, measured through ${cell(measuredThrough)}.${intervals === undefined ? '' : ' In brackets 95 % confidence intervals.'}`,
    '',
    ...table(['Label', 'AUC', 'ECE'], [...rows, ['**mean**', `**${mean.toFixed(3)}**${bounds(intervals?.mean)}`, '-']]),
  ].join('\n');
}

function bounds(interval: readonly [number, number] | null | undefined): string {
  return interval === null || interval === undefined ? '' : ` (${interval[0].toFixed(3)} to ${interval[1].toFixed(3)})`;
}
