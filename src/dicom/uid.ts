/** Unique identifiers (PS3.5 section 9). */

const MAXIMUM_LENGTH = 64;

/**
 * Whether a text has the form of a UID: digits and dots, at most 64 characters. Leading zeros of a component, which
 * PS3.5 section 9.1 forbids, occur in films of real modalities and are accepted.
 */
export function isUid(text: string): boolean {
  return text.length <= MAXIMUM_LENGTH && /^[0-9]+(\.[0-9]+)+$/.test(text);
}
