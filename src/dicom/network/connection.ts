/**
 * A byte stream with bounds, on a TCP or TLS socket. Bytes are pulled: when {@link PAUSE_BYTES} wait to be taken, the socket
 * is read no further, so a slow disk holds up its sender and not the memory. Every wait has an end.
 */
import type { Socket } from 'node:net';
import { GatewayError } from '../../errors.ts';

/** The socket is paused at this many waiting bytes. Sockets give up to 64 KiB at once. */
const PAUSE_BYTES = 256 * 1024;
/** And read on from here. */
const RESUME_BYTES = 128 * 1024;

/** A moment by which something has to be complete. */
export interface Deadline {
  /** On the clock of performance.now(). */
  readonly at: number;
  /** What was not complete by then, for the message. */
  readonly what: string;
}

/** No more than `milliseconds` from now. */
export function deadlineIn(milliseconds: number, what: string): Deadline {
  return { at: performance.now() + milliseconds, what };
}

/** The bytes of one socket. */
export class Connection {
  readonly #socket: Socket;
  /** Longest silence of the peer while it is waited for, ms. */
  patience: number;
  readonly #chunks: Buffer[] = [];
  /** Chunks whose last byte has been lent out; their memory goes when the next bytes are asked for. */
  readonly #spent: Buffer[] = [];
  #waitingBytes = 0;
  #finished = false;
  #failure: Error | undefined;
  #discarding = false;
  #wake: (() => void) | undefined;
  /** Resolves when the socket is gone. */
  readonly closed: Promise<void>;

  constructor(socket: Socket, patience: number) {
    this.#socket = socket;
    this.patience = patience;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.once('end', () => this.#finish(undefined));
    socket.on('error', (error) => this.#finish(error));
    this.closed = new Promise((resolve) => {
      if (socket.destroyed) resolve();
      socket.once('close', () => {
        this.#finish(undefined);
        resolve();
      });
    });
  }

  get peerAddress(): string {
    return this.#socket.remoteAddress ?? 'unknown';
  }

  /** Whether the peer can still be written to. */
  get writable(): boolean {
    return this.#socket.writable;
  }

  /** Whether the peer has closed its end, or the connection broke; what it sent before may still wait to be read. */
  get isClosedByPeer(): boolean {
    return this.#finished;
  }

  #receive(chunk: Buffer): void {
    if (this.#discarding) return;
    this.#chunks.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= PAUSE_BYTES && this.#wake === undefined) this.#socket.pause();
    this.#wake?.();
  }

  #finish(failure: Error | undefined): void {
    this.#finished = true;
    this.#failure ??= failure;
    this.#wake?.();
  }

  /** Waits until a byte is there. @throws GatewayError DICOM_NODE_FAILED */
  async ready(deadline?: Deadline): Promise<void> {
    while (this.#waitingBytes === 0) await this.#more(deadline);
  }

  /**
   * Exactly `length` bytes; the caller has checked `length` against a cap.
   *
   * @throws GatewayError DICOM_NODE_FAILED when the connection ends before, or the peer is silent or too slow
   */
  async read(length: number, deadline: Deadline): Promise<Buffer> {
    this.#takeBack();
    while (this.#waitingBytes < length) await this.#more(deadline);
    return this.#take(length);
  }

  /**
   * Between 1 and `most` bytes, without copying.
   *
   * @param lent - the bytes are needed no longer than until the next call, nor are those read before
   * @throws as {@link read}
   */
  async readSome(most: number, deadline: Deadline, lent = false): Promise<Buffer> {
    this.#takeBack();
    while (this.#waitingBytes === 0) await this.#more(deadline);
    return this.#take(Math.min(most, this.#chunks[0]?.length ?? 0), lent);
  }

  #take(length: number, lent = false): Buffer {
    const first = this.#chunks[0];
    if (first === undefined || first.length < length) return this.#gather(length);
    if (first.length === length) {
      this.#chunks.shift();
      if (lent) this.#spent.push(first);
    } else this.#chunks[0] = first.subarray(length);
    this.#taken(length);
    return first.subarray(0, length);
  }

  #gather(length: number): Buffer {
    const whole = Buffer.allocUnsafe(length);
    for (let filled = 0; filled < length; ) {
      const first = this.#chunks[0];
      if (first === undefined) throw new Error('bytes were counted that are not there');
      const used = first.copy(whole, filled);
      filled += used;
      if (used === first.length) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(used);
    }
    this.#taken(length);
    return whole;
  }

  /**
   * Frees the memory of spent chunks at once; each chunk of a socket has memory of its own. Left to the garbage collector,
   * which sees many small objects and no need to hurry, it piles up until everything is marked, once each 14 MB: a third
   * of the processor time of a film.
   */
  #takeBack(): void {
    for (const { buffer } of this.#spent) if (buffer instanceof ArrayBuffer) buffer.transfer(0);
    this.#spent.length = 0;
  }

  #taken(length: number): void {
    this.#waitingBytes -= length;
    if (this.#waitingBytes < RESUME_BYTES && this.#socket.isPaused()) this.#socket.resume();
  }

  /** Waits for the next chunk. One reader at a time. */
  async #more(deadline: Deadline | undefined): Promise<void> {
    if (this.#finished) throw this.#lost();
    this.#socket.resume();
    const left = deadline === undefined ? Number.POSITIVE_INFINITY : deadline.at - performance.now();
    const wait = Math.min(this.patience, left);
    const inTime = await this.#woken(wait);
    if (inTime || this.#finished) return;
    if (deadline !== undefined && left <= this.patience) throw late(`${deadline.what} was not complete in time.`);
    throw late(`The peer was silent for ${this.patience} ms.`);
  }

  async #woken(milliseconds: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const inTime = await new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, milliseconds), false);
      this.#wake = () => resolve(true);
    });
    clearTimeout(timer);
    this.#wake = undefined;
    return inTime;
  }

  /**
   * Gives bytes to the socket as one write; waits when the peer is slower than they come.
   *
   * @throws GatewayError DICOM_NODE_FAILED when the connection is lost, or nothing was taken for the idle timeout, or not
   *   everything by the deadline
   */
  async write(parts: readonly Uint8Array[], deadline: Deadline): Promise<void> {
    const socket = this.#socket;
    if (!socket.writable) throw this.#lost();
    socket.cork();
    let roomy = true;
    for (const part of parts) roomy = socket.write(part);
    socket.uncork();
    if (!roomy) await this.#drained(deadline);
  }

  async #drained(deadline: Deadline): Promise<void> {
    const socket = this.#socket;
    const wait = Math.min(this.patience, deadline.at - performance.now());
    const outcome = await new Promise<'drained' | 'late' | 'lost'>((resolve) => {
      const settle = (how: 'drained' | 'late' | 'lost') => {
        clearTimeout(timer);
        socket.off('drain', onDrain);
        socket.off('close', onClose);
        resolve(how);
      };
      const onDrain = () => settle('drained');
      const onClose = () => settle('lost');
      const timer = setTimeout(() => settle('late'), Math.max(0, wait));
      socket.once('drain', onDrain);
      socket.once('close', onClose);
      if (socket.destroyed) settle('lost');
    });
    if (outcome === 'lost') throw this.#lost();
    if (outcome === 'late') throw late(`The peer did not read what it was sent within ${Math.round(wait)} ms.`);
  }

  /**
   * Sends the last bytes and closes: after the peer has closed too, but no later than `lingerMs`. What the peer still sends is
   * read and thrown away, since closing on unread bytes resets the connection and may lose the last ones on their way.
   */
  end(last: Uint8Array | undefined, lingerMs: number): void {
    if (this.#discarding) return;
    const peerIsGone = this.#finished;
    this.#discarding = true;
    this.#chunks.length = 0;
    this.#waitingBytes = 0;
    this.#finish(undefined);
    const socket = this.#socket;
    if (socket.destroyed) return;
    if (last !== undefined && socket.writable) socket.end(last);
    else socket.end();
    socket.resume();
    if (peerIsGone) socket.destroySoon();
    const cut = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(cut));
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  #lost(): GatewayError {
    const cause = this.#failure === undefined ? {} : { cause: this.#failure };
    return new GatewayError('DICOM_NODE_FAILED', 'The connection was closed without a release.', {}, cause);
  }
}

function late(problem: string): GatewayError {
  return new GatewayError('DICOM_NODE_FAILED', problem);
}
