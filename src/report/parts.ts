/** The parts that sections are made of: tables with headers that are repeated on each page, figures, and what says "nothing". */
import { type Html, html, type Part } from './html.ts';

/** One section of the report. */
export interface Section {
  /** Of its element, for links. */
  readonly id: string;
  readonly title: string;
  readonly content: Part;
  /** It need not begin a page. */
  readonly flows?: true;
}

/** One column of a table. */
export interface Column {
  readonly name: string;
  /** n: numbers, to the right. */
  readonly kind?: 'n' | 'number' | 'when' | 'who' | 'what' | 'engine';
}

/** Columns of a table that need not be as wide as the page. */
const FEW_COLUMNS = 4;

/**
 * A table. The first cell of a row is its header. One of a few numbers is as wide as they are.
 *
 * @param rows - a cell a column
 */
export function table(caption: string, columns: readonly Column[], rows: readonly (readonly Part[])[]): Html {
  const heads = columns.map(({ name, kind }) => html`<th scope="col"${kindOf(kind)}>${name}</th>`);
  const body = rows.map((cells) => {
    const [first, ...others] = cells;
    const rest = others.map((cell, index) => html`<td${kindOf(columns[index + 1]?.kind)}>${cell}</td>`);
    return html`<tr><th scope="row"${kindOf(columns[0]?.kind)}>${first}</th>${rest}</tr>
`;
  });
  const narrow = columns.length <= FEW_COLUMNS && columns.slice(1).every(({ kind }) => kind === 'n');
  return html`<table${narrow ? html` class="narrow"` : null}><caption>${caption}</caption><thead><tr>${heads}</tr></thead>
<tbody>${body}</tbody></table>
`;
}

/** Names and values, without a head. */
export function facts(rows: readonly (readonly [name: string, value: Part])[]): Html {
  const body = rows.map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>
`,
  );
  return html`<table class="facts"><tbody>${body}</tbody></table>
`;
}

const kindOf = (kind: Column['kind']): Html | null => (kind === undefined ? null : html` class="${kind}"`);

/** A plot with its caption; figures are numbered by the document. */
export function figureOf(plot: Part, caption: Part): Html {
  return html`<figure>${plot}<figcaption>${caption}</figcaption></figure>
`;
}

/** What is printed on one page where it fits. */
export function together(content: Part): Html {
  return html`<div class="together">${content}</div>
`;
}

/** That there is nothing, and why. */
export function empty(text: Part): Html {
  return html`<p class="empty">${text}</p>
`;
}

/** What the reader must know. */
export function warning(text: Part): Html {
  return html`<p class="warning">${text}</p>
`;
}

/** What people wrote: their lines are kept. */
export function words(text: string): Html {
  return html`<span class="words">${text}</span>`;
}

/** A SHA-256. */
export function digest(text: string): Html {
  return html`<span class="digest">${text}</span>`;
}
