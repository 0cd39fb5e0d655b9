/** Texts that others chose and that people will read, in the audit above all. */

/**
 * Controls, halves of surrogate pairs, line and paragraph separators, and what turns the direction of writing or has no width: with
 * them one name can look like another, and PostgreSQL takes no NUL.
 */
const DECEPTIVE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/u;
const EVERY_DECEPTIVE = new RegExp(DECEPTIVE, 'gu');

/** Whether a text reads as what it is. */
export function isPlain(text: string): boolean {
  return !DECEPTIVE.test(text);
}

/** The text without what could deceive. */
export function plain(text: string): string {
  return text.replaceAll(EVERY_DECEPTIVE, '');
}
