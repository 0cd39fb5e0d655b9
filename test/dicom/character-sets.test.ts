import { describe, expect, test } from 'vitest';
import { characterSets } from '../../src/dicom/character-sets.ts';
import { personNameOf } from '../../src/dicom/person-name.ts';

/** Bytes of a text in which `{1B}` and the like are bytes in hexadecimal. */
function bytesOf(text: string): Uint8Array {
  const parts = text.split(/\{([0-9A-F ]+)\}/);
  return Uint8Array.from(
    parts.flatMap((part, index) =>
      index % 2 === 0
        ? [...part].map((character) => character.charCodeAt(0))
        : part.split(' ').map((hexadecimal) => Number.parseInt(hexadecimal, 16)),
    ),
  );
}

const name = (terms: string, text: string) => personNameOf(characterSets(terms.split('\\')).personName(bytesOf(text)));

/** YAMADA^TAROU in the kanji of JIS X 0208, and in hiragana. */
const KANJI = ['{3B 33 45 44}', '{42 40 4F 3A}'];
const HIRAGANA = ['{24 64 24 5E 24 40}', '{24 3F 24 6D 24 26}'];
const TO_KANJI = '{1B 24 42}';
const TO_ASCII = '{1B 28 42}';
const TO_ROMAJI = '{1B 28 4A}';
const switched = (to: string, back: string, parts: readonly string[]) =>
  parts.map((part) => `${to}${part}${back}`).join('^');

describe('the examples of PS3.5', () => {
  test('annex H.3.1: Japanese, default repertoire and JIS X 0208', () => {
    const text = `Yamada^Tarou=${switched(TO_KANJI, TO_ASCII, KANJI)}=${switched(TO_KANJI, TO_ASCII, HIRAGANA)}`;
    expect(name('\\ISO 2022 IR 87', text)).toEqual({
      alphabetic: 'Yamada^Tarou',
      ideographic: '山田^太郎',
      phonetic: 'やまだ^たろう',
    });
  });

  test('annex H.3.2: Japanese, JIS X 0201 and JIS X 0208', () => {
    const halfWidth = '{D4 CF C0 DE}^{C0 DB B3}';
    const text = `${halfWidth}=${switched(TO_KANJI, TO_ROMAJI, KANJI)}=${switched(TO_KANJI, TO_ROMAJI, HIRAGANA)}`;
    expect(name('ISO 2022 IR 13\\ISO 2022 IR 87', text)).toEqual({
      alphabetic: 'ﾔﾏﾀﾞ^ﾀﾛｳ',
      ideographic: '山田^太郎',
      phonetic: 'やまだ^たろう',
    });
  });

  test('annex I.2: Korean', () => {
    const to = '{1B 24 29 43}';
    const text = `Hong^Gildong=${to}{FB F3}^${to}{D1 CE D4 D7}=${to}{C8 AB}^${to}{B1 E6 B5 BF}`;
    expect(name('\\ISO 2022 IR 149', text)).toEqual({
      alphabetic: 'Hong^Gildong',
      ideographic: '洪^吉洞',
      phonetic: '홍^길동',
    });
  });

  test('annex J.1: Chinese in UTF-8', () => {
    const text = 'Wang^XiaoDong={E7 8E 8B}^{E5 B0 8F E6 9D B1}=';
    expect(name('ISO_IR 192', text)).toEqual({
      alphabetic: 'Wang^XiaoDong',
      ideographic: '王^小東',
      phonetic: null,
    });
  });

  test.each(['GB18030', 'GBK'])('annex J.2: Chinese in %s', (term) => {
    const text = 'Wang^XiaoDong={CD F5}^{D0 A1 B6 AB}=';
    expect(name(term, text)).toMatchObject({ alphabetic: 'Wang^XiaoDong', ideographic: '王^小东' });
  });

  test('annex K.2: Chinese in GB 2312 with code extensions', () => {
    const to = '{1B 24 29 41}';
    const text = `Zhang^XiaoDong=${to}{D5 C5}^${to}{D0 A1 B6 AB}=`;
    expect(name('\\ISO 2022 IR 58', text)).toMatchObject({ alphabetic: 'Zhang^XiaoDong', ideographic: '张^小东' });
  });
});

describe('code extensions', () => {
  test.each<[string, string, string]>([
    ['100', '{1B 2D 41}{C4}', 'Ä'],
    ['101', '{1B 2D 42}{A3}', 'Ł'],
    ['109', '{1B 2D 43}{A6}', 'Ĥ'],
    ['110', '{1B 2D 44}{A2}', 'ĸ'],
    ['144', '{1B 2D 4C}{BB EE DA}', 'Люк'],
    ['127', '{1B 2D 47}{C7}', 'ا'],
    ['126', '{1B 2D 46}{C4}', 'Δ'],
    ['138', '{1B 2D 48}{F9}', 'ש'],
    ['148', '{1B 2D 4D}{DD}', 'İ'],
    ['203', '{1B 2D 62}{A4}', '€'],
    ['166', '{1B 2D 54}{A1}', 'ก'],
    ['13', '{1B 29 49}{D4}', 'ﾔ'],
    ['159', '{1B 24 28 44}{30 21}{1B 28 42}', '丂'],
    ['87', '{1B 24 42}{30 21}{1B 28 42}', '亜'],
    ['149', '{1B 24 29 43}{B0 A1}', '가'],
    ['58', '{1B 24 29 41}{B0 A1}', '啊'],
  ])('ISO 2022 IR %s is switched to and back', (number, text, expected) => {
    const { text: decode } = characterSets(['ISO 2022 IR 6', `ISO 2022 IR ${number}`]);
    expect(decode(bytesOf(`a ${text} b`))).toBe(`a ${expected} b`);
  });

  test('several in one value: Latin, Greek and Cyrillic', () => {
    const { personName } = characterSets(['ISO 2022 IR 100', 'ISO 2022 IR 126', 'ISO 2022 IR 144']);
    const text = 'Buc^J{E9}r{F4}me={1B 2D 46}{C4 E9 EF ED}={1B 2D 4C}{BB EE DA}';
    expect(personName(bytesOf(text))).toBe('Buc^Jérôme=Διον=Люк');
  });

  test('a delimiter brings the first character set back', () => {
    const sets = characterSets(['ISO 2022 IR 100', 'ISO 2022 IR 144']);
    expect(sets.personName(bytesOf('{1B 2D 4C}{BB}^{C4}={C4}'))).toBe('Л^Ä=Ä');
    expect(sets.text(bytesOf('{1B 2D 4C}{BB}^{BB}\\{C4}'))).toBe('Л^Л\\Ä');
    expect(sets.text(bytesOf('{1B 2D 4C}{BB}{0D 0A}{C4}'))).toBe('Л\r\nÄ');
  });

  test('the upper half of the only such set is understood without its escape sequence', () => {
    expect(name('\\ISO 2022 IR 149', 'Hong^Gildong={FB F3}^{D1 CE D4 D7}').ideographic).toBe('洪^吉洞');
  });

  test('bytes of kanji that look like delimiters divide nothing', () => {
    // 3D 5E is 十, 3D 5C is 出; 5C 5E would be a backslash and a circumflex.
    const text = `Ju^De={1B 24 42}{3D 3D 3D 50 5C 5E 3D 5C}{1B 28 42}`;
    const [ideographic] = [name('\\ISO 2022 IR 87', text).ideographic ?? ''];
    expect(ideographic).toHaveLength(4);
    expect(ideographic).not.toMatch(/[\\^=]/);
  });

  test('an unknown or unfinished escape sequence is dropped', () => {
    const { text } = characterSets(['', 'ISO 2022 IR 87']);
    expect(text(bytesOf('a{1B}zb'))).toBe('ab');
    expect(text(bytesOf('a{1B}'))).toBe('a');
    expect(text(bytesOf('a{1B 24 42}{30}'))).toBe('a0');
  });
});

describe('encodings of one piece', () => {
  test.each<[string, string, string]>([
    ['ISO_IR 13', '{83 5C}', 'ソ'],
    ['GBK', '{95 5C}', '昞'],
    ['GB18030', '{81 5C}{81 30 81 30}', '乗\u0080'],
    ['BIG5', '{B3 5C}', '許'],
    ['SHIFT_JIS', '{95 5C}', '表'],
  ])('in %s a trail byte 5C is no backslash', (term, text, expected) => {
    expect(
      characterSets([term])
        .text(bytesOf(`a\\${text}\\b`))
        .split('\\'),
    ).toEqual(['a', expected, 'b']);
  });

  test.each<[string[], string, string]>([
    [['ISO_IR 999'], '{C4}', 'Ä'],
    [['NONSENSE'], '{C4}', 'Ä'],
    [[], '{C4}', 'Ä'],
    [[], '{C3 84}', 'Ä'],
    [['ISO_IR 6'], '{E5 B1 B1}', '山'],
    [['ISO_IR 100'], '{C3 84}', 'Ã„'],
    [['ISO_IR 192'], '{C4}', 'Ä'],
    [['iso-ir 144'], '{BB}', 'Л'],
    [['ISO 2022 IR 144'], '{BB}', 'Л'],
    [['ISO_IR 87'], '{1B 24 42}{30 21}', '亜'],
    [['UTF-8'], '{E5 B1 B1}', '山'],
    [['ISO-8859-7'], '{C4}', 'Δ'],
  ])('%j: the best of %s', (terms, text, expected) => {
    expect(characterSets(terms).text(bytesOf(text))).toBe(expected);
  });
});

test.each<[string, (string | null)[]]>([
  ['', [null, null, null]],
  ['^^^^', [null, null, null]],
  ['=山田^太郎', [null, '山田^太郎', null]],
  ['MÜLLER^JÖRG^^^ =  =', ['MÜLLER^JÖRG', null, null]],
  ['A=B=C=D', ['A', 'B', 'C']],
  ['x'.repeat(300), ['x'.repeat(256), null, null]],
  ['🩻'.repeat(300), ['🩻'.repeat(256), null, null]],
])('the name %s has the groups %j', (value, [alphabetic, ideographic, phonetic]) => {
  expect(personNameOf(value)).toEqual({ alphabetic, ideographic, phonetic });
});
