import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { BEYOND_THE_PROFILE } from '../../../src/dicom/deidentify/beyond-the-profile.ts';
import { type Elements, writePart10 } from '../../../src/dicom/part10-writer.ts';
import { makePhantom } from '../../../src/dicom/phantom.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from '../../../src/dicom/transfer-syntaxes.ts';
import { bigEndianFilm, deflatedFilm, encapsulatedFilm } from '../../support/encoded-films.ts';
import { testPseudonyms } from '../../support/pseudonyms.ts';
import { errorOf, fileOf, filmOf, smallFilm, smallFilmBytes } from '../support.ts';
import {
  deidentified,
  linesOf,
  markedElements,
  PATIENT,
  type ParsedDataSet,
  parsed,
  type TableLine,
  tracesOf,
} from './support.ts';

const PROFILE = linesOf();
const BEYOND = linesOf(BEYOND_THE_PROFILE);
const LINES = [...PROFILE, ...BEYOND];

/** What the film cannot do without, and what says of itself what it is. */
const STATED = new Set(['00080018', '00100010', '00100020', '0020000d', '0020000e', '00120062', '00280303']);

/** A kept sequence: its items are gone through. */
const NESTING = '0040a043';

/** A film with every line of both tables, at the top and in an item of an item. */
function everything(): Elements {
  const inner = { ...markedElements(LINES, 'INNER'), '00080070': ['LO', 'KEPT INSIDE'] } as Elements;
  return smallFilm({
    ...markedElements(LINES, 'OUTER'),
    '00080018': ['UI', '1.2.3.7777.1'],
    '00080070': ['LO', 'KEPT OUTSIDE'],
    [NESTING]: ['SQ', [{ [NESTING]: ['SQ', [inner]] }]],
    '00090010': ['LO', 'PRIVATE CREATOR SECRET'],
    '00091001': ['LO', 'PRIVATE SECRET'],
    '00291010': ['SQ', [{ '00100010': ['PN', 'PRIVATE^NESTED'] }]],
    '50000010': ['US', 1],
    '50003000': ['OW', Buffer.from('CURVE SECRET')],
    '60000010': ['US', 1],
    '60003000': ['OW', Buffer.from('OVERLAY SECRET')],
    '60004000': ['LT', 'OVERLAY COMMENT SECRET'],
    '60220022': ['LO', 'OVERLAY DESCRIPTION SECRET'],
    '7f000010': ['OW', Buffer.from('VARIABLE PIXELS SECRET')],
    fffafffa: ['SQ', [{ '04000100': ['UI', '1.2.3.7777.2'], '04000120': ['OB', Buffer.from('SIGNATURE SECRET')] }]],
    fffcfffc: ['OB', Buffer.from('TRAILING SECRET!')],
  });
}

const SECRETS = /PRIVATE|CURVE|OVERLAY|VARIABLE|SIGNATURE|TRAILING|OUTER\d|INNER\d|1\.2\.3\.7777/;

const ENCODINGS = [
  ['Explicit VR', EXPLICIT_VR_LITTLE_ENDIAN],
  ['Implicit VR', IMPLICIT_VR_LITTLE_ENDIAN],
] as const;

describe.each(ENCODINGS)('every attribute of the tables, %s', (_name, syntax) => {
  const make = async () => deidentified(await fileOf(writePart10(everything(), syntax)));

  test('of no value that must go is there a trace', async () => {
    const text = (await make()).toString('latin1');
    const left = LINES.flatMap(({ vr, keyword, tag }, index) =>
      ['OUTER', 'INNER'].flatMap((prefix) =>
        tracesOf(vr, `${prefix}${index}Q`, index)
          .filter((trace) => trace.length > 4 && text.includes(trace))
          .map(() => `${keyword} ${tag}`),
      ),
    );
    expect(left).toEqual([]);
    expect(SECRETS.exec(text)?.[0]).toBeUndefined();
    expect(text).toContain('KEPT OUTSIDE');
    expect(text).toContain('KEPT INSIDE');
  });

  test('each attribute is what its action says', async () => {
    const { dict } = parsed(await make());
    const inner = itemOf(itemOf(dict, NESTING), NESTING);
    const wrong = LINES.filter(({ tag }) => !STATED.has(tag)).flatMap((line) =>
      [dict, inner].filter((dataSet) => !fits(line, dataSet)).map(() => `${line.keyword} ${line.code}`),
    );
    expect(wrong).toEqual([]);
  });

  test('a sequence that needs an item has an empty one', async () => {
    const bytes = await make();
    const without = PROFILE.filter(({ vr, code }) => vr === 'SQ' && code === 'D').filter(({ tag }) => {
      const header = Buffer.from([tag.slice(2, 4), tag.slice(0, 2), tag.slice(6, 8), tag.slice(4, 6)].join(''), 'hex');
      const sq = syntax === EXPLICIT_VR_LITTLE_ENDIAN ? Buffer.from('SQ\0\0') : Buffer.alloc(0);
      return !bytes.includes(Buffer.concat([header, sq, Buffer.from('08000000feff00e000000000', 'hex')]));
    });
    expect(without).toEqual([]);
  });

  test('the pixels are the same', async () => {
    const bytes = await make();
    expect((await filmOf(bytes)).words).toEqual((await filmOf(writePart10(everything(), syntax))).words);
  });
});

function itemOf(dataSet: ParsedDataSet, tag: string): ParsedDataSet {
  return dataSet[tag.toUpperCase()]?.Value[0] as ParsedDataSet;
}

function fits({ tag, code, vr }: TableLine, dataSet: ParsedDataSet): boolean {
  const element = dataSet[tag.toUpperCase()];
  if (code === 'X') return element === undefined;
  if (element === undefined) return false;
  const values = element.Value.filter((value) => value !== '' && value !== null);
  if (code === 'Z' || code === 'X/Z') return values.length === 0;
  if (code === 'U') return values.every((value) => String(value).startsWith('2.25.')) && values.length > 0;
  // Of an item without elements dcmjs makes no value; the next test looks for it.
  if (vr === 'SQ') return code === 'X/Z/U*' ? values.length === 1 : values.length === 0;
  return element.Value.length > 0;
}

describe('what a film says of itself afterwards', () => {
  test('that its identity was removed, how, and who it is now', async () => {
    const { dict, meta } = parsed(await deidentified(await fileOf(makePhantom({ seed: 3, rows: 20, columns: 20 }))));
    const first = (tag: string) => dict[tag]?.Value[0];
    expect(first('00120062')).toBe('YES');
    expect(first('00120063')).toBe('Basic Application Confidentiality Profile, PS3.15-2026c');
    expect(first('00120064')).toMatchObject({
      '00080100': { Value: ['113100'] },
      '00080102': { Value: ['DCM'] },
      '00080104': { Value: ['Basic Application Confidentiality Profile'] },
    });
    expect(first('00280303')).toBe('REMOVED');
    expect(String(first('00100020'))).toBe(PATIENT);
    expect(meta['00020003']?.Value[0]).toBe(first('00080018'));
    expect(meta['00020013']?.Value[0]).toBe('CXR_GATEWAY');
  });

  test('preamble and file meta information are new', async () => {
    const original = Buffer.from(smallFilmBytes());
    original.fill('SECRET', 0, 128);
    const bytes = await deidentified(await fileOf(original));
    expect(bytes.subarray(0, 128).every((byte) => byte === 0)).toBe(true);
  });

  test('elements stand in the order of their tags', async () => {
    const bytes = await deidentified(await fileOf(smallFilmBytes()));
    const tags = Object.keys(parsed(bytes).dict);
    expect(tags).toEqual([...tags].sort());
  });

  test('what is kept is the same to the byte', async () => {
    const { dict } = parsed(await deidentified(await fileOf(makePhantom({ seed: 3, rows: 20, columns: 20 }))));
    const first = (tag: string) => dict[tag]?.Value[0];
    expect(['00080060', '00180015', '00185101'].map(first)).toEqual(['DX', 'CHEST', 'PA']);
    expect(first('00082218')).toMatchObject({ '00080100': { Value: ['816094009'] } });
    expect(first('00281050')).toBe(2048);
  });
});

describe('UIDs', () => {
  const film = () =>
    smallFilmBytes({
      '00081140': ['SQ', [{ '00081150': ['UI', '1.2.840.10008.5.1.4.1.1.1.1'], '00081155': ['UI', '1.2.3.4'] }]],
      '00200052': ['UI', '1.2.3.5'],
      '00280009': ['AT', Buffer.from([0x18, 0, 0x63, 0x10])],
      '00281199': ['UI', '1.2.840.10008.1.5.1'],
    });

  test('are replaced by the same each time, in references too; well-known ones stay', async () => {
    const { dict } = parsed(await deidentified(await fileOf(film())));
    const reference = dict['00081140']?.Value[0] as ParsedDataSet;
    const pseudonym = testPseudonyms().uidFor('1.2.3.4');
    expect(dict['00080018']?.Value).toEqual([pseudonym]);
    expect(reference['00081155']?.Value).toEqual([pseudonym]);
    expect(reference['00081150']?.Value).toEqual(['1.2.840.10008.5.1.4.1.1.1.1']);
    expect(dict['00200052']?.Value).toEqual([testPseudonyms().uidFor('1.2.3.5')]);
    expect(dict['00281199']?.Value).toEqual(['1.2.840.10008.1.5.1']);
  });
});

describe('encodings', () => {
  const elements = { ...everything(), '7fe00010': ['OW', pixels()] } as Elements;

  test('a deflated data set comes out as Explicit VR Little Endian with the same words', async () => {
    const bytes = await deidentified(await fileOf(deflatedFilm(elements)));
    expect(parsed(bytes).meta['00020010']?.Value).toEqual([EXPLICIT_VR_LITTLE_ENDIAN]);
    expect(SECRETS.exec(bytes.toString('latin1'))?.[0]).toBeUndefined();
    expect((await filmOf(bytes)).words).toEqual((await filmOf(writePart10(elements))).words);
  });

  test('big-endian films stay big-endian', async () => {
    const lines = PROFILE.filter(({ vr }) => !['SQ', 'OB', 'OW', 'UC', 'UN', 'UR', 'UT'].includes(vr));
    const flat = smallFilm({ ...markedElements(lines, 'OUTER'), '7fe00010': ['OW', pixels()] });
    const bytes = await deidentified(await fileOf(bigEndianFilm(flat)));
    expect(SECRETS.exec(bytes.toString('latin1'))?.[0]).toBeUndefined();
    const film = await filmOf(bytes);
    expect(film.words).toEqual((await filmOf(writePart10(flat))).words);
    expect(bytes.includes(Buffer.from('00120062435300045945532000', 'hex').subarray(0, 12))).toBe(true);
  });

  test('encapsulated pixels are copied fragment by fragment', async () => {
    const fragments = [Buffer.alloc(300, 1), Buffer.alloc(500, 2)];
    const film = encapsulatedFilm(smallFilm(), '1.2.840.10008.1.2.4.90', fragments);
    const bytes = await deidentified(
      await fileOf(Buffer.concat([film, Buffer.from('fcfffcff4f42000006000000', 'hex'), Buffer.from('SECRET')])),
    );
    expect(bytes.toString('latin1')).not.toContain('SECRET');
    const delimited = Buffer.from('feffdde000000000', 'hex');
    expect(bytes.subarray(-8)).toEqual(delimited);
    expect(bytes.includes(Buffer.concat(fragments.slice(0, 1)))).toBe(true);
    expect(digest(bytes.subarray(bytes.lastIndexOf(Buffer.from('e07f10004f420000ffffffff', 'hex'))))).toBe(
      digest(film.subarray(film.lastIndexOf(Buffer.from('e07f10004f420000ffffffff', 'hex')))),
    );
  });
});

describe('what cannot be understood', () => {
  test('a sequence of VR UN is gone through as Implicit VR', async () => {
    const inner = Buffer.from('10002000060000005345435245542020', 'hex').subarray(0, 14);
    const item = Buffer.concat([Buffer.from('feff00e00e000000', 'hex'), inner]);
    const bytes = await deidentified(await fileOf(smallFilmBytes({ '00404999': ['UN', item] })));
    expect(bytes.toString('latin1')).not.toContain('SECRET');
    expect(parsed(bytes).dict['00404999']).toBeDefined();
  });

  test('a sequence that is none is removed', async () => {
    const broken = Buffer.concat([Buffer.from('feff00e0ff000000', 'hex'), Buffer.from('10001000SECRET^NAME')]);
    const bytes = await deidentified(await fileOf(smallFilmBytes({ '00404999': ['UN', broken] })));
    expect(bytes.toString('latin1')).not.toContain('SECRET');
    expect(parsed(bytes).dict['00404999']).toBeUndefined();
  });

  test('attributes of a later standard: names, times and free texts go, codes stay', async () => {
    const bytes = await deidentified(
      await fileOf(
        smallFilmBytes({
          '00404990': ['PN', 'SECRET^NAME'],
          '00404991': ['DT', '19700101'],
          '00404992': ['UT', 'SECRET TEXT'],
          '00404993': ['CS', 'CODE'],
        }),
      ),
    );
    const { dict } = parsed(bytes);
    expect(bytes.toString('latin1')).not.toMatch(/SECRET|19700101/);
    expect(dict['00404993']?.Value).toEqual(['CODE']);
    expect(dict['00404992']).toBeUndefined();
  });
});

describe('films that are refused', () => {
  const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';

  test.each<[string, Elements]>([
    ['text in the pixels', { '00280301': ['CS', 'YES'] }],
    ['recognizable features', { '00280301': ['CS', 'NO'], '00280302': ['CS', 'YES'] }],
    ['a secondary capture that is silent', { '00080016': ['UI', SECONDARY_CAPTURE] }],
    ['a multi-frame secondary capture', { '00080016': ['UI', `${SECONDARY_CAPTURE}.4`] }],
    ['ultrasound', { '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.6.1'] }],
    ['a photograph', { '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.77.1.4'] }],
    ['a private class', { '00080016': ['UI', '1.3.12.2.1107.5.9.1'] }],
    ['a digitized film', { '00080064': ['CS', 'DF'] }],
    ['a capture of a screen', { '00080008': ['CS', 'DERIVED\\SECONDARY\\SCREEN SAVE'] }],
    ['another modality', { '00080060': ['CS', 'OT'] }],
  ])('%s', async (_name, elements) => {
    const error = await errorOf(deidentified(await fileOf(smallFilmBytes(elements))));
    expect(error.code).toBe('DEIDENTIFICATION_REFUSED');
  });

  test.each<[string, Elements]>([
    ['a secondary capture without text', { '00080016': ['UI', SECONDARY_CAPTURE], '00280301': ['CS', 'NO'] }],
    ['a radiograph that is silent', { '00280301': undefined }],
    [
      'a radiograph of computed radiography',
      { '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.1'], '00080060': ['CS', 'CR'] },
    ],
  ])('but not %s', async (_name, elements) => {
    expect((await deidentified(await fileOf(smallFilmBytes(elements)))).length).toBeGreaterThan(512);
  });
});

const pixels = () => Buffer.from(Array.from({ length: 512 }, (_, index) => (index * 7) % 251));
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
