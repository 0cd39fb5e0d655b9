/** WebSockets whose peers have not said who they are yet. */
import { HeldCounts } from '../held-counts.ts';
import { addressKey } from '../identity-limits.ts';

/** Of one address these may wait whatever the setting. */
const FEWEST = 16;

/** The share of MAX_SUBSCRIPTIONS that one address may hold without a credential: others find room beside it. */
const SHARE = 4;

/** Counts them by address; a peer has 3 s to prove itself, and nothing would keep it from coming back for three more. */
export class UnprovedSockets {
  readonly #counts: HeldCounts;

  /** @param maxConnections - MAX_SUBSCRIPTIONS */
  constructor(maxConnections: number) {
    this.#counts = new HeldCounts(Math.max(FEWEST, Math.floor(maxConnections / SHARE)));
  }

  /** @returns to be called once the peer has proved itself or is gone; undefined when too many of its address wait */
  admit(address: string | null): (() => void) | undefined {
    return this.#counts.take(addressKey(address));
  }
}
