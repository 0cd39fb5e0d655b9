/**
 * What the database said a moment ago. Entries live for a short time, and clear() forgets everything at once: also what is
 * being looked up meanwhile, whose answer may be older than the news that led to clearing.
 */

interface Entry<Value> {
  readonly value: Value;
  readonly until: number;
}

/** A small cache in front of a lookup. */
export class ShortCache<Value> {
  readonly #milliseconds: number;
  readonly #most: number;
  readonly #entries = new Map<string, Entry<Value>>();
  #generation = 0;

  /**
   * @param milliseconds - how long an entry lives
   * @param most - entries; the oldest goes
   */
  constructor(milliseconds: number, most: number) {
    this.#milliseconds = milliseconds;
    this.#most = most;
  }

  /** The value that is known, or what `look` finds. */
  async get(key: string, look: () => Promise<Value>): Promise<Value> {
    const known = this.#entries.get(key);
    if (known !== undefined && known.until > performance.now()) return known.value;
    const generation = this.#generation;
    const until = performance.now() + this.#milliseconds;
    const value = await look();
    if (generation === this.#generation) this.#put(key, { value, until });
    return value;
  }

  clear(): void {
    this.#generation += 1;
    this.#entries.clear();
  }

  #put(key: string, entry: Entry<Value>): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const oldest = this.#entries.size > this.#most ? this.#entries.keys().next().value : undefined;
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
