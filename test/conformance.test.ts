/** The conformance statement says what the code does. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONFORMANCE_TABLES, withTables } from '../scripts/conformance-tables.ts';
import { ANSWERED_STATUSES } from '../src/dimse/conformance.ts';
import { ERROR_DEFINITIONS } from '../src/errors.ts';

const document = readFileSync(resolve(import.meta.dirname, '..', 'docs', 'dicom-conformance.md'), 'utf8');

describe('docs/dicom-conformance.md', () => {
  it('has the tables of the code; `npm run conformance` makes them anew', () => {
    expect(withTables(document)).toBe(document);
  });

  it('has a row for every transfer syntax, class and status that the code has', () => {
    const tables = Object.values(CONFORMANCE_TABLES).map((make) => make());
    expect(tables.every((table) => table.split('\n').length > 2 && document.includes(table))).toBe(true);
  });

  it('names every status that a refused film can have', () => {
    const answered = new Set(ANSWERED_STATUSES.map(({ status }) => status));
    const film = Object.values(ERROR_DEFINITIONS).map(({ dicomStatus }) => dicomStatus);
    expect(film.filter((status) => !answered.has(status))).toEqual([]);
  });
});
