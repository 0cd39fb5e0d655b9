/** Comma-separated values as in RFC 4180: quoted fields, doubled quotes, LF or CRLF, an optional byte order mark. */
import { GatewayError } from '../../errors.ts';

/** One record with the line on which it begins, counted from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/** Separator, line end or the end of the text behind a field. */
const QUOTED = /"((?:[^"]|"")*)"(?=,|\r?\n|$)/y;
const PLAIN = /[^",\r\n]*(?=,|\r?\n|$)/y;

/**
 * The records of a text. Empty lines are stepped over.
 *
 * @param name - what the text is, for messages
 * @throws GatewayError BAD_REQUEST naming the line, for a stray or an unclosed quote and for a record whose number of
 * fields is not that of the first one
 */
export function parseCsv(text: string, name: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let position = text.startsWith('\ufeff') ? 1 : 0;
  let line = 1;
  while (position < text.length) {
    const first = line;
    const fields: string[] = [];
    for (;;) {
      const field = fieldAt(text, position);
      if (field === null) throw wrong(name, line, 'a quote is not closed, or stands within an unquoted field');
      fields.push(field.value);
      position = field.end;
      line += field.lines;
      if (text[position] !== ',') break;
      position++;
    }
    position += text[position] === '\r' ? 2 : 1;
    line++;
    if (fields.length === 1 && fields[0] === '') continue;
    const expected = records[0]?.fields.length ?? fields.length;
    if (fields.length !== expected) {
      throw wrong(name, first, `${fields.length} field(s) where the first record has ${expected}`);
    }
    records.push({ line: first, fields });
  }
  return records;
}

/** The problem of one line of a file. */
export function wrong(name: string, line: number, problem: string): GatewayError {
  return new GatewayError('BAD_REQUEST', `${name}, line ${line}: ${problem}.`);
}

/** The field that begins at a position, where it ends and how many line ends it holds; null when none can be read. */
function fieldAt(text: string, position: number): { value: string; end: number; lines: number } | null {
  const pattern = text[position] === '"' ? QUOTED : PLAIN;
  pattern.lastIndex = position;
  const match = pattern.exec(text);
  if (match === null) return null;
  const value = match[1]?.replaceAll('""', '"') ?? match[0];
  return { value, end: pattern.lastIndex, lines: value.split('\n').length - 1 };
}
