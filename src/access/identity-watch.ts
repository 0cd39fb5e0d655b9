/** Identities that outlive a request: those of live connections. */
import type { Identity } from './identity.ts';

/** Whether an identity still stands. */
export type IdentityState = 'VALID' | 'EXPIRED' | 'REVOKED';

/** Why an identity ended. */
export type IdentityEnd = Exclude<IdentityState, 'VALID'>;

/** Watches identities for as long as somebody is connected under them. */
export interface IdentityWatch {
  /** What is known now; at most a second old for identities that are watched by {@link onEnd}. */
  state(identity: Identity): IdentityState;
  /**
   * Like {@link state}, but looks first when the last look was more than a second ago: to be asked before something is shown.
   *
   * @throws GatewayError DATABASE_UNAVAILABLE
   */
  confirm(identity: Identity): Promise<IdentityState>;
  /** Calls `end` once when the identity expires or is revoked, also by another process. Returns how to stop watching. */
  onEnd(identity: Identity, end: (why: IdentityEnd) => void): () => void;
}
