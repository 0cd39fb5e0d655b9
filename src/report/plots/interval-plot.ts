/** Values with their intervals, one row each, in one or more panels side by side: a forest plot. */
import { cut, figure } from '../format.ts';
import { type Html, html } from '../html.ts';
import { type Anchor, drawing, label, line, PLOT_WIDTH, type PlotText } from './drawing.ts';
import { linearScale, type Scale } from './scale.ts';

/** One value of a row. */
export interface IntervalMark {
  /** Null: there is none. */
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Written beside it: the numbers behind the mark. */
  readonly note: string;
}

/** One row; a heading when it has no marks. */
export interface IntervalRow {
  readonly name: string;
  /** One a panel. */
  readonly marks: readonly IntervalMark[];
}

/** One panel. */
export interface IntervalPanel {
  readonly name: string;
  /** Ends of its axis. */
  readonly domain: readonly [number, number];
  /** Value with a dashed line, such as that of chance. */
  readonly reference?: number;
}

/** What to draw. */
export interface IntervalPlot extends PlotText {
  readonly panels: readonly IntervalPanel[];
  readonly rows: readonly IntervalRow[];
  /** Width of the notes, in units of the plot. */
  readonly noteWidth?: number;
}

const ROW = 14;
const TOP = 24;
const BOTTOM = 24;
const NAMES = 132;
const GAP = 16;
const NOTE_WIDTH = 92;
const CAP = 3;
const MARK = 3;
const LONGEST_NAME = 24;

/** Draws it; as high as it has rows. */
export function intervalPlot({ panels, rows, noteWidth = NOTE_WIDTH, ...text }: IntervalPlot): Html {
  const foot = TOP + rows.length * ROW;
  const width = (PLOT_WIDTH - NAMES) / panels.length;
  const drawn = panels.map((panel, index) => {
    const from = NAMES + index * width + (index === 0 ? 0 : GAP);
    const to = NAMES + (index + 1) * width - noteWidth - 6;
    return panelOf(panel, index, rows, linearScale(panel.domain, [from, to], 4), [from, to], foot);
  });
  const names = rows.map(({ name, marks }, index) =>
    label(marks.length === 0 ? 'group' : 'name', marks.length === 0 ? 0 : 10, baseline(index), cut(name, LONGEST_NAME)),
  );
  const bands = rows.map((_, index) =>
    index % 2 === 1
      ? html`<rect class="band" x="0" y="${TOP + index * ROW}" width="${PLOT_WIDTH}" height="${ROW}"/>`
      : null,
  );
  return drawing(text, foot + BOTTOM, [bands, drawn, names]);
}

const baseline = (row: number): number => TOP + row * ROW + 10.5;

function panelOf(
  { name, reference, domain }: IntervalPanel,
  index: number,
  rows: readonly IntervalRow[],
  scale: Scale,
  [from, to]: readonly [number, number],
  foot: number,
): readonly Html[] {
  const digits = domain[1] - domain[0] < 0.2 ? 2 : 1;
  const small = scale.ticks.some((tick) => Math.abs(tick - Number(tick.toFixed(digits))) > 1e-9);
  const ticks = scale.ticks.flatMap((tick) => {
    const x = scale.at(tick);
    const anchor: Anchor = 'middle';
    return [
      line('grid', x, TOP, x, foot),
      label('tick', x, foot + 12, figure(tick, small ? digits + 1 : digits), anchor),
    ];
  });
  const marks = rows.flatMap(({ marks }, row) => {
    const mark = marks[index];
    return mark === undefined ? [] : markOf(mark, scale, TOP + row * ROW + ROW / 2, to);
  });
  return [
    label('panel', from, TOP - 10, name),
    ...ticks,
    line('axis', from, foot, to, foot),
    ...(reference === undefined ? [] : [line('reference', scale.at(reference), TOP, scale.at(reference), foot)]),
    ...marks,
  ];
}

function markOf({ value, low, high, note }: IntervalMark, scale: Scale, y: number, end: number): readonly Html[] {
  const beside = label('note', end + 8, y + 3.5, note);
  if (value === null) return [beside];
  const square = html`<rect class="mark" x="${scale.at(value) - MARK}" y="${y - MARK}" width="${2 * MARK}" height="${2 * MARK}"/>`;
  if (low === null || high === null) return [square, beside];
  const [from, to] = [scale.at(low), scale.at(high)];
  return [
    html`<path class="whisker" d="M${from} ${y}H${to}M${from} ${y - CAP}v${2 * CAP}M${to} ${y - CAP}v${2 * CAP}"/>`,
    square,
    beside,
  ];
}
