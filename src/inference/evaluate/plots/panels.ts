/** Small multiples: one square panel a label, all in one picture, with one legend. */
import { element, picture, polyline, text } from './svg.ts';

/** One line of a panel. */
export interface Series {
  readonly colour: string;
  readonly width: number;
  /** Radius of the marker at each point, in pixels; 0: none. */
  readonly marker: number;
  readonly points: readonly (readonly [number, number])[];
}

/** One panel: both axes run from 0 to `limit`, and a dashed diagonal stands for chance or for truth. */
export interface Panel {
  readonly title: string;
  readonly notes: readonly { readonly colour: string; readonly text: string }[];
  readonly limit: number;
  readonly series: readonly Series[];
}

/** The whole picture. */
export interface Figure {
  readonly title: string;
  readonly subtitles: readonly [string, string];
  readonly xAxis: string;
  readonly yAxis: string;
  readonly legend: readonly { readonly name: string; readonly colour: string; readonly width: number }[];
  /** By the square root, small values get more room; the diagonal stays what it is. */
  readonly axes: 'linear' | 'square-root';
  /** What the dashed diagonal means. */
  readonly diagonal: string;
  readonly panels: readonly Panel[];
}

const COLUMNS = 5;
const SIDE = 190;
const LEFT = 46;
const RIGHT = 18;
const ABOVE = 58;
const BELOW = 44;
const HEADER = 94;
const LEGEND_AT = 80;
const MARGIN = 12;
const CELL_WIDTH = LEFT + SIDE + RIGHT;
const CELL_HEIGHT = ABOVE + SIDE + BELOW;

const INK = '#1f2937';
const FAINT = '#6b7280';
const GRID = '#e5e7eb';

/** Draws the figure as SVG. */
export function drawFigure(figure: Figure): string {
  const columns = Math.min(COLUMNS, figure.panels.length);
  const rows = Math.ceil(figure.panels.length / columns);
  const width = 2 * MARGIN + columns * CELL_WIDTH;
  const height = HEADER + rows * CELL_HEIGHT + MARGIN;
  const panels = figure.panels.map((panel, index) => {
    const x = MARGIN + (index % columns) * CELL_WIDTH;
    const y = HEADER + Math.floor(index / columns) * CELL_HEIGHT;
    return element('g', { transform: `translate(${x} ${y})` }, drawPanel(panel, figure).join(''));
  });
  return picture(width, height, figure.title, [...drawHeader(figure), ...panels]);
}

function drawHeader({ title, subtitles, legend, diagonal }: Figure): string[] {
  const x = MARGIN + LEFT;
  const entries = [...legend, { name: diagonal, colour: FAINT, width: 1 }];
  let at = x;
  const drawn = entries.map(({ name, colour, width }) => {
    const dash = name === diagonal ? { 'stroke-dasharray': '4 3' } : {};
    const line = element('line', {
      x1: at,
      y1: LEGEND_AT,
      x2: at + 26,
      y2: LEGEND_AT,
      stroke: colour,
      'stroke-width': width,
      ...dash,
    });
    const label = text(at + 32, LEGEND_AT + 4, name, { 'font-size': 12 });
    at += 32 + name.length * 6.6 + 26;
    return line + label;
  });
  return [
    text(x, 28, title, { 'font-size': 18, 'font-weight': 600 }),
    ...subtitles.map((line, index) => text(x, 46 + 16 * index, line, { 'font-size': 12, fill: FAINT })),
    ...drawn,
  ];
}

function drawPanel(panel: Panel, { xAxis, yAxis, axes }: Figure): string[] {
  const [scale, unscale] =
    axes === 'linear' ? [(value: number) => value, (place: number) => place] : [Math.sqrt, square];
  const placed = (value: number) => scale(Math.min(value, panel.limit) / panel.limit) * SIDE;
  const x = (value: number) => LEFT + placed(value);
  const y = (value: number) => ABOVE + SIDE - placed(value);
  const small = { 'font-size': 10, fill: FAINT };
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((place) => unscale(place) * panel.limit);
  const grid = ticks.flatMap((tick) => [
    element('line', { x1: x(tick), y1: y(0), x2: x(tick), y2: y(panel.limit), stroke: GRID }),
    element('line', { x1: x(0), y1: y(tick), x2: x(panel.limit), y2: y(tick), stroke: GRID }),
  ]);
  const labels = ticks
    .filter((_, index) => index % 2 === 0)
    .flatMap((tick) => [
      text(x(tick), ABOVE + SIDE + 14, tickText(tick), { ...small, 'text-anchor': 'middle' }),
      text(LEFT - 6, y(tick) + 3.5, tickText(tick), { ...small, 'text-anchor': 'end' }),
    ]);
  const upright = { ...small, 'text-anchor': 'middle', transform: `rotate(-90 12 ${ABOVE + SIDE / 2})` };
  const notes = panel.notes.map(({ colour, text: note }, index) =>
    text(LEFT, 32 + 14 * index, note, { 'font-size': 11, fill: colour }),
  );
  const curves = panel.series.flatMap(({ colour, width, marker, points }) => {
    const places = points.map(([horizontal, vertical]) => [x(horizontal), y(vertical)] as const);
    const line = polyline(places, { stroke: colour, 'stroke-width': width, 'stroke-linejoin': 'round' });
    const markers =
      marker === 0 ? [] : places.map(([cx, cy]) => element('circle', { cx, cy, r: marker, fill: colour }));
    return [line, ...markers];
  });
  return [
    text(LEFT, 16, panel.title, { 'font-size': 13, 'font-weight': 600, fill: INK }),
    ...notes,
    ...grid,
    element('rect', { x: LEFT, y: ABOVE, width: SIDE, height: SIDE, fill: 'none', stroke: '#9ca3af' }),
    polyline(
      [
        [x(0), y(0)],
        [x(panel.limit), y(panel.limit)],
      ],
      { stroke: FAINT, 'stroke-dasharray': '4 3' },
    ),
    ...curves,
    ...labels,
    text(LEFT + SIDE / 2, ABOVE + SIDE + 30, xAxis, { ...small, 'text-anchor': 'middle' }),
    text(12, ABOVE + SIDE / 2, yAxis, upright),
  ];
}

function square(value: number): number {
  return value * value;
}

function tickText(tick: number): string {
  return String(Number(tick.toPrecision(3)));
}
