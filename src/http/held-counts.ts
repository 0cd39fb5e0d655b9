/** Counts what each key holds at present; a key is forgotten with the last that it holds. */
export class HeldCounts {
  readonly #most: number;
  readonly #counts = new Map<string, number>();

  /** @param most - that one key may hold */
  constructor(most: number) {
    this.#most = most;
  }

  /** @returns gives up what was taken, once however often it is called; undefined when the key holds all it may */
  take(key: string): (() => void) | undefined {
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#most) return undefined;
    this.#counts.set(key, count + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    };
  }
}
