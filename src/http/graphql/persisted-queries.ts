/**
 * Automatic persisted queries (Apollo's protocol): a client sends the SHA-256 of an operation, and the operation itself only
 * when this process does not know it yet. Apollo compares text and hash; this keeps the texts.
 */

/** What Apollo asks of a cache. */
export interface QueryCache {
  get(key: string): Promise<string | undefined>;
  set(key: string, text: string): Promise<void>;
  delete(key: string): Promise<boolean>;
}

/** Characters of all texts; more than a thousand operations of a usual front end. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/** Keeps the texts that were used last. Anybody may send new ones, so it is bounded by their size. */
export class RecentQueries implements QueryCache {
  readonly #texts = new Map<string, string>();
  readonly #maxCharacters: number;
  #characters = 0;

  constructor(maxCharacters: number = MAX_CHARACTERS) {
    this.#maxCharacters = maxCharacters;
  }

  async get(key: string): Promise<string | undefined> {
    const text = this.#texts.get(key);
    if (text !== undefined) {
      this.#texts.delete(key);
      this.#texts.set(key, text); // a Map keeps the order of insertion: the first is the one longest unused
    }
    return text;
  }

  async set(key: string, text: string): Promise<void> {
    await this.delete(key);
    if (text.length > this.#maxCharacters) return;
    this.#texts.set(key, text);
    this.#characters += text.length;
    for (const oldest of this.#texts.keys()) {
      if (this.#characters <= this.#maxCharacters) return;
      await this.delete(oldest);
    }
  }

  async delete(key: string): Promise<boolean> {
    this.#characters -= this.#texts.get(key)?.length ?? 0;
    return this.#texts.delete(key);
  }
}
