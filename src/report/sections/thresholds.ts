/** What counts as positive, and since when, by whom, why. */
import type { ThresholdSetRow } from '../../store/reads/tables.ts';
import { thresholdsOf } from '../../store/threshold-sets.ts';
import { cut, exact, labelText, moment, NONE, personText } from '../format.ts';
import { html, type Part } from '../html.ts';
import { MOST_LISTED_LABELS } from '../manifest-parts.ts';
import { empty, type Section, table, together, words } from '../parts.ts';
import type { ReportData } from '../report-data.ts';

/** Sets side by side: more would not fit the page. */
const MOST_SIDE_BY_SIDE = 6;

/** That of the first set is a text of the manifest. */
const LONGEST_METHOD = 1000;

/** Every set with its reason, and the newest of them side by side. */
export function thresholdsSection({ thresholdSets: { rows, more }, manifest }: ReportData): Section {
  if (rows.length === 0) {
    return { ...TITLE, content: empty('No set of thresholds is recorded.') };
  }
  const shown = rows.slice(0, MOST_SIDE_BY_SIDE).reverse();
  const recorded = shown.flatMap((set) => Object.keys(thresholdsOf(set)));
  const labels = [...new Set([...manifest.labels, ...recorded])].slice(0, MOST_LISTED_LABELS);
  const content = [
    html`<p>A set holds for readings that are claimed after it was made. Findings keep the threshold by which they were judged; sets are never changed or removed.</p>`,
    table(
      'Sets, newest first; the first is in force',
      [
        { name: 'Set', kind: 'number' },
        { name: 'Time', kind: 'when' },
        { name: 'By', kind: 'who' },
        { name: 'Method', kind: 'what' },
        { name: 'Reason' },
      ],
      rows.map((set) => [
        set.version,
        moment(set.createdAt),
        personText(set.createdByName, set.createdBy),
        words(cut(set.method, LONGEST_METHOD)),
        words(set.reason),
      ]),
    ),
    more ? html`<p class="quiet">There are more sets; these are the ${rows.length} newest.</p>` : null,
    together(
      table(
        'Least probability that counts as positive; changes from the set before are marked by *',
        [{ name: 'Label' }, ...shown.map(({ version }) => ({ name: `Set ${version}`, kind: 'n' as const }))],
        labels.map((label) => [labelText(label), ...shown.map((set, index) => cell(label, set, shown[index - 1]))]),
      ),
    ),
    rows.length > MOST_SIDE_BY_SIDE
      ? html`<p class="quiet">The ${MOST_SIDE_BY_SIDE} newest sets; <code>modelVersion { thresholdSets }</code> has them all.</p>`
      : null,
  ];
  return { ...TITLE, content };
}

const TITLE = { id: 'thresholds', title: 'Thresholds', flows: true } as const;

function cell(label: string, set: ThresholdSetRow, before: ThresholdSetRow | undefined): Part {
  const value = thresholdsOf(set)[label];
  if (value === undefined) return NONE;
  const changed = before !== undefined && thresholdsOf(before)[label] !== value;
  return changed ? html`<b>${exact(value)}*</b>` : exact(value);
}
