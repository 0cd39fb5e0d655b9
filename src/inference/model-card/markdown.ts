/** The Markdown that cards are made of. */

/** A table; cells are Markdown themselves. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), `|${'---|'.repeat(header.length)}`, ...rows.map(line)];
}

/** A text of people with its paragraphs and lists, but without headings, rules and HTML, which would break the document. */
export function prose(text: string): string {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .replaceAll(/<(?=[a-z/!?])/gi, '&lt;')
    .replaceAll(/^(\s*)(#|={2,}\s*$|-{2,}\s*$)/gm, String.raw`$1\$2`)
    .trim();
}

/** A text of people in one cell of a table, or in one line. */
export function cell(text: string): string {
  return prose(text).replaceAll(/\s+/g, ' ').replaceAll('|', String.raw`\|`);
}
