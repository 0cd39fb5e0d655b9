/** What all plots share: the SVG element with its text for those who do not see it, lines, and texts. */
import { type Html, html, type Part } from '../html.ts';

/** Width of a plot in its own units: pixels of CSS on A4 between the margins. */
export const PLOT_WIDTH = 672;

/** Texts that stand for a plot. */
export interface PlotText {
  /** Starts the ids of the document's elements; unique in it. */
  readonly id: string;
  readonly title: string;
  /** What the plot shows, for those who do not see it. */
  readonly description: string;
}

/** An image whose parts are not read out one by one. */
export function drawing({ id, title, description }: PlotText, height: number, content: Part): Html {
  return html`<svg class="plot" viewBox="0 0 ${PLOT_WIDTH} ${height}" role="img" aria-labelledby="${id}-title ${id}-text">
<title id="${id}-title">${title}</title><desc id="${id}-text">${description}</desc>
${content}</svg>`;
}

/** A straight line. */
export function line(kind: string, x1: number, y1: number, x2: number, y2: number): Html {
  return html`<line class="${kind}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
}

/** Where a text stands to its place. */
export type Anchor = 'start' | 'middle' | 'end';

/** A text; its baseline is at y. */
export function label(kind: string, x: number, y: number, text: string, anchor: Anchor = 'start'): Html {
  return html`<text class="${kind}" x="${x}" y="${y}" text-anchor="${anchor}">${text}</text>`;
}
