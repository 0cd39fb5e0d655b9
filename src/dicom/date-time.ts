/** DA, TM and Timezone Offset From UTC (PS3.5 section 6.2, PS3.3 section C.12.1.1.8) to ISO 8601. */

/** YYYYMMDD, YYYY.MM.DD of ACR-NEMA, the dashes of ISO 8601, and a DT where a DA belongs. Never a part of a date: half
 * of a birth date is not one. */
const DATE = /^(\d{4})([.-]?)(\d{2})\2(\d{2})(?:\d{2,6}(?:\.\d*)?(?:[+-]\d{4})?)?$/;
/** HH, HHMM, HHMMSS, HHMMSS.F to .FFFFFF, and the colons of ACR-NEMA. */
const TIME = /^(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{0,9}))?)?)?$/;
const OFFSET = /^([+-])(\d{2}):?(\d{2})$/;

/** `YYYY-MM-DD`, or null when absent or no day of the calendar. */
export function isoDate(date: string | null): string | null {
  const match = DATE.exec(date ?? '');
  if (match === null) return null;
  const text = `${match[1]}-${match[3]}-${match[4]}`;
  const parsed = new Date(`${text}T00:00:00Z`);
  return Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== text ? null : text;
}

/**
 * ISO 8601 date-time in UTC. A date without a valid time counts from midnight; without an offset the time is taken
 * as UTC.
 *
 * @param offset - Timezone Offset From UTC, `&ZZXX` such as `-0400`
 */
export function isoDateTime(date: string | null, time: string | null, offset: string | null): string | null {
  const day = isoDate(date);
  if (day === null) return null;
  const milliseconds = Date.parse(`${day}T00:00:00Z`) + timeOfDay(time) - offsetFromUtc(offset);
  return new Date(milliseconds).toISOString();
}

/** Milliseconds since midnight; 0 when absent or out of range. */
function timeOfDay(time: string | null): number {
  const match = TIME.exec(time ?? '');
  if (match === null) return 0;
  const [hours, minutes, seconds] = [match[1], match[2], match[3]].map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
  ];
  // 60 is a leap second (PS3.5 table 6.2-1); 24:00 is the end of the day, which DICOM writes 00:00 but not every sender.
  const isEndOfDay = hours === 24 && minutes === 0 && seconds === 0;
  if ((hours > 23 && !isEndOfDay) || minutes > 59 || seconds > 60) return 0;
  const milliseconds = Math.floor(Number(`0.${match[4] || '0'}`) * 1000);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds;
}

/** Milliseconds; 0 when absent or outside -12:00 to +14:00. */
function offsetFromUtc(offset: string | null): number {
  const match = OFFSET.exec(offset ?? '');
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  const signed = match[1] === '-' ? -minutes : minutes;
  return signed < -12 * 60 || signed > 14 * 60 ? 0 : signed * 60_000;
}
