/** What clinicians say of the findings: how often the version was right. No reviewer, comment or patient is named. */
import type {
  LabelPerformance,
  Performance,
  PerformanceGroup,
  PerformanceGrouping,
} from '../../store/reads/performance.ts';
import { count, figure, labelText, share } from '../format.ts';
import { type Html, html, type Part } from '../html.ts';
import { MOST_LISTED_LABELS } from '../manifest-parts.ts';
import { empty, figureOf, type Section, table } from '../parts.ts';
import { type IntervalMark, type IntervalRow, intervalPlot } from '../plots/interval-plot.ts';
import type { ReportData } from '../report-data.ts';

type Grouping = Exclude<PerformanceGrouping, 'NONE'>;

const NAMES: Readonly<Record<Grouping, string>> = {
  SITE: 'site (assigning authority)',
  VIEW: 'view position',
  SEX: 'sex',
  AGE_BAND: 'age at the study',
};

/** Groups that are shown, those with the most reviewed findings. */
const MOST_GROUPS = 8;

/** Rows of one plot: what fits a page. */
const MOST_ROWS = 56;

/** Labels that are shown by group: those with the most reviewed findings. */
const MOST_LABELS_BY_GROUP = 30;

/** Figures over all reviewed films, then by site, view, sex and age. */
export function reviewsSection({ performance }: ReportData): Section {
  const labels = (performance.NONE.groups[0]?.labels ?? []).slice(0, MOST_LISTED_LABELS);
  const section = { id: 'reviews', title: 'Were they right: reviews by clinicians' };
  if (labels.length === 0) return { ...section, flows: true, content: nothing(performance.NONE) };
  return { ...section, content: [overall(labels), otherMissed(performance.NONE), byGroup(performance)] };
}

function nothing(performance: Performance): Part {
  return [empty('No finding of the period has been reviewed.'), otherMissed(performance)];
}

function otherMissed({ otherMissed: missed }: Performance): Part {
  if (missed === 0) return null;
  return html`<p>${count(missed)} findings were reported as missed that the version has no label for; they are in none of the figures.</p>`;
}

function overall(labels: readonly LabelPerformance[]): Part {
  const reviewed = labels.reduce((sum, each) => sum + reviewedOf(each), 0);
  return [
    html`<p>${count(reviewed)} reviewed findings of the period. Of each reviewer the newest verdict counts, and of several reviewers what most say. Reviewed films are no random sample, and reviewers see the model's answer first: sensitivity comes out too high where positive findings are reviewed more often.</p>`,
    figureOf(
      forest(
        'reviews-all',
        'Sensitivity and specificity by label',
        labels.map((each) => row(labelText(each.label), each)),
      ),
      html`<b>Sensitivity and specificity by label</b>, over all reviewed findings: value and 95 % Wilson interval, right ones of all in parentheses.`,
    ),
    table(
      'Reviewed findings by label: counts, and proportions with 95 % Wilson intervals',
      [
        { name: 'Label' },
        { name: 'TP', kind: 'n' },
        { name: 'FP', kind: 'n' },
        { name: 'TN', kind: 'n' },
        { name: 'FN', kind: 'n' },
        { name: 'Not assessable', kind: 'n' },
        { name: 'Agreement', kind: 'n' },
        { name: 'Positive predictive value', kind: 'n' },
      ],
      labels.map((each) => [
        labelText(each.label),
        each.truePositives,
        each.falsePositives,
        each.trueNegatives,
        each.falseNegatives,
        each.notAssessable,
        share(each.agreement),
        share(each.positivePredictiveValue),
      ]),
    ),
    html`<p class="quiet">TP, FP: positive and agreed, or not. TN, FN: negative and agreed, or not (missed findings are among these). Not assessable: by verdict, or because reviewers are divided.</p>`,
  ];
}

function byGroup(performance: ReportData['performance']): Part {
  return (Object.keys(NAMES) as Grouping[]).map((grouping) => {
    const { groups } = performance[grouping];
    const shown = largest(groups);
    const head = html`<h3>By ${NAMES[grouping]}</h3>`;
    const only = shown.length === 1 ? shown[0] : undefined;
    if (only !== undefined) {
      return [head, empty(`All reviewed findings are of one group: ${groupText(only)}. Its figures are those above.`)];
    }
    return [
      head,
      groups.length > shown.length
        ? html`<p>The ${shown.length} of ${groups.length} groups with the most reviewed findings.</p>`
        : null,
      plotsOf(grouping, shown),
    ];
  });
}

/** A row a label and group, in plots that fit a page; a label's rows stay together. */
function plotsOf(grouping: Grouping, groups: readonly PerformanceGroup[]): readonly Html[] {
  const labels = [...new Set(groups.flatMap((group) => group.labels.map(({ label }) => label)))].sort();
  const blocks = mostReviewed(labels, groups).map((label): IntervalRow[] => [
    { name: labelText(label), marks: [] },
    ...groups.flatMap((group) => {
      const found = group.labels.find((each) => each.label === label);
      return found === undefined ? [] : [row(groupText(group), found)];
    }),
  ]);
  const all = blocks.flat().length;
  const most = Math.ceil(all / Math.ceil(all / MOST_ROWS)) + groups.length;
  const plots: IntervalRow[][] = [];
  for (const block of blocks) {
    const last = plots.at(-1);
    if (last === undefined || last.length + block.length > Math.min(most, MOST_ROWS)) plots.push([...block]);
    else last.push(...block);
  }
  return plots.map((rows, index) => {
    const part = plots.length === 1 ? '' : `, part ${index + 1} of ${plots.length}`;
    const title = `Sensitivity and specificity by label and ${NAMES[grouping]}${part}`;
    return figureOf(
      forest(`reviews-${grouping.toLowerCase()}-${index}`, title, rows),
      html`<b>${title}</b>: value and 95 % Wilson interval, right ones of all in parentheses.`,
    );
  });
}

/** By name. */
function mostReviewed(labels: readonly string[], groups: readonly PerformanceGroup[]): readonly string[] {
  const all = Map.groupBy(
    groups.flatMap((group) => group.labels),
    ({ label }) => label,
  );
  const reviewed = (label: string) => (all.get(label) ?? []).reduce((sum, each) => sum + reviewedOf(each), 0);
  return [...labels]
    .sort((a, b) => reviewed(b) - reviewed(a))
    .slice(0, MOST_LABELS_BY_GROUP)
    .sort();
}

function largest(groups: readonly PerformanceGroup[]): readonly PerformanceGroup[] {
  const reviewed = (group: PerformanceGroup) => group.labels.reduce((sum, each) => sum + reviewedOf(each), 0);
  const kept = new Set([...groups].sort((a, b) => reviewed(b) - reviewed(a)).slice(0, MOST_GROUPS));
  return groups.filter((group) => kept.has(group));
}

const groupText = ({ group }: PerformanceGroup): string => group ?? 'not recorded';

function reviewedOf(each: LabelPerformance): number {
  return each.truePositives + each.falsePositives + each.trueNegatives + each.falseNegatives + each.notAssessable;
}

function forest(id: string, title: string, rows: readonly IntervalRow[]): Html {
  return intervalPlot({
    id,
    title,
    description: 'Values with 95 % Wilson intervals between 0 and 1; the numbers stand beside each mark.',
    panels: [
      { name: 'Sensitivity', domain: [0, 1] },
      { name: 'Specificity', domain: [0, 1] },
    ],
    rows,
    noteWidth: 76,
  });
}

function row(name: string, { sensitivity, specificity }: LabelPerformance): IntervalRow {
  const mark = (each: LabelPerformance['sensitivity']): IntervalMark => ({
    ...each,
    note: each.value === null ? 'no such findings' : `${figure(each.value, 2)} (${each.successes}/${each.trials})`,
  });
  return { name, marks: [mark(sensitivity), mark(specificity)] };
}
