import { describe, expect, test } from 'vitest';
import { parseCsv } from '../../../src/inference/evaluate/csv.ts';

const fields = (text: string) => parseCsv(text, 'x.csv').map((record) => record.fields);

describe('parseCsv', () => {
  test('plain and empty fields, LF and CRLF, with and without a last line end, after a byte order mark', () => {
    expect(fields('\ufeffa,b,c\r\n1,,3\n,,\r\n4,5,6')).toEqual([
      ['a', 'b', 'c'],
      ['1', '', '3'],
      ['', '', ''],
      ['4', '5', '6'],
    ]);
    expect(fields('a\n')).toEqual([['a']]);
    expect(fields('')).toEqual([]);
  });

  test('quoted fields hold separators, line ends and doubled quotes', () => {
    expect(fields('"a,b","c""d"\n"e\nf",""\n')).toEqual([
      ['a,b', 'c"d'],
      ['e\nf', ''],
    ]);
  });

  test('counts lines by the file, not by records, and steps over empty ones', () => {
    const records = parseCsv('a,b\n"1\n2",3\n\n4,5\n', 'x.csv');
    expect(records.map(({ line }) => line)).toEqual([1, 2, 5]);
  });

  test.each([
    ['a,b\n1,2\n3\n', 'x.csv, line 3: 1 field(s) where the first record has 2'],
    ['a,b\n1,2,3\n', 'x.csv, line 2: 3 field(s)'],
    ['a,b\n"1,2\n', 'x.csv, line 2: a quote'],
    ['a,b\n1,x"y\n', 'x.csv, line 2: a quote'],
    ['a,b\n"1"x,2\n', 'x.csv, line 2: a quote'],
  ])('refuses %j with its line', (text, message) => {
    expect(() => parseCsv(text, 'x.csv')).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST', message: expect.stringContaining(message) }),
    );
  });
});
