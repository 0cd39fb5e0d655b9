/** Counts the running subscriptions of each identity, from the moment they are let in until they have ended in any way. */
import type { ExecutionResult } from 'graphql';
import type { WebSocket } from 'ws';
import type { Caller } from '../../access/caller.ts';
import type { IdentityLimits } from '../identity-limits.ts';

type Events = AsyncGenerator<ExecutionResult, void, void>;

/** The count of this process. */
export class SubscriptionCount {
  readonly #limits: IdentityLimits;
  /** By the arguments with which a subscription is executed. */
  readonly #releases = new WeakMap<object, () => void>();
  readonly #ofSocket = new WeakMap<WebSocket, Set<() => void>>();

  constructor(limits: IdentityLimits) {
    this.#limits = limits;
  }

  /**
   * @param execution - the arguments with which it will be executed
   * @throws GatewayError RATE_LIMITED
   */
  begin(execution: object, caller: Caller, socket: WebSocket): void {
    const free = this.#limits.openSubscription(caller);
    const held = this.#heldBy(socket);
    const release = () => {
      held.delete(release);
      free();
    };
    held.add(release);
    this.#releases.set(execution, release);
  }

  /**
   * To be told what the execution gave.
   *
   * @returns what takes its place; undefined: nothing does
   */
  follow(execution: object, result: unknown): Events | undefined {
    const release = this.#releases.get(execution);
    if (release === undefined) return undefined;
    if (isAsyncIterable(result)) return released(result[Symbol.asyncIterator](), release);
    release();
    return undefined;
  }

  /** What was let in and never came to be executed ends with its connection. */
  #heldBy(socket: WebSocket): Set<() => void> {
    let held = this.#ofSocket.get(socket);
    if (held === undefined) {
      const all = new Set<() => void>();
      held = all;
      this.#ofSocket.set(socket, all);
      socket.once('close', () => {
        for (const release of [...all]) release();
      });
    }
    return held;
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<ExecutionResult> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** A generator's `finally` does not run when it is ended before its first event; this is told of every end. */
function released(events: AsyncIterator<ExecutionResult>, release: () => void): Events {
  const done = { done: true, value: undefined } as const;
  const end = async (): Promise<typeof done> => {
    release();
    await events.return?.();
    return done;
  };
  return {
    next: async () => {
      try {
        const result = await events.next();
        if (result.done !== true) return result;
      } catch (error) {
        release();
        throw error;
      }
      release();
      return done;
    },
    return: end,
    throw: async (error) => {
      await end();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: async () => {
      await end();
    },
  };
}
