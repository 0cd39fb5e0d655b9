/** WebSockets whose peers have not said who they are yet. */
import { addressKey } from '../identity-limits.ts';

/** Of one address these may wait whatever the setting. */
const FEWEST = 16;

/** The share of MAX_SUBSCRIPTIONS that one address may hold without a credential: others find room beside it. */
const SHARE = 4;

/** Counts them by address; a peer has 3 s to prove itself, and nothing would keep it from coming back for three more. */
export class UnprovedSockets {
  readonly #most: number;
  readonly #counts = new Map<string, number>();

  /** @param maxConnections - MAX_SUBSCRIPTIONS */
  constructor(maxConnections: number) {
    this.#most = Math.max(FEWEST, Math.floor(maxConnections / SHARE));
  }

  /** @returns to be called once the peer has proved itself or is gone; undefined when too many of its address wait */
  admit(address: string | null): (() => void) | undefined {
    const key = addressKey(address);
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#most) return undefined;
    this.#counts.set(key, count + 1);
    let waiting = true;
    return () => {
      if (!waiting) return;
      waiting = false;
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    };
  }
}
