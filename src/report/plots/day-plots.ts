/** Values by day: many small plots with one scale and a threshold, and a count of each day. */
import { count, cut, day, exact } from '../format.ts';
import { type Html, html } from '../html.ts';
import { drawing, label, line, PLOT_WIDTH, type PlotText } from './drawing.ts';
import { linearScale, logScale, type Scale, stepOf } from './scale.ts';

/** A value of a day. */
export interface DayValue {
  readonly day: Date;
  readonly value: number;
  /** Drawn hollow: it rests on few films. */
  readonly weak: boolean;
}

/** One small plot. */
export interface DayPanel {
  readonly name: string;
  /** In the order of the days. */
  readonly values: readonly DayValue[];
}

/** Days from the first to the last, both included. */
export interface Days {
  readonly first: Date;
  readonly last: Date;
}

/** What to draw. */
export interface DayPlots extends PlotText {
  readonly days: Days;
  readonly panels: readonly DayPanel[];
  readonly threshold: number;
}

const DAY_MS = 86_400_000;

const COLUMNS = 4;
const PANEL = 112;
const PANEL_GAP = 14;
const LEFT = 26;
const HEAD = 18;
const FOOT = 20;

/** Least value of the axis; smaller ones are put there. */
const LEAST = 0.01;

/** Population stability indices and the like: on a logarithmic axis, above which a threshold is seen as well as far above. */
export function dayPlots({ days, panels, threshold, ...text }: DayPlots): Html {
  const largest = Math.max(1, threshold, ...panels.flatMap(({ values }) => values.map(({ value }) => value)));
  const top = 10 ** Math.ceil(Math.log10(largest) - 1e-9);
  const width = (PLOT_WIDTH - PANEL_GAP * (COLUMNS - 1)) / COLUMNS;
  const drawn = panels.map((panel, index) => {
    const left = (index % COLUMNS) * (width + PANEL_GAP);
    const head = Math.floor(index / COLUMNS) * PANEL;
    const [from, to] = [left + LEFT, left + width - 4];
    const [high, low] = [head + HEAD, head + PANEL - FOOT];
    const y = logScale([LEAST, top], [low, high]);
    return [
      label('panel', left, head + 10, cut(panel.name, LONGEST_NAME)),
      y.ticks.map((tick) => [
        line('grid', from, y.at(tick), to, y.at(tick)),
        label('tick', from - 3, y.at(tick) + 3, exact(tick), 'end'),
      ]),
      line('threshold', from, y.at(threshold), to, y.at(threshold)),
      daysAxis(days, from, to, low),
      curve(panel.values, timeScale(days, [from + 3, to - 3]), y),
    ];
  });
  return drawing(text, Math.ceil(panels.length / COLUMNS) * PANEL, drawn);
}

const LONGEST_NAME = 26;

/** A bar a day. */
export interface DayBars extends PlotText {
  readonly days: Days;
  readonly values: readonly { readonly day: Date; readonly value: number }[];
  /** Value with a dashed line. */
  readonly reference: number;
}

const BARS = 110;
const BARS_LEFT = 44;

/** Draws a bar a day over the whole range; days without a value have none. */
export function dayBars({ days, values, reference, ...text }: DayBars): Html {
  const [from, to, high, low] = [BARS_LEFT, PLOT_WIDTH - 4, 14, BARS - FOOT];
  const largest = Math.max(...values.map(({ value }) => value), reference, 1);
  const step = stepOf(largest / 3);
  const y = linearScale([0, Math.ceil(largest / step) * step], [low, high], 3);
  const bar = Math.min(Math.max(((to - from) / (daysBetween(days) + 1)) * 0.7, 1.5), 18);
  const x = timeScale(days, [from + bar / 2 + 2, to - bar / 2 - 2]);
  const bars = values.map(({ day: each, value }) => {
    const at = y.at(value);
    return html`<rect class="mark" x="${round(x(each) - bar / 2)}" y="${at}" width="${round(bar)}" height="${round(low - at)}"/>`;
  });
  return drawing(text, BARS, [
    y.ticks.map((tick) => [
      line('grid', from, y.at(tick), to, y.at(tick)),
      label('tick', from - 4, y.at(tick) + 3, count(tick), 'end'),
    ]),
    bars,
    line('threshold', from, y.at(reference), to, y.at(reference)),
    daysAxis(days, from, to, low),
  ]);
}

const round = (value: number): number => Number(value.toFixed(1));

const daysBetween = ({ first, last }: Days): number => Math.round((last.getTime() - first.getTime()) / DAY_MS);

function timeScale(days: Days, [from, to]: readonly [number, number]): (each: Date) => number {
  const all = daysBetween(days);
  if (all === 0) return () => round((from + to) / 2);
  return (each) => round(from + ((to - from) * (each.getTime() - days.first.getTime())) / (all * DAY_MS));
}

/** The axis with its first and last day; one day alone stands in the middle. */
function daysAxis(days: Days, from: number, to: number, low: number): readonly Html[] {
  const axis = line('axis', from, low, to, low);
  if (daysBetween(days) === 0) return [axis, label('tick', (from + to) / 2, low + 11, day(days.first), 'middle')];
  return [
    axis,
    label('tick', from, low + 11, day(days.first).slice(5), 'start'),
    label('tick', to, low + 11, day(days.last).slice(5), 'end'),
  ];
}

/** Points, joined where one day follows the other: paths, since a circle a day would make up most of the document. */
function curve(values: readonly DayValue[], x: (each: Date) => number, y: Scale): readonly Html[] {
  const placed = values.map((value) => ({ ...value, at: `${x(value.day)} ${y.at(value.value)}` }));
  const joined = placed.map(({ day: each, at }, index) => {
    const before = values[index - 1];
    return `${before === undefined || each.getTime() - before.day.getTime() > DAY_MS * 1.5 ? 'M' : 'L'}${at}`;
  });
  const dots = (weak: boolean) =>
    placed
      .filter((each) => each.weak === weak)
      .map(({ at }) => `M${at}h0`)
      .join('');
  const path = (kind: string, places: string) => (places === '' ? [] : [html`<path class="${kind}" d="${places}"/>`]);
  return [
    ...path('curve', joined.join('')),
    ...path('point', dots(false)),
    ...path('weak', dots(true)),
    ...path('hole', dots(true)),
  ];
}
