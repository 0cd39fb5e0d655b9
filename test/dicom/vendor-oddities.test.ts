/** One film as many makers would write it: each must become the grey levels of the plain one, or say why not. */
import { describe, expect, test } from 'vitest';
import { assessEligibility } from '../../src/dicom/eligibility.ts';
import type { Elements } from '../../src/dicom/part10-writer.ts';
import { makePhantom } from '../../src/dicom/phantom.ts';
import { filmOf, headerOf } from './support.ts';

const SIDE = 128;
const PIXELS = SIDE * SIDE;

/** Stored values of a phantom of 12 bits, which is the plain film. */
const plain = makePhantom({ seed: 3, rows: SIDE, columns: SIDE });
const values = new Uint16Array(plain.slice(plain.length - 2 * PIXELS).buffer);

const stored = (change: (value: number, index: number) => number): Elements => ({
  '7fe00010': ['OW', new Uint8Array(Uint16Array.from(values, (value, index) => change(value, index) & 0xffff).buffer)],
});
const bits = (count: number, highBit = count - 1): Elements => ({
  '00280101': ['US', count],
  '00280102': ['US', highBit],
});
const window = (center: string | readonly string[], width: string | readonly string[]): Elements => ({
  '00281050': ['DS', center],
  '00281051': ['DS', width],
});
const NO_WINDOW: Elements = { '00281050': undefined, '00281051': undefined };
const SIGNED: Elements = { '00280103': ['US', 1] };
const INVERSE: Elements = { '00280004': ['CS', 'MONOCHROME1'], '20500020': ['CS', 'INVERSE'] };

/** A straight line from 0 to the highest output, of as many entries as wanted. */
function table(first: number, entries: number, depth: number, vr = 'US'): Elements {
  const line = Uint16Array.from({ length: entries }, (_, index) =>
    Math.round((index * (2 ** depth - 1)) / (entries - 1)),
  );
  return {
    '00283002': [vr, [entries & 0xffff, first & 0xffff, depth]],
    '00283006': ['OW', new Uint8Array(line.buffer)],
  };
}
const voiLut = (...items: Elements[]): Elements => ({ ...NO_WINDOW, '00283010': ['SQ', items] });

async function greysOf(elements: Elements): Promise<Uint8Array> {
  const { words, lookup } = await filmOf(makePhantom({ seed: 3, rows: SIDE, columns: SIDE, elements }));
  return Uint8Array.from(words, (word) => lookup[word] ?? 0);
}

/** Largest difference of a pixel from the plain film. */
async function difference(elements: Elements): Promise<number> {
  const [greys, expected] = [await greysOf(elements), await greysOf({})];
  return greys.reduce((most, grey, index) => Math.max(most, Math.abs(grey - (expected[index] ?? 0))), 0);
}

describe('the same film', () => {
  test.each<[string, Elements]>([
    ['inverse', { ...INVERSE, ...stored((value) => 4095 - value) }],
    ['inverse of a CR without a shape', { ...INVERSE, '20500020': undefined, ...stored((value) => 4095 - value) }],
    ['several windows, the first for it', window(['2048', '1500'], ['4096', '300'])],
    ['a window with exponents and blanks', window(' 2.048E+03 ', '4.096e3 ')],
    ['a window with sign and leading zeros', window('+2048', '04096.00')],
    ['a window of width 1 before a good one', window(['2048', '2048'], ['1', '4096'])],
    ['more widths than centres', window('2048', ['4096', '100'])],
    ['an empty window before a good one', window(['0', '2048'], ['0', '4096'])],
    ['a VOI LUT of 16 bits', voiLut(table(0, 4096, 16))],
    ['a VOI LUT of 8 bits in words', voiLut(table(0, 4096, 8))],
    ['two VOI LUTs, the first for it', voiLut(table(0, 4096, 12), table(2000, 2, 12))],
    ['a VOI LUT of 65,536 entries', { ...bits(16), ...stored((value) => value * 16), ...voiLut(table(0, 65_536, 16)) }],
    [
      'a VOI LUT from a negative value',
      { ...SIGNED, ...stored((value) => value - 2048), ...voiLut(table(-2048, 4096, 16, 'SS')) },
    ],
    [
      'a VOI LUT from a negative value, written as unsigned',
      { ...SIGNED, ...stored((value) => value - 2048), ...voiLut(table(-2048, 4096, 16)) },
    ],
    [
      'a VOI LUT that is cut, beside a window',
      { '00283010': ['SQ', [{ ...table(0, 8, 16), '00283002': ['US', [4096, 0, 16]] }]] },
    ],
    [
      'a modality LUT',
      {
        '00281052': undefined,
        '00281053': undefined,
        '00283000': ['SQ', [table(0, 4096, 16)]],
        ...window('32768', '65536'),
      },
    ],
    [
      'logarithmic values, turned round by the rescale slope',
      {
        ...stored((value) => 4095 - value),
        '00281052': ['DS', '4095'],
        '00281053': ['DS', '-1'],
        '00281040': ['CS', 'LOG'],
        '00281041': ['SS', 0xffff],
      },
    ],
    ['a rescale slope of 0', { '00281053': ['DS', '0'] }],
    ['a rescale slope of 24 digits', { '00281053': ['DS', '1.0000000000000000000000'] }],
    ['a rescale slope that is no number', { '00281053': ['DS', 'nan'] }],
    ['an overlay in bit 12', stored((value, index) => value | (((index >> 4) & 1) << 12))],
    ['garbage above the stored bits', stored((value, index) => value | (((index * 31) & 15) << 12))],
    ['values in the upper bits', { ...bits(12, 15), ...stored((value) => (value << 4) | 5) }],
    ['values in the middle', { ...bits(12, 13), ...stored((value, index) => (value << 2) | (index & 3) | 0x8000) }],
    ['signed, not extended', { ...SIGNED, ...stored((value) => (value - 2048) & 0xfff), ...window('0', '4096') }],
    ['signed, extended', { ...SIGNED, ...stored((value) => value - 2048), ...window('0', '4096') }],
    ['10 bits', { ...bits(10), ...stored((value) => value >> 2), ...window('512', '1024') }],
    ['13 bits', { ...bits(13), ...stored((value) => value << 1), ...window('4096', '8192') }],
    ['15 bits', { ...bits(15), ...stored((value) => value << 3), ...window('16384', '32768') }],
    ['16 bits', { ...bits(16), ...stored((value) => value << 4), ...window('32768', '65536') }],
    ['a padding value that no pixel has', { '00280120': ['US', 65_535] }],
    ['a padding limit without a value', { '00280121': ['US', 4095] }],
    ['Number of Frames 0', { '00280008': ['IS', '0'] }],
    ['Number of Frames empty', { '00280008': ['IS', ''] }],
  ])('with %s has the same greys', async (_, elements) => {
    expect(await difference(elements)).toBeLessThanOrEqual(1);
  });
});

describe('a film whose header says two things', () => {
  const SILENT_CODES: Elements = { '00082218': undefined, '00540220': undefined };

  test.each<[string, Elements, string, string[]]>([
    ['High Bit 12 of 12 bits', bits(12, 12), 'READ_WITH_WARNING', ['HIGH_BIT_UNUSUAL']],
    ['High Bit 15 of 12 bits', bits(12, 15), 'READ_WITH_WARNING', ['HIGH_BIT_UNUSUAL']],
    ['views PA and LL', { ...SILENT_CODES, '00185101': ['CS', ['PA', 'LL']] }, 'INELIGIBLE', ['VIEW_POSITION']],
    ['views AP and PA', { ...SILENT_CODES, '00185101': ['CS', ['AP', 'PA']] }, 'READ', []],
    ['chest and abdomen', { ...SILENT_CODES, '00180015': ['CS', ['CHEST', 'ABDOMEN']] }, 'INELIGIBLE', ['BODY_PART']],
    ['chest twice', { ...SILENT_CODES, '00180015': ['CS', ['CHEST', '', 'CHEST']] }, 'READ', []],
  ])('%s', async (_, elements, verdict, rules) => {
    const header = await headerOf(makePhantom({ seed: 3, rows: SIDE, columns: SIDE, elements }));
    const assessment = assessEligibility(header);
    expect(assessment.verdict).toBe(verdict);
    expect(assessment.reasons.map((reason) => reason.split(':')[0])).toEqual(rules);
  });
});
