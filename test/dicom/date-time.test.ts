import { expect, test } from 'vitest';
import { isoDate, isoDateTime } from '../../src/dicom/date-time.ts';

test.each<[string | null, string | null]>([
  ['20260115', '2026-01-15'],
  ['2026.01.15', '2026-01-15'],
  ['20240229', '2024-02-29'],
  ['20260229', null],
  ['20261301', null],
  ['00000000', null],
  ['2026', null],
  ['d14a028c2a3a2bc947', null],
  ['', null],
  [null, null],
])('the date %s becomes %s', (date, expected) => {
  expect(isoDate(date)).toBe(expected);
});

test.each<[string | null, string | null, string]>([
  ['093000', null, '2026-01-15T09:30:00.000Z'],
  ['093000.123456', null, '2026-01-15T09:30:00.123Z'],
  ['0930', null, '2026-01-15T09:30:00.000Z'],
  ['09', null, '2026-01-15T09:00:00.000Z'],
  ['09:30:15', null, '2026-01-15T09:30:15.000Z'],
  ['235960', null, '2026-01-16T00:00:00.000Z'],
  ['250000', null, '2026-01-15T00:00:00.000Z'],
  [null, null, '2026-01-15T00:00:00.000Z'],
  ['093000', '-0400', '2026-01-15T13:30:00.000Z'],
  ['003000', '+0530', '2026-01-14T19:00:00.000Z'],
  ['093000', '+9900', '2026-01-15T09:30:00.000Z'],
  ['093000', 'EST', '2026-01-15T09:30:00.000Z'],
])('the time %s at offset %s becomes %s', (time, offset, expected) => {
  expect(isoDateTime('20260115', time, offset)).toBe(expected);
});

test('a time without a date is nothing', () => {
  expect(isoDateTime(null, '093000', null)).toBeNull();
});
