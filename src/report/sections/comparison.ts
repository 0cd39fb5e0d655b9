/** The version beside the one in use, over the films that both have read. */
import type { Summary } from '../../statistics/agreement.ts';
import type { Comparison, LabelComparison } from '../../store/reads/comparison.ts';
import { count, figure, labelText, NONE, withInterval } from '../format.ts';
import { type Html, html, type Part } from '../html.ts';
import { MOST_LISTED_LABELS } from '../manifest-parts.ts';
import { empty, figureOf, type Section, table, together, warning } from '../parts.ts';
import { intervalPlot } from '../plots/interval-plot.ts';
import type { ComparedAs, ComparedVersions, ReportData, VersionName } from '../report-data.ts';

const BESIDE: Readonly<Record<ComparedAs, string>> = {
  ACTIVE: 'beside the active version',
  CANARY: 'beside the canary',
  SHADOW: 'beside a shadow version',
  ACTIVE_BEFORE: 'beside the version that was active before',
};

/** Agreement, scores and times, pair by pair. */
export function comparisonSection({ comparisons, version }: ReportData): Section {
  const nothing =
    version.state === 'ACTIVE'
      ? 'There is no canary, no shadow, and no version was active before this one: there is nothing to compare it with.'
      : 'No other version is active: there is nothing to compare this one with.';
  const content =
    comparisons.length === 0
      ? empty(nothing)
      : [
          html`<p>Over films that both versions have read, by when the version that is named first was asked to. <i>A</i> is the version named first. Whether a finding is positive is as it was stored, by the thresholds of that time.</p>`,
          comparisons.map(oneComparison),
        ];
  const section = { id: 'comparison', title: 'Comparison with other versions', content };
  return comparisons.length === 0 ? { ...section, flows: true } : section;
}

function oneComparison({ as, a, b, comparison }: ComparedVersions, index: number): Part {
  const { films, truncated } = comparison;
  const labels = comparison.labels.slice(0, MOST_LISTED_LABELS);
  const head = html`<h3>${textOf(a)} (A) and ${textOf(b)} (B): ${BESIDE[as]}</h3>`;
  if (films === 0) return [head, empty('No film of the period was read by both.')];
  return [
    head,
    html`<p>${count(films)} films read by both.</p>`,
    truncated ? warning('There are more: the newest were compared.') : null,
    labels.length === 0
      ? empty('The versions have no label in common.')
      : [plotOf(labels, index), tablesOf(labels).map(together)],
    latencies(comparison, a, b),
  ];
}

const textOf = ({ name, version }: VersionName): string => `${name} ${version}`;

function plotOf(labels: readonly LabelComparison[], index: number): Part {
  const worst = Math.min(...labels.map(({ agreement }) => agreement.low ?? 1));
  const reach = Math.max(
    0.01,
    ...labels.flatMap(({ meanDifference: { value, low, high } }) =>
      [value, low, high].map((each) => Math.abs(each ?? 0)),
    ),
  );
  const end = Math.ceil(reach * 100) / 100;
  const plot = intervalPlot({
    id: `comparison-${index}`,
    title: 'Agreement, and mean difference of the probabilities, by label',
    description: `${labels.length} labels with 95 % confidence intervals; the tables below have the numbers.`,
    panels: [
      { name: 'Agreement', domain: [Math.min(0.9, Math.floor(worst * 10) / 10), 1] },
      { name: 'Mean difference, B less A', domain: [-end, end], reference: 0 },
    ],
    rows: labels.map(({ label, agreement, meanDifference }) => ({
      name: labelText(label),
      marks: [
        { ...agreement, note: `${figure(agreement.value, 3)} (${agreement.successes}/${agreement.trials})` },
        { ...meanDifference, note: figure(meanDifference.value, 4) },
      ],
    })),
  });
  const caption = html`<b>Agreement of A and B by label</b>: share of films on the same side of the threshold (Wilson), and mean difference of the probabilities (normal), with 95 % confidence intervals.`;
  return figureOf(plot, caption);
}

function tablesOf(labels: readonly LabelComparison[]): readonly Html[] {
  return [
    table(
      'Agreement by label',
      [
        { name: 'Label' },
        { name: 'Agreement (95 % interval)', kind: 'n' },
        { name: 'Became positive', kind: 'n' },
        { name: 'Became negative', kind: 'n' },
        { name: 'Kappa', kind: 'n' },
      ],
      labels.map((each) => [
        labelText(each.label),
        withInterval(each.agreement.value, each.agreement.low, each.agreement.high, 3),
        each.becamePositive,
        each.becameNegative,
        figure(each.kappa, 2),
      ]),
    ),
    table(
      'Probabilities by label: median (5th to 95th percentile)',
      [
        { name: 'Label' },
        { name: 'A', kind: 'n' },
        { name: 'B', kind: 'n' },
        { name: 'Mean of B less A (95 % interval)', kind: 'n' },
        { name: 'Largest difference', kind: 'n' },
      ],
      labels.map(({ label, scoresOfA, scoresOfB, meanDifference: { value, low, high }, largestDifference }) => [
        labelText(label),
        summary(scoresOfA, 3),
        summary(scoresOfB, 3),
        withInterval(value, low, high, 4),
        figure(largestDifference),
      ]),
    ),
  ];
}

function latencies({ latencyOfA, latencyOfB }: Comparison, a: VersionName, b: VersionName): Part {
  return table(
    'Milliseconds a reading: median (5th to 95th percentile)',
    [{ name: 'Version' }, { name: 'Model alone', kind: 'n' }, { name: 'From claim to findings', kind: 'n' }],
    [
      [`A, ${textOf(a)}`, summary(latencyOfA.inferenceMs, 0), summary(latencyOfA.totalMs, 0)],
      [`B, ${textOf(b)}`, summary(latencyOfB.inferenceMs, 0), summary(latencyOfB.totalMs, 0)],
    ],
  );
}

function summary({ median, low, high }: Summary, digits: number): string {
  return median === null ? NONE : withInterval(median, low, high, digits);
}
