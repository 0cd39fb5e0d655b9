import { describe, expect, test } from 'vitest';
import { parseLabels, rowsByFile } from '../../../src/inference/evaluate/labels.ts';

const LABELS = ['Mass', 'Pleural_Thickening', 'Hernia'];
const parse = (text: string) => parseLabels(text, 'labels.csv', LABELS);

describe('parseLabels', () => {
  test('finds columns by name, and knows present, absent and unknown', () => {
    const table = parse('Image,Age,pleural thickening,MASS,Patient ID\n1.png,40,1,0.0,7\n2.png,,-1,,\n');
    expect(table).toEqual({
      hasPatients: true,
      absent: ['Hernia'],
      films: [
        { file: '1.png', patient: '7', truths: [0, 1, null] },
        { file: '2.png', patient: 'film 2.png', truths: [null, null, null] },
      ],
    });
  });

  test('does without patients', () => {
    const table = parse('file,Mass\n1.png,1\n');
    expect(table.hasPatients).toBe(false);
    expect(table.films[0]?.patient).toBeNull();
  });

  test.each([
    ['file,Mass\n', 'line 1: the table has no films'],
    ['', 'line 1: the table has no films'],
    ['file,View\n1.png,PA\n', 'line 1: no column is named like a label of the model'],
    ['Mass,View\n1,PA\n', 'line 1: no column is named like a label of the model'],
    ['file,Mass,mass\n1.png,1,1\n', 'line 1: two columns are named mass'],
    ['file,Mass\n1.png,1\n2.png,yes\n', 'line 3: Mass is "yes", not 1, 0, -1 or empty'],
    ['file,Mass\n,1\n', 'line 2: the film has no file name'],
    ['file,Mass\n1.png,1\n\n1.png,0\n', 'line 4: the film 1.png stands in line 2 already'],
  ])('refuses %j', (text, message) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST', message: expect.stringContaining(message) }),
    );
  });
});

describe('rowsByFile', () => {
  const table = parse('file,Mass\na/1.png,1\n2.png,0\n3.png,0\n');

  test('by path, else by the name of the file', () => {
    const rows = rowsByFile(table, ['a/1.png', 'b/2.png', 'other.png'], 'labels.csv');
    expect([...rows].map(([file, row]) => [file, row.file])).toEqual([
      ['a/1.png', 'a/1.png'],
      ['b/2.png', '2.png'],
    ]);
  });

  test('refuses a row that fits two films, and a table of other films', () => {
    expect(() => rowsByFile(table, ['a/2.png', 'b/2.png'], 'labels.csv')).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST', message: expect.stringContaining('a/2.png and b/2.png') }),
    );
    expect(() => rowsByFile(table, ['x.png'], 'labels.csv')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });
});
