/** The stack of a pickle machine, with the marks that opcodes of several operands reach down to. */
import type { PickleValue } from './pickle-values.ts';
import { invalid } from './state-dict.ts';

/** Values, and open marks, at a time. */
const MAXIMUM_DEPTH = 1_000_000;

/** Never gives what lies below the last open mark. */
export class PickleStack {
  readonly #values: PickleValue[] = [];
  /** How many values lie below each open mark. */
  readonly #marks: number[] = [];

  push(value: PickleValue): void {
    if (this.#values.length >= MAXIMUM_DEPTH) throw invalid('its pickle needs too large a stack');
    this.#values.push(value);
  }

  mark(): void {
    if (this.#marks.length >= MAXIMUM_DEPTH) throw invalid('its pickle needs too large a stack');
    this.#marks.push(this.#values.length);
  }

  /** The last value, which stays. */
  top(): PickleValue {
    const value = this.#values.at(-1);
    if (value === undefined || this.#available() === 0) throw invalid('its pickle looks at an empty stack');
    return value;
  }

  /** The last value. */
  pop(): PickleValue {
    const [value] = this.popMany(1);
    return value as PickleValue;
  }

  /** The last values, in their order. */
  popMany(count: number): PickleValue[] {
    if (this.#available() < count) throw invalid('its pickle takes from an empty stack');
    return this.#values.splice(this.#values.length - count);
  }

  /** The values above the last mark, and the mark. */
  popMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw invalid('its pickle closes what was not opened');
    return this.#values.splice(mark);
  }

  /** The last value or, when nothing lies above it, the last mark. */
  drop(): void {
    if (this.#available() === 0 && this.#marks.length > 0) this.#marks.pop();
    else this.pop();
  }

  #available(): number {
    return this.#values.length - (this.#marks.at(-1) ?? 0);
  }
}
