/** UIDs of a UI value replaced one by one. */

/** Registered by DICOM itself: classes, transfer syntaxes, well-known frames of reference and palettes. */
const WELL_KNOWN = /^1\.2\.840\.10008(\.(0|[1-9]\d*))+$/;

/**
 * A UI value with its UIDs replaced; not padded.
 *
 * @param value - one UID or several, parted by `\`, perhaps padded
 * @param replace - called for every value that no standard has registered, also for those that are no UIDs
 */
export function replaceUids(value: Uint8Array, replace: (uid: string) => string): Uint8Array {
  const uids = textOf(value).split('\\');
  return Buffer.from(uids.map((uid) => (uid === '' || WELL_KNOWN.test(uid) ? uid : replace(uid))).join('\\'), 'latin1');
}

/** A value of a single UID or code string without its padding. */
export function textOf(value: Uint8Array | undefined): string {
  if (value === undefined) return '';
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL pads UIDs
  return text.replace(/[\u0000 ]+(?=\\|$)/g, '').replace(/(?<=^|\\) +/g, '');
}
