/** Person Name (PS3.5 section 6.2.1.2): up to three component groups divided by `=`. */

/** The groups of one name, each with its components joined by `^`, without trailing delimiters; null where empty. */
export interface PersonName {
  /** In single-byte characters, such as `YAMADA^TARO`. */
  readonly alphabetic: string | null;
  /** In the characters of the language, such as kanji. */
  readonly ideographic: string | null;
  /** As it is spoken, such as in kana. */
  readonly phonetic: string | null;
}

/** Most characters kept of a group; PS3.5 allows 64. */
const MAXIMUM_GROUP = 256;

/** Divides a decoded name into its groups. */
export function personNameOf(value: string): PersonName {
  const [alphabetic, ideographic, phonetic] = value.split('=').map(group);
  return { alphabetic: alphabetic ?? null, ideographic: ideographic ?? null, phonetic: phonetic ?? null };
}

function group(text: string): string | null {
  // Cut between characters: half of a surrogate pair is no text.
  const kept = text.length <= MAXIMUM_GROUP ? text : [...text].slice(0, MAXIMUM_GROUP).join('');
  const trimmed = kept.trim().replace(/[\^\s]+$/u, '');
  return trimmed === '' ? null : trimmed;
}
