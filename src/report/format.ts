/** Values as the report writes them: the same everywhere, in UTC, and a dash for what is not known. */
import type { Proportion } from '../statistics/proportion.ts';

/** For what there is no value of. */
export const NONE = '\u2013';

/** 2026-11-24 18:22 UTC. */
export function moment(time: Date | null | undefined): string {
  return time ? `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC` : NONE;
}

/** 2026-11-24, UTC. */
export function day(time: Date): string {
  return time.toISOString().slice(0, 10);
}

/** With a true minus sign; 3 digits after the point unless told. */
export function figure(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const text = value.toFixed(digits);
  const zero = Number(text) === 0;
  return zero ? text.replace('-', '') : text.replace('-', '\u2212');
}

/** As it was set, without zeros at its end: thresholds are compared with what was configured. */
export function exact(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** 1 234 567. */
export function count(value: number): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, '\u00a0');
}

/** 0.91 (0.82 to 0.96). */
export function withInterval(value: number | null, low: number | null, high: number | null, digits = 2): string {
  if (value === null) return NONE;
  const bounds = low === null || high === null ? '' : ` (${figure(low, digits)} to ${figure(high, digits)})`;
  return figure(value, digits) + bounds;
}

/** 0.91 (0.82 to 0.96), 10/11; a dash without trials. */
export function share({ value, low, high, successes, trials }: Proportion): string {
  return value === null ? NONE : `${withInterval(value, low, high)}, ${successes}/${trials}`;
}

/** Longest name of a label. */
const LONGEST_LABEL = 200;

/** Pleural_Thickening as people write it. */
export function labelText(label: string): string {
  return cut(label.replaceAll('_', ' '), LONGEST_LABEL);
}

/** Cut after a number of characters, and marked so. */
export function cut(text: string, most: number): string {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}\u2026` : text;
}

/** maria (api-key:0193...): the name that a person or key had, and the subject that identifies it for good. */
export function personText(name: string | null, subject: string): string {
  return name === null ? subject : `${name} (${subject})`;
}
