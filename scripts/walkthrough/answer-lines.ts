/** JSON as lines of a picture: what fits stays on one line, long texts go on in the next, long lists are cut. */

/** A piece of a line. */
export interface Span {
  readonly text: string;
  readonly kind: 'punctuation' | 'key' | 'string' | 'number' | 'keyword' | 'note';
}

/** One line, from left to right. */
export type Line = readonly Span[];

/** Characters of a line. */
export const LINE_LENGTH = 118;

const LONGEST_TEXT = 900;
const MOST_ITEMS = 3;
const INDENT = 2;
/** Room for the key before a text. */
const LONGEST_KEY = 24;

const punctuation = (text: string): Span => ({ text, kind: 'punctuation' });

/** The lines of a JSON value. */
export function linesOf(value: unknown): readonly Line[] {
  return layOut(value, 0);
}

function layOut(value: unknown, indent: number): readonly Line[] {
  const flat = inline(value);
  if (typeof value === 'string') return wrapped(flat, LINE_LENGTH - indent - LONGEST_KEY);
  const isBranch = typeof value === 'object' && value !== null;
  if (!isBranch || indent + lengthOf(flat) <= LINE_LENGTH - INDENT) return [flat];
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const members = membersOf(value).map(([key, member]) => {
    const lines = layOut(member, indent + INDENT);
    const name: Line = key === null ? [] : [{ text: JSON.stringify(key), kind: 'key' }, punctuation(': ')];
    return [[...name, ...(lines[0] ?? [])], ...lines.slice(1)];
  });
  const notes = leftOut(value).map((note): Line[] => [[note]]);
  const inside = [...members.map((lines, index) => (index < members.length - 1 ? withComma(lines) : lines)), ...notes];
  const margin = punctuation(' '.repeat(INDENT));
  return [[punctuation(open)], ...inside.flat().map((line): Line => [margin, ...line]), [punctuation(close)]];
}

/** A text over several lines, broken between words. */
function wrapped([span]: Line, length: number): readonly Line[] {
  const pieces = span?.text.match(new RegExp(`.{1,${length}}(?= |$)|.{1,${length}}`, 'g')) ?? [];
  return pieces.map((text, index) => [{ text: index === 0 ? text : `  ${text.trimStart()}`, kind: 'string' }]);
}

function withComma(lines: readonly Line[]): readonly Line[] {
  return lines.map((line, index) => (index === lines.length - 1 ? [...line, punctuation(',')] : line));
}

function membersOf(value: object): readonly (readonly [string | null, unknown])[] {
  return Array.isArray(value) ? value.slice(0, MOST_ITEMS).map((item) => [null, item] as const) : Object.entries(value);
}

function leftOut(value: object): readonly Span[] {
  const count = Array.isArray(value) ? value.length - MOST_ITEMS : 0;
  return count > 0 ? [{ text: `... ${count} more`, kind: 'note' }] : [];
}

function inline(value: unknown): Line {
  if (typeof value === 'string') return [{ text: JSON.stringify(shortened(value)), kind: 'string' }];
  if (typeof value === 'number') return [{ text: String(rounded(value)), kind: 'number' }];
  if (typeof value !== 'object' || value === null) return [{ text: String(value), kind: 'keyword' }];
  const members = membersOf(value).map(([key, member]): Line => {
    const name: Line = key === null ? [] : [{ text: JSON.stringify(key), kind: 'key' }, punctuation(': ')];
    return [...name, ...inline(member)];
  });
  const all = [...members, ...leftOut(value).map((note): Line => [note])];
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{ ', ' }'];
  if (all.length === 0) return [punctuation(`${open.trim()}${close.trim()}`)];
  return [
    punctuation(open),
    ...all.flatMap((line, index) => (index === 0 ? line : [punctuation(', '), ...line])),
    punctuation(close),
  ];
}

function shortened(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 3)}...`;
}

/** Six digits say enough in a picture. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(6));
}

function lengthOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + text.length, 0);
}
