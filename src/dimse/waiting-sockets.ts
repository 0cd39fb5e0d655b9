/**
 * Sockets that hold no association: those that have not asked for one yet, and those whose association has ended but that are
 * still open. When there are too many the oldest of the address that holds the most has to go, so whoever opens connections
 * by the thousand pushes out their own, and a peer that asks at once is heard.
 */
import type { Socket } from 'node:net';

/** A bounded set of sockets. */
export class WaitingSockets {
  readonly #most: number;
  /** In the order of their arrival. */
  readonly #byAddress = new Map<string, Set<Socket>>();
  #count = 0;

  /** @param most - sockets that may wait at once */
  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#count;
  }

  /** Takes a socket in until it closes or is removed; returns how many others had to go, 0 or 1. */
  add(socket: Socket): number {
    const address = socket.remoteAddress;
    if (address === undefined || socket.destroyed) {
      socket.destroy();
      return 0;
    }
    const evicted = this.#count >= this.#most ? this.#evict() : 0;
    const sockets = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, sockets.add(socket));
    this.#count += 1;
    socket.once('close', () => this.#forget(address, socket));
    return evicted;
  }

  /** The socket has an association now. */
  remove(socket: Socket): void {
    for (const [address, sockets] of this.#byAddress) if (sockets.has(socket)) this.#forget(address, socket);
  }

  /** Closes all at once. */
  destroyAll(): void {
    for (const sockets of this.#byAddress.values()) for (const socket of sockets) socket.destroy();
  }

  #forget(address: string, socket: Socket): void {
    const sockets = this.#byAddress.get(address);
    if (sockets?.delete(socket) !== true) return;
    this.#count -= 1;
    if (sockets.size === 0) this.#byAddress.delete(address);
  }

  #evict(): number {
    let fullest: [address: string, sockets: Set<Socket>] | undefined;
    for (const entry of this.#byAddress) if (entry[1].size > (fullest?.[1].size ?? 0)) fullest = entry;
    const oldest = fullest?.[1].values().next().value;
    if (fullest === undefined || oldest === undefined) return 0;
    this.#forget(fullest[0], oldest);
    oldest.destroy();
    return 1;
  }
}
