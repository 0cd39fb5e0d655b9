/** Specific Character Set (PS3.3 section C.12.1.1.2) to a text decoder. */

/** Defined terms without code extensions, by the labels of the WHATWG Encoding Standard. */
const ENCODINGS: Readonly<Record<string, string>> = {
  'ISO_IR 6': 'latin1',
  'ISO_IR 100': 'latin1',
  'ISO_IR 101': 'iso-8859-2',
  'ISO_IR 109': 'iso-8859-3',
  'ISO_IR 110': 'iso-8859-4',
  'ISO_IR 144': 'iso-8859-5',
  'ISO_IR 127': 'iso-8859-6',
  'ISO_IR 126': 'iso-8859-7',
  'ISO_IR 138': 'iso-8859-8',
  'ISO_IR 148': 'iso-8859-9',
  'ISO_IR 203': 'iso-8859-15',
  'ISO_IR 13': 'shift_jis',
  'ISO_IR 166': 'windows-874',
  'ISO_IR 192': 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
};

/**
 * Decoder of the text attributes of one data set. Of several character sets (code extensions, ISO 2022) the first
 * counts, in which the alphabetic group of a name is written; an unknown one is read as Latin-1, never refused.
 *
 * @param terms - values of Specific Character Set
 */
export function textDecoder(terms: readonly string[]): (bytes: Uint8Array) => string {
  const term = (terms[0] ?? '').toUpperCase().replace('ISO 2022 IR', 'ISO_IR').replace('ISO-IR', 'ISO_IR');
  const decoder = new TextDecoder(ENCODINGS[term] ?? 'latin1');
  return (bytes) => decoder.decode(bytes);
}
