/**
 * Buffers that films are gathered in on their way to the disk. A write is a trip to another thread, which costs the main thread
 * up to 0.1 ms, and sockets give 64 KiB at most; a megabyte takes 0.1 ms to copy. Once copied, a piece's memory is free for
 * its source to take back.
 */

/** The largest write. */
const BUFFER_BYTES = 512 * 1024;
/** The smallest full one, when many films come at once. */
const LEAST_BYTES = 128 * 1024;
/** What the films that come at once may fill together, as long as each has {@link LEAST_BYTES} twice. */
const SHARED_BYTES = 16 * 1024 * 1024;
/** A film has two: one is written while the other is filled. */
const BUFFERS_A_FILM = 2;
/** Buffers kept for the next films. */
const KEPT = SHARED_BYTES / BUFFER_BYTES;

/** Hands out buffers and takes them back. */
export class WriteBuffers {
  readonly #free: Buffer[] = [];
  #films = 0;

  /** Two buffers for one film, each as long as its writes should be; give them back when nothing is written from them. */
  take(): readonly [Buffer, Buffer] {
    this.#films += 1;
    const share = Math.floor(SHARED_BYTES / BUFFERS_A_FILM / this.#films);
    const length = Math.max(LEAST_BYTES, Math.min(BUFFER_BYTES, share));
    // Memory that is not touched is not taken, so a buffer that is used in part costs that part.
    return [this.#one().subarray(0, length), this.#one().subarray(0, length)];
  }

  give(buffers: readonly [Buffer, Buffer]): void {
    this.#films -= 1;
    for (const { buffer } of buffers) if (this.#free.length < KEPT) this.#free.push(Buffer.from(buffer));
  }

  #one(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }
}
