/**
 * Specific Character Set (PS3.3 section C.12.1.1.2) to text. Texts of one encoding are decoded whole, so that a trail
 * byte that looks like a backslash, `^` or `=` never divides a value; texts with code extensions (ISO 2022) go through
 * code-extensions.ts. Nothing is refused for its character set: a term that is not known, or text that is not what its
 * term says, is read as well as can be.
 */
import { type CodeExtensions, decodeExtended, ESCAPE, G1_SETS } from './code-extensions.ts';

/** Bytes of a value to characters. */
export type Decode = (bytes: Uint8Array) => string;

/** How the texts of one data set are read. */
export interface CharacterSets {
  /** SH, LO and the like: one or more values divided by backslashes. */
  readonly text: Decode;
  /** PN, where `^` and `=` also divide and so end a designation (PS3.5 section 6.1.2.5.3). */
  readonly personName: Decode;
}

/**
 * Encodings by ISO-IR number where a term names one without code extensions. JIS X 0201 (13) is read as Shift-JIS, of which it is a
 * part, because some senders write all of that under this term.
 */
const BY_NUMBER: Readonly<Record<string, string>> = { ...G1_SETS, '6': 'windows-1252', '192': 'utf-8' };

/** Sets that take no code extensions: escape sequences mean nothing in them. */
const WHOLE: Readonly<Record<string, string>> = {
  GB18030: 'gb18030',
  GBK: 'gbk',
  UTF8: 'utf-8',
  SJIS: 'shift_jis',
  EUCKR: 'euc-kr',
  EUCJP: 'euc-jp',
};

/**
 * How the texts of a data set are read.
 *
 * @param terms - values of Specific Character Set; none, or an empty first one, is the default repertoire
 */
export function characterSets(terms: readonly string[]): CharacterSets {
  const numbers = terms.map(registrationNumber);
  const whole = wholeEncoding(terms[0] ?? '', numbers[0]);
  const decodeWhole = wholeDecoder(whole, isUnstated(terms[0] ?? '', numbers[0]));
  if (whole === 'utf-8' || whole.startsWith('gb')) return { text: decodeWhole, personName: decodeWhole };
  const declared = numbers.find((number) => number !== undefined && G1_SETS[number] !== undefined);
  const first = numbers[0];
  const extensions: CodeExtensions = {
    initial: whole,
    // Upper-half bytes before any escape sequence: those of the first set, or, where it has none, of the one that has.
    undesignated: (first === undefined || first === '6') && declared !== undefined ? G1_SETS[declared] : undefined,
  };
  const decodeValue =
    (delimiters: string): Decode =>
    (bytes) =>
      bytes.includes(ESCAPE) || extensions.undesignated !== undefined
        ? decodeExtended(bytes, extensions, delimiters)
        : decodeWhole(bytes);
  return { text: decodeValue('\\'), personName: decodeValue('\\^=') };
}

/** {@link characterSets} for texts other than names. */
export function textDecoder(terms: readonly string[]): Decode {
  return characterSets(terms).text;
}

/** `100` of ISO_IR 100, ISO 2022 IR 100 and the spellings that occur. */
function registrationNumber(term: string): string | undefined {
  return /^ISO[ _-]?(?:2022[ _-])?IR[ _-]?(\d+)$/.exec(term.toUpperCase())?.[1];
}

/** Label of the encoding that the first term names; Latin-1 when it names none. */
function wholeEncoding(term: string, number: string | undefined): string {
  if (number !== undefined) return BY_NUMBER[number] ?? 'windows-1252';
  const known = WHOLE[term.toUpperCase().replace(/[-_ ]/g, '')];
  if (known !== undefined) return known;
  try {
    // Terms of other worlds, such as BIG5 or ISO-8859-7, mean what they mean there.
    return term === '' ? 'windows-1252' : new TextDecoder(term).encoding;
  } catch {
    return 'windows-1252';
  }
}

/** Whether nothing beyond ASCII is stated: UTF-8 is told from Latin-1 by its form then. */
function isUnstated(term: string, number: string | undefined): boolean {
  return number === '6' || (number === undefined && wholeEncoding(term, number) === 'windows-1252');
}

function wholeDecoder(encoding: string, unstated: boolean): Decode {
  const decoder = new TextDecoder(encoding);
  if (!unstated && encoding !== 'utf-8') return (bytes) => decoder.decode(bytes);
  // Text of many bytes above ASCII is valid UTF-8 by chance once in a thousand times or less.
  const strict = new TextDecoder('utf-8', { fatal: true });
  const fallback = new TextDecoder('windows-1252');
  return (bytes) => {
    try {
      return strict.decode(bytes);
    } catch {
      return fallback.decode(bytes);
    }
  };
}
