/**
 * Checks a chain row by row, in constant memory: of rows that do not fit, the first {@link MOST_SUSPECTS} are kept to find out
 * what became of them; more are counted.
 */
import { rowHash } from '../audit-hash.ts';
import { type ChainFinding, inserted, missing } from './findings.ts';
import { type ChainRow, explain, type Shift, type Suspect } from './suspects.ts';

const MOST_SUSPECTS = 500;
const MOST_FINDINGS = 500;

/** Rows removed or inserted at one place that renumbering does not hide. */
const FARTHEST_SHIFT = 1000;

/** Looks for a shift: each costs up to 2,000 hashes. */
const MOST_SEARCHES = 50;

/** Where the chain should end. */
export interface ChainHead {
  readonly position: number;
  readonly hash: string;
}

/** Checks rows that come in the order of their positions. */
export class ChainCheck {
  readonly #findings: ChainFinding[] = [];
  readonly #suspects: Suspect[] = [];
  readonly #shifts: Shift[] = [];
  /** Hash of the last row; undefined when nothing is known of it. */
  #hash: string | undefined;
  #position: number;
  /** Hash of the row before the last. */
  #earlier: string | undefined;
  /** First suspect of those that came last without a row that fits between them. */
  #streak: Suspect | undefined;
  #shift = 0;
  #searches = 0;
  #rows = 0;
  #unexplained = 0;

  /** @param before - what the first row follows; hash undefined: unknown */
  constructor(before: { readonly position: number; readonly hash: string | undefined }) {
    this.#position = before.position;
    this.#hash = before.hash;
  }

  /** Rows checked. */
  get rows(): number {
    return this.#rows;
  }

  add(row: ChainRow): void {
    this.#rows += 1;
    if (row.position <= this.#position) {
      this.#again(row);
      return;
    }
    if (row.position > this.#position + 1) {
      this.#find(
        missing(this.#position + 1, row.position - 1, `row ${row.position} follows, which cannot be checked without`),
      );
      this.#earlier = undefined;
      this.#hash = undefined;
      this.#streak = undefined;
    }
    this.#judge(row);
    this.#earlier = this.#hash;
    this.#hash = row.hash ?? undefined;
    this.#position = row.position;
  }

  /** Everything that is wrong, once all rows have come. */
  end(head: ChainHead): readonly ChainFinding[] {
    const explained = explain(this.#suspects, this.#shifts);
    const ending = this.#ending(head);
    const isForeign =
      ending?.kind === 'HEAD' && explained.some(({ kind, positions }) => kind === 'ALTERED' && positions[0] === 1);
    if (isForeign) {
      const problem =
        "The chain does not begin with this database's name and does not end at its head: its rows are another database's.";
      return [{ kind: 'FOREIGN', positions: [1], problem }];
    }
    const more = this.#unexplained === 0 ? [] : [tooMany(this.#unexplained)];
    return [...this.#findings, ...explained, ...(ending === undefined ? [] : [ending]), ...more];
  }

  #judge(row: ChainRow): void {
    if (this.#hash === undefined) return; // nothing to check it by; the row behind it tells whether its hash is right
    if (this.#fits(row, this.#hash, this.#shift)) {
      this.#streak = undefined;
      return;
    }
    if (this.#streak !== undefined && this.#findShift(row, this.#hash, this.#streak)) return;
    const suspect: Suspect = { ...row, before: this.#hash, afterGood: this.#streak === undefined, shift: this.#shift };
    this.#streak ??= suspect;
    if (this.#suspects.length < MOST_SUSPECTS) this.#suspects.push(suspect);
    else this.#unexplained += 1;
  }

  #fits(row: ChainRow, before: string, shift: number): boolean {
    return rowHash(before, String(row.position + shift), row.id, row.content) === row.hash;
  }

  /** Whether it fits the row before when it was written some places further on, or further back, than it lies. */
  #findShift(row: ChainRow, before: string, streak: Suspect): boolean {
    if (this.#searches >= MOST_SEARCHES) return false;
    this.#searches += 1;
    for (let distance = 1; distance <= FARTHEST_SHIFT; distance += 1) {
      for (const by of [distance, -distance]) {
        if (!this.#fits(row, before, this.#shift + by)) continue;
        this.#shifts.push({ suspect: streak, shownAt: row.position, by });
        this.#shift += by;
        this.#streak = undefined;
        return true;
      }
    }
    return false;
  }

  /** A position that came before, or lies before the first. */
  #again(row: ChainRow): void {
    const { position } = row;
    if (position < this.#position) {
      this.#find(inserted(position, position, 'no row can have this position'));
      return;
    }
    this.#find({ kind: 'DUPLICATED', positions: [position], problem: `Position ${position} is there more than once.` });
    // Of the two, the chain goes on behind the one that fits.
    if (this.#earlier === undefined || !this.#fits(row, this.#earlier, this.#shift)) return;
    const last = this.#suspects.at(-1);
    if (last?.position === position) this.#suspects.pop();
    this.#streak = undefined;
    this.#hash = row.hash ?? undefined;
  }

  #ending(head: ChainHead): ChainFinding | undefined {
    const last = this.#position;
    if (head.position > last && head.position !== last + this.#shift) {
      return missing(last + 1, head.position, `the head is at ${head.position}`);
    }
    if (head.position < last) return inserted(head.position + 1, last, `the head is at ${head.position}`);
    if (head.hash === this.#hash || this.#hash === undefined) return undefined;
    const problem = `The head does not have the hash of row ${last}: the head was altered, or row ${last} was written anew.`;
    return { kind: 'HEAD', positions: [last], problem };
  }

  #find(finding: ChainFinding): void {
    if (this.#findings.length < MOST_FINDINGS) this.#findings.push(finding);
    else this.#unexplained += 1;
  }
}

function tooMany(count: number): ChainFinding {
  return { kind: 'ALTERED', positions: [], problem: `${count} more rows do not fit.` };
}
