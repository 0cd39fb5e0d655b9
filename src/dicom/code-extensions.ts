/**
 * Texts whose character sets are switched by escape sequences: ISO 2022 as PS3.5 section 6.1.2.5 uses it. The lower
 * half of the code table (G0) and the upper half (G1) are designated apart. A text is cut into runs of one set each,
 * and each run is given to the decoder of the platform.
 */

/** ESC. */
export const ESCAPE = 0x1b;

/** What is known before the first escape sequence. */
export interface CodeExtensions {
  /** Encoding of the first character set, in force at the beginning and after each delimiter. */
  readonly initial: string;
  /** Set of the upper half while nothing is designated, where the first character set has no upper half. */
  readonly undesignated: string | undefined;
}

/** A designated set: encoding of the runs, and how the bytes of a run are made into it. */
type LowerSet = 'ASCII' | 'JIS_X_0208' | 'JIS_X_0212';

/** What follows ESC, as in PS3.3 tables C.12-3 and C.12-4; sets of the lower half. */
const G0_ESCAPES: Readonly<Record<string, LowerSet>> = {
  '(B': 'ASCII',
  // ISO-IR 14: ASCII with a yen sign and an overline, which are read as backslash and tilde, as delimiters must be.
  '(J': 'ASCII',
  $B: 'JIS_X_0208',
  '$(B': 'JIS_X_0208',
  '$@': 'JIS_X_0208',
  '$(D': 'JIS_X_0212',
};

/** Encodings of the upper half by ISO-IR number: of sets that come as a second or later term. */
export const G1_SETS: Readonly<Record<string, string>> = {
  '100': 'windows-1252',
  '101': 'iso-8859-2',
  '109': 'iso-8859-3',
  '110': 'iso-8859-4',
  '144': 'iso-8859-5',
  '127': 'iso-8859-6',
  '126': 'iso-8859-7',
  '138': 'iso-8859-8',
  '148': 'iso-8859-9',
  '203': 'iso-8859-15',
  '166': 'windows-874',
  '13': 'shift_jis',
  '149': 'euc-kr',
  '58': 'gb18030',
};

/** What follows ESC; ISO-IR numbers of sets of the upper half. */
const G1_ESCAPES: Readonly<Record<string, string>> = {
  '-A': '100',
  '-B': '101',
  '-C': '109',
  '-D': '110',
  '-L': '144',
  '-G': '127',
  '-F': '126',
  '-H': '138',
  '-M': '148',
  '-b': '203',
  '-T': '166',
  ')I': '13',
  '$)C': '149',
  '$)A': '58',
};

const LONGEST_ESCAPE = 3;
const SINGLE_SHIFT_THREE = 0x8f;

/**
 * Decodes a value with escape sequences. A sequence that is not known is dropped.
 *
 * @param delimiters - characters after which the first character set is in force again, besides control characters
 */
export function decodeExtended(
  bytes: Uint8Array,
  { initial, undesignated }: CodeExtensions,
  delimiters: string,
): string {
  const runs = new Runs();
  const upperAtFirst = undesignated ?? initial;
  let lower: LowerSet = 'ASCII';
  let upper = upperAtFirst;
  let position = 0;
  while (position < bytes.length) {
    const byte = bytes[position] as number;
    if (byte === ESCAPE) {
      const sequence = escapeAt(bytes, position + 1);
      lower = G0_ESCAPES[sequence] ?? lower;
      upper = G1_SETS[G1_ESCAPES[sequence] ?? ''] ?? upper;
      position += 1 + sequence.length;
    } else if (byte < 0x20) {
      lower = 'ASCII';
      upper = upperAtFirst;
      runs.add('windows-1252', byte);
      position += 1;
    } else if (byte >= 0x80) {
      runs.add(upper, byte);
      position += 1;
    } else if (lower !== 'ASCII' && byte !== 0x20 && (bytes[position + 1] ?? 0) > 0x20) {
      if (lower === 'JIS_X_0212') runs.add('euc-jp', SINGLE_SHIFT_THREE);
      runs.add('euc-jp', byte | 0x80);
      runs.add('euc-jp', (bytes[position + 1] as number) | 0x80);
      position += 2;
    } else {
      if (delimiters.includes(String.fromCharCode(byte))) upper = upperAtFirst;
      // In the set of the upper half, since in some encodings a character begins there and ends here.
      runs.add(upper, byte);
      position += 1;
    }
  }
  return runs.text();
}

/** The known sequence at a position; else its first character, if any. */
function escapeAt(bytes: Uint8Array, position: number): string {
  const following = String.fromCharCode(...bytes.subarray(position, position + LONGEST_ESCAPE));
  for (let length = LONGEST_ESCAPE; length > 1; length -= 1) {
    const sequence = following.slice(0, length);
    if (sequence in G0_ESCAPES || sequence in G1_ESCAPES) return sequence;
  }
  return following.slice(0, 1);
}

/** Bytes gathered by encoding. */
class Runs {
  #text = '';
  #encoding = '';
  #bytes: number[] = [];

  add(encoding: string, byte: number): void {
    if (encoding !== this.#encoding) this.#flush();
    this.#encoding = encoding;
    this.#bytes.push(byte);
  }

  text(): string {
    this.#flush();
    return this.#text;
  }

  #flush(): void {
    if (this.#bytes.length === 0) return;
    this.#text += new TextDecoder(this.#encoding).decode(Uint8Array.from(this.#bytes));
    this.#bytes = [];
  }
}
