/** Text as FHIR R4 allows it (section "Primitive Types"). */

/** Controls, but for tab and line ends. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are taken out
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/** Spaces that some implementations of FHIR's patterns do not count as text, such as the ideographic one in names. */
const OTHER_SPACES = /[^\S \t\r\n]/g;

/** A value of the type string: never empty, without controls, and with plain spaces only. */
export function fhirString(text: string): string {
  const clean = text.toWellFormed().replace(CONTROLS, '\ufffd').replace(OTHER_SPACES, ' ');
  return clean === '' ? '-' : clean;
}
