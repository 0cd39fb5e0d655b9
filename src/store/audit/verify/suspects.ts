/**
 * Rows that do not follow from the row before them, and what became of them.
 *
 * A row that does not fit where it lies may fit elsewhere: after the row before another suspect, or after a suspect. So each is
 * tried after each of those, again and again with the places found. What fits at its own place was only beside the fault; what
 * fits at another was moved; what fits nowhere was altered, or inserted.
 */
import { rowHash } from '../audit-hash.ts';
import type { AuditContent } from '../audit-row.ts';
import type { ChainFinding } from './findings.ts';
import { inserted, missing } from './findings.ts';

/** A row of the chain as it lies in the table. */
export interface ChainRow {
  readonly position: number;
  readonly id: string;
  readonly hash: string | null;
  readonly content: AuditContent;
}

/** A row that does not fit. */
export interface Suspect extends ChainRow {
  /** Hash of the row before it, where one lies there. */
  readonly before: string | undefined;
  /** Whether the row before it fits. */
  readonly afterGood: boolean;
  /** Where the row was written, less where it lies: not 0 behind rows that were removed or inserted with renumbering. */
  readonly shift: number;
}

/** From this suspect on, the rows were written this much further on than they lie. */
export interface Shift {
  readonly suspect: Suspect;
  /** Position of the first row that showed it. */
  readonly shownAt: number;
  /** More than 0: rows were removed; less: inserted. */
  readonly by: number;
}

interface Anchor {
  readonly hash: string;
  readonly position: number;
  /** Whose content gives this hash while another is stored. */
  readonly computedOf?: Suspect;
}

/** Explains the suspects. */
export function explain(suspects: readonly Suspect[], shifts: readonly Shift[]): readonly ChainFinding[] {
  const { places, wrongHash } = placesOf(suspects);
  const moved = new Map<number, number>();
  const findings: ChainFinding[] = [];
  for (const suspect of suspects) {
    const { position } = suspect;
    const place = places.get(suspect);
    if (place !== undefined) {
      if (!ownPlaces(suspect, shifts).includes(place)) moved.set(position, place);
    } else if (shifts.every((shift) => shift.suspect !== suspect)) {
      findings.push(wrongHash.has(suspect) ? hashAltered(position) : altered(position));
    }
  }
  return [...shiftFindings(shifts, moved), ...findings, ...movedFindings(moved)];
}

/** Where a suspect may have been written when it is not at fault: where it lies, before or behind the row that was. */
function ownPlaces({ position, shift }: Suspect, shifts: readonly Shift[]): readonly number[] {
  const own = position + shift;
  const around = shifts.filter(({ suspect, shownAt }) => suspect.position <= position && position < shownAt);
  return [own, ...around.map(({ by }) => own + by)];
}

function placesOf(suspects: readonly Suspect[]): {
  readonly places: ReadonlyMap<Suspect, number>;
  readonly wrongHash: ReadonlySet<Suspect>;
} {
  const places = new Map<Suspect, number>();
  const wrongHash = new Set<Suspect>();
  let anchors = suspects.filter(({ afterGood }) => afterGood).flatMap(anchorsOf);
  while (anchors.length > 0) {
    const next: Anchor[] = [];
    for (const suspect of suspects) {
      if (places.has(suspect) || suspect.hash === null) continue;
      const anchor = anchors.find(
        ({ hash, position }) => rowHash(hash, String(position + 1), suspect.id, suspect.content) === suspect.hash,
      );
      if (anchor === undefined) continue;
      if (anchor.computedOf !== undefined) wrongHash.add(anchor.computedOf);
      places.set(suspect, anchor.position + 1);
      next.push({ hash: suspect.hash, position: anchor.position + 1 });
    }
    anchors = next;
  }
  return { places, wrongHash };
}

/** The row before, and the row itself as it would be with its content. */
function anchorsOf(suspect: Suspect): readonly Anchor[] {
  const { before, position, shift, id, content } = suspect;
  if (before === undefined) return [];
  const own = position + shift;
  const computed = rowHash(before, String(own), id, content);
  return [
    { hash: before, position: own - 1 },
    { hash: computed, position: own, computedOf: suspect },
  ];
}

/** A row that was moved with renumbering looks removed at one place and inserted at the other. */
function shiftFindings(shifts: readonly Shift[], moved: ReadonlyMap<number, number>): readonly ChainFinding[] {
  const movedFrom = new Set(moved.values());
  return shifts.flatMap(({ suspect: { position, shift }, by }) => {
    const written = position + shift;
    if (by > 0) {
      if (by === 1 && movedFrom.has(written)) return [];
      return [missing(written, written + by - 1, 'removed, and the rows behind were renumbered')];
    }
    return moved.has(position) ? [] : [inserted(position, position - by - 1, 'the rows behind were renumbered')];
  });
}

function movedFindings(moved: ReadonlyMap<number, number>): readonly ChainFinding[] {
  const findings: ChainFinding[] = [];
  for (const [from, to] of moved) {
    if (moved.get(to) === from) {
      if (from < to)
        findings.push({ kind: 'EXCHANGED', positions: [from, to], problem: `Rows ${from} and ${to} exchanged.` });
    } else {
      findings.push({ kind: 'MOVED', positions: [from, to], problem: `The row at ${from} was written at ${to}.` });
    }
  }
  return findings;
}

function altered(position: number): ChainFinding {
  const why =
    position === 1
      ? 'its content is not the one that its hash was made of, or it is the beginning of the chain of another database'
      : `its content is not the one that its hash was made of, or row ${position - 1} was written anew with another hash`;
  return { kind: 'ALTERED', positions: [position], problem: `Row ${position} altered: ${why}.` };
}

function hashAltered(position: number): ChainFinding {
  const problem = `The hash of row ${position} altered: its content is the one that the next row was made on.`;
  return { kind: 'HASH_ALTERED', positions: [position], problem };
}
