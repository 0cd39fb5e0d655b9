/** How well the version read test films, as its manifest says. */
import { figure, labelText, NONE, withInterval } from '../format.ts';
import { type Html, html, type Part } from '../html.ts';
import { type Metric, MOST_LISTED_LABELS } from '../manifest-parts.ts';
import { digest, empty, facts, figureOf, type Section, table, together, words } from '../parts.ts';
import { intervalPlot } from '../plots/interval-plot.ts';
import type { ReportData } from '../report-data.ts';

/** Figures by label with 95 % confidence intervals, where the manifest has them. */
export function evaluationSection({ manifest }: ReportData): Section {
  const { metrics, moreMetrics } = manifest;
  const content: Part =
    metrics.length === 0
      ? empty('No evaluation is registered with this version.')
      : [
          html`<p>As registered with the version; measured once, on films of others, and not by this report.</p>`,
          metrics.map((metric, index) => together(evaluation(metric, index, manifest.labels))),
          moreMetrics
            ? html`<p class="quiet">There are more evaluations; these are the first of the manifest.</p>`
            : null,
          together(operatingPoints(manifest)),
        ];
  const section = { id: 'evaluation', title: 'Evaluation before use', content };
  return metrics.length === 0 ? { ...section, flows: true } : section;
}

function evaluation(metric: Metric, index: number, labels: readonly string[]): Part {
  const { perLabel = {}, intervals, calibrationError = {} } = metric;
  const measured = [...new Set([...labels, ...Object.keys(perLabel)])]
    .filter((label) => perLabel[label] !== undefined)
    .slice(0, MOST_LISTED_LABELS);
  const mean = intervals?.mean ?? null;
  const rows = measured.map((label) => {
    const [low = null, high = null] = intervals?.perLabel[label] ?? [];
    return { label, value: perLabel[label] ?? null, low, high };
  });
  return [
    html`<h3>${metric.measure} of ${metric.precision ?? 'the model'}</h3>`,
    facts([
      ['Films', [words(metric.dataSet ?? 'not told'), metric.films === undefined ? '' : ` (${metric.films} films)`]],
      ['Measured through', words(metric.measuredThrough ?? 'not told')],
      ['Mean over labels', withInterval(metric.mean, mean?.[0] ?? null, mean?.[1] ?? null, 3)],
      ['ONNX file measured', metric.sha256 === undefined ? 'not told' : digest(metric.sha256)],
    ]),
    rows.length === 0 ? empty('No figures by label are registered.') : plotOf(metric, index, rows),
    rows.length === 0
      ? null
      : table(
          `${metric.measure} by label with 95 % confidence interval`,
          [{ name: 'Label' }, { name: metric.measure, kind: 'n' }, { name: 'Calibration error', kind: 'n' }],
          rows.map(({ label, value, low, high }) => [
            labelText(label),
            withInterval(value, low, high, 3),
            figure(calibrationError[label]),
          ]),
        ),
  ];
}

interface Row {
  readonly label: string;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

function plotOf({ measure, precision, films }: Metric, index: number, rows: readonly Row[]): Html {
  const least = Math.min(...rows.map(({ value, low }) => low ?? value ?? 1));
  const plot = intervalPlot({
    id: `auc-${index}`,
    title: `${measure} by label`,
    description: `${rows.length} labels with 95 % confidence intervals; the table below has the numbers.`,
    panels: [{ name: measure, domain: [Math.min(0.4, Math.floor(least * 10) / 10), 1], reference: 0.5 }],
    rows: rows.map(({ label, value, low, high }) => ({
      name: labelText(label),
      marks: [{ value, low, high, note: withInterval(value, low, high) }],
    })),
    noteWidth: 104,
  });
  return figureOf(
    plot,
    html`<b>${measure} by label${precision === undefined ? '' : `, ${precision}`}</b>${films === undefined ? '' : `, ${films} films`}: value and 95 % confidence interval. Dashed: 0.5, that of chance.`,
  );
}

function operatingPoints({ thresholdsOrigin, labels }: ReportData['manifest']): Part {
  if (thresholdsOrigin === null) return null;
  const { method, dataSet, films, operatingPoints: points } = thresholdsOrigin;
  const known = labels.filter((label) => points[label] !== undefined);
  return [
    html`<h3>At the thresholds of the first set</h3>
<p>${words(method)} On ${films} films: ${words(dataSet)}.</p>`,
    known.length === 0
      ? empty('No sensitivity or specificity is registered.')
      : table(
          'Sensitivity and specificity on these films',
          [
            { name: 'Label' },
            { name: 'Films with it', kind: 'n' },
            { name: 'Sensitivity', kind: 'n' },
            { name: 'Specificity', kind: 'n' },
          ],
          known.map((label) => {
            const point = points[label];
            return [labelText(label), point?.positives ?? NONE, figure(point?.sensitivity), figure(point?.specificity)];
          }),
        ),
  ];
}
