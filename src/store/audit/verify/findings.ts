/** What verification finds wrong with a chain. */

/** Kinds of findings. */
export type ChainFindingKind =
  | 'ALTERED'
  | 'HASH_ALTERED'
  | 'MISSING'
  | 'INSERTED'
  | 'DUPLICATED'
  | 'EXCHANGED'
  | 'MOVED'
  | 'FOREIGN'
  | 'HEAD'
  | 'EXPECTED'
  | 'UNSEALED';

/** One thing that is wrong, and where. */
export interface ChainFinding {
  readonly kind: ChainFindingKind;
  /** Positions concerned; of a range, the first and the last. Empty when it is no matter of positions. */
  readonly positions: readonly number[];
  /** As a sentence. */
  readonly problem: string;
}

/** `row 7` or `rows 7 to 9`. */
function rowsText(first: number, last: number): string {
  return first === last ? `row ${first}` : `rows ${first} to ${last}`;
}

/** Rows that are not there any more. @param why - how that shows, as the end of a sentence */
export function missing(first: number, last: number, why: string): ChainFinding {
  return {
    kind: 'MISSING',
    positions: range(first, last),
    problem: `${capital(rowsText(first, last))} missing: ${why}.`,
  };
}

/** Rows that the gateway did not write there. @param why - as of {@link missing} */
export function inserted(first: number, last: number, why: string): ChainFinding {
  return {
    kind: 'INSERTED',
    positions: range(first, last),
    problem: `${capital(rowsText(first, last))} inserted: ${why}.`,
  };
}

function range(first: number, last: number): readonly number[] {
  return first === last ? [first] : [first, last];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
