/** How far scores and films have moved from those of the evaluation, day by day. */
import { DRIFT_P_VALUE } from '../../drift-watch.ts';
import type { DriftDay } from '../../store/reads/drift.ts';
import { count, cut, day, exact, figure, labelText } from '../format.ts';
import { html, type Part } from '../html.ts';
import { empty, figureOf, type Section, table, together, warning, words } from '../parts.ts';
import { type Days, dayBars, dayPlots } from '../plots/day-plots.ts';
import type { DriftPart, ReportData } from '../report-data.ts';

/** Small plots: some three pages. */
const MOST_MEASURES = 60;

/** A manifest may have it in any length. */
const LONGEST_DATA_SET = 1000;

/** Small plots of one figure: what fits a page. */
const PANELS_OF_A_FIGURE = 28;

/** Films and stability indices by day, and the alerts. */
export function driftSection({ drift, making }: ReportData): Section {
  const { days } = drift;
  const range = {
    first: startOfDay(making.period.from),
    last: startOfDay(new Date(making.period.until.getTime() - 1)),
  };
  const section = { id: 'drift', title: 'Drift' };
  if (days.length === 0) {
    return { ...section, flows: true, content: [empty('The version has read no film in the period.'), alerts(drift)] };
  }
  return { ...section, content: [films(drift, range), measured(drift, range), alerts(drift)] };
}

const startOfDay = (time: Date): Date => new Date(`${day(time)}T00:00:00Z`);

function films({ days, minimumFilms }: DriftPart, range: Days): Part {
  const all = days.reduce((sum, each) => sum + each.films, 0);
  const plot = dayBars({
    id: 'films-by-day',
    title: 'Films by day',
    description: `${count(all)} films on ${days.length} days.`,
    days: range,
    values: days.map((each) => ({ day: each.day, value: each.films })),
    reference: minimumFilms,
  });
  const caption = html`<b>Films read by day (UTC)</b>: ${count(all)} on ${days.length} days, re-readings of old films left out. Dashed: ${minimumFilms}, which an alert needs.`;
  return figureOf(plot, caption);
}

function measured({ reference, days, threshold, minimumFilms }: DriftPart, range: Days): Part {
  if (reference === null) {
    return empty(
      'The manifest has no reference: there is nothing to compare scores and films with. "cxr-gateway model evaluate" writes one.',
    );
  }
  const all = [...new Set(days.flatMap(({ measures }) => measures.map(({ measure }) => measure)))];
  const measures = all.slice(0, MOST_MEASURES);
  if (measures.length === 0) return empty('No day has a measure that the reference has.');
  const figures = Array.from({ length: Math.ceil(measures.length / PANELS_OF_A_FIGURE) }, (_, part) => {
    const names = measures.slice(part * PANELS_OF_A_FIGURE, (part + 1) * PANELS_OF_A_FIGURE);
    const plot = dayPlots({
      id: `drift-${part}`,
      title: 'Population stability index by day',
      description: `${names.length} measures; the table below has the numbers.`,
      days: range,
      panels: names.map((name) => ({ name: labelText(name), values: valuesOf(name, days, minimumFilms) })),
      threshold,
    });
    return figureOf(
      plot,
      html`<b>Population stability index by day</b>, of the films as the model saw them (input) and of each label's probability; logarithmic axes. Dashed: ${exact(threshold)}, above which a measure is an alert. Hollow: days of fewer than ${minimumFilms} films, which look moved without being so (n films of the same population give about 9 / n).`,
    );
  });
  return [
    html`<p>Compared with ${count(reference.films)} films of the evaluation: ${words(cut(reference.dataSet, LONGEST_DATA_SET))}. Below 0.1 a population is stable, above 0.25 it is another one.</p>`,
    figures,
    together(
      table(
        `Population stability index over the days with at least ${minimumFilms} films`,
        [
          { name: 'Measure' },
          { name: 'Days', kind: 'n' },
          { name: 'Median', kind: 'n' },
          { name: 'Largest', kind: 'n' },
          { name: 'On', kind: 'n' },
          { name: `Days above ${exact(threshold)}`, kind: 'n' },
        ],
        measures.map((name) => summaryOf(name, days, threshold, minimumFilms)),
      ),
    ),
  ];
}

function valuesOf(name: string, days: readonly DriftDay[], minimumFilms: number) {
  return days.flatMap((each) => {
    const found = each.measures.find(({ measure }) => measure === name);
    return found === undefined ? [] : [{ day: each.day, value: found.psi, weak: each.films < minimumFilms }];
  });
}

function summaryOf(name: string, days: readonly DriftDay[], threshold: number, minimumFilms: number): readonly Part[] {
  const strong = valuesOf(name, days, minimumFilms).filter(({ weak }) => !weak);
  const sorted = strong.map(({ value }) => value).sort((a, b) => a - b);
  const largest = strong.find(({ value }) => value === sorted.at(-1));
  const above = sorted.filter((value) => value > threshold).length;
  return [
    labelText(name),
    strong.length,
    figure(sorted[Math.floor((sorted.length - 1) / 2)]),
    figure(sorted.at(-1)),
    largest === undefined ? '' : day(largest.day),
    above === 0 ? above : html`<b>${above}</b>`,
  ];
}

function alerts({ alerts: found, threshold, minimumFilms }: DriftPart): Part {
  if (found.length === 0) return empty('No alert of drift was raised in the period.');
  return [
    warning(
      html`<b>${count(found.length)} alerts of drift.</b> The films or the patients were not those of the evaluation; whether the version was wrong, only reviews tell.`,
    ),
    table(
      `Alerts, newest first: index above ${exact(threshold)} with p < ${DRIFT_P_VALUE} over 24 hours of at least ${minimumFilms} films`,
      [
        { name: 'Day' },
        { name: 'Measure' },
        { name: 'Films', kind: 'n' },
        { name: 'Stability index', kind: 'n' },
        { name: 'Kolmogorov-Smirnov', kind: 'n' },
        { name: 'p', kind: 'n' },
      ],
      found.map((each) => [
        day(each.day),
        labelText(each.measure),
        count(each.films),
        figure(each.psi),
        figure(each.ksStatistic),
        each.ksPValue < 0.0001 ? '< 0.0001' : figure(each.ksPValue, 4),
      ]),
    ),
  ];
}
