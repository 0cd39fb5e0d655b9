/** A picture of an answer: who asked what above, the JSON below, as SVG that needs no font but a monospaced one. */
import { LINE_LENGTH, type Line, linesOf, type Span } from './answer-lines.ts';

const CHARACTER = 7.25;
const LINE = 18;
const MARGIN = 16;
const HEAD = 34;
const WIDTH = Math.ceil(LINE_LENGTH * CHARACTER + 2 * MARGIN);

const COLOURS: Readonly<Record<Span['kind'], string>> = {
  punctuation: '#486581',
  key: '#1f3b57',
  string: '#0b6e4f',
  number: '#b44d12',
  keyword: '#7b3fa0',
  note: '#829ab1',
};

/**
 * Draws an answer.
 *
 * @param who - who asked
 * @param what - the field that was asked for
 * @param answer - its `data`
 * @returns an SVG document
 */
export function answerPicture(who: string, what: string, answer: unknown): string {
  const lines = linesOf(answer);
  const height = HEAD + 2 * MARGIN + lines.length * LINE;
  const texts = lines.map((line, index) => drawn(line, HEAD + MARGIN + index * LINE + LINE * 0.75));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">
  <title>${escaped(`The answer to ${what}, asked by ${who}`)}</title>
  <rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8" fill="#f6f8fa" stroke="#9fb3c8"/>
  <path d="M0.5 ${HEAD}V8.5a8 8 0 0 1 8 -8H${WIDTH - 8.5}a8 8 0 0 1 8 8V${HEAD}z" fill="#1f3b57"/>
  <g font-family="Helvetica, Arial, sans-serif" font-size="13">
    <text x="${MARGIN}" y="22" fill="#ffffff" font-weight="bold">${escaped(what)}</text>
    <text x="${WIDTH - MARGIN}" y="22" fill="#d9e2ec" text-anchor="end">${escaped(who)}</text>
  </g>
  <g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12">
${texts.join('\n')}
  </g>
</svg>
`;
}

/** The margin is a place, not spaces: browsers draw none at the beginning of a text. */
function drawn(line: Line, y: number): string {
  const whole = line.map(({ text }) => text).join('');
  const margin = whole.length - whole.trimStart().length;
  const x = MARGIN + margin * CHARACTER;
  let hidden = margin;
  const spans = line.map(({ text, kind }) => {
    const shown = text.slice(hidden);
    hidden = Math.max(0, hidden - text.length);
    return shown === '' ? '' : `<tspan fill="${COLOURS[kind]}">${escaped(shown)}</tspan>`;
  });
  return `    <text x="${x}" y="${y}">${spans.join('')}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
