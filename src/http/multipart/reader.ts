/**
 * Reads a multipart message (RFC 2046 section 5.1) as it arrives. Parts come one after the other and are pulled: bytes
 * are asked of the source only when the reader of the present part asks for them, so memory holds one chunk of the
 * source and a tail shorter than a delimiter, whatever the size of the parts.
 *
 * A boundary that occurs anywhere in the bytes, also split over chunks, ends the part; a message that ends without its
 * closing delimiter is refused, because its last part may have been cut off.
 */
import { GatewayError } from '../../errors.ts';
import { type PartHeaders, parsePartHeaders } from './part-headers.ts';

/** One part. */
export interface Part {
  readonly headers: PartHeaders;
  /** The bytes; read once. Throws what the source throws, and BAD_REQUEST when the message breaks off. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Resolves when the body has been read to its end, has failed, or its reader has left it. */
  readonly released: Promise<void>;
}

const DOUBLE_CRLF = Buffer.from('\r\n\r\n');
const CARRIAGE_RETURN = 0x0d;
const NOTHING = Buffer.alloc(0);

/** A few short fields are usual; more is an attack or no multipart message. */
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_PREAMBLE_BYTES = 64 * 1024;

const malformed = (problem: string): GatewayError => new GatewayError('BAD_REQUEST', problem);

/**
 * The parts of a message in order. Take the next part only after {@link Part.released}, or when nobody reads the body:
 * what is left of it is then skipped.
 *
 * @throws GatewayError BAD_REQUEST when the message is malformed or incomplete; what the source throws
 */
export async function* readParts(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
): AsyncGenerator<Part, void, void> {
  const message = new Message(source, boundary);
  try {
    await message.skipPreamble();
    while (await message.beginPart()) {
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      yield { headers: await message.headers(), body: message.body(release), released };
      await message.skipRest();
    }
    await message.skipEpilogue();
  } finally {
    await message.leave();
  }
}

class Message {
  readonly #source: AsyncIterator<Uint8Array>;
  /** CRLF "--" boundary. */
  readonly #delimiter: Buffer;
  /** Bytes that have arrived and are not yet given out. A first delimiter needs no line break before it: one is put there. */
  #window: Buffer = Buffer.from('\r\n');
  #partEnded = true;
  /** Why the message cannot be read on. */
  #failure: { readonly error: unknown } | undefined;

  constructor(source: AsyncIterable<Uint8Array>, boundary: string) {
    this.#source = source[Symbol.asyncIterator]();
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  }

  async skipPreamble(): Promise<void> {
    this.#partEnded = false;
    let skipped = 0;
    for (let chunk = await this.#next(); chunk !== undefined; chunk = await this.#next()) {
      skipped += chunk.byteLength;
      if (skipped > MAX_PREAMBLE_BYTES) throw malformed('The boundary of Content-Type does not occur in the message.');
    }
  }

  /** Reads what follows a delimiter. Returns false after the closing one. */
  async beginPart(): Promise<boolean> {
    while (this.#window.byteLength < 2) await this.#fill();
    if (this.#window.toString('latin1', 0, 2) === '--') return false;
    this.#partEnded = false;
    return true;
  }

  async headers(): Promise<PartHeaders> {
    // The delimiter's own line break is still in the window, so a part without headers begins with the empty line.
    let end = this.#window.indexOf(DOUBLE_CRLF);
    while (end === -1) {
      if (this.#window.byteLength > MAX_HEADER_BYTES) throw malformed('The headers of a part are too long.');
      await this.#fill();
      end = this.#window.indexOf(DOUBLE_CRLF);
    }
    const block = this.#window.toString('utf8', 0, end);
    // After the boundary only blanks may stand in its line.
    const padding = /^[ \t]*(?:\r\n|$)/.exec(block);
    if (padding === null) throw malformed('A line of the message goes on after its boundary.');
    const headers = parsePartHeaders(block.slice(padding[0].length));
    this.#window = this.#window.subarray(end + DOUBLE_CRLF.byteLength / 2);
    // A part of headers only has no empty line: what looks like one is the line break of the next delimiter.
    while (this.#window.byteLength < this.#delimiter.byteLength) await this.#fill();
    if (this.#window.indexOf(this.#delimiter) !== 0) this.#take(DOUBLE_CRLF.byteLength / 2);
    return headers;
  }

  async *body(release: () => void): AsyncGenerator<Buffer, void, void> {
    try {
      for (let chunk = await this.#next(); chunk !== undefined; chunk = await this.#next()) yield chunk;
    } finally {
      release();
    }
  }

  async skipRest(): Promise<void> {
    while ((await this.#next()) !== undefined);
  }

  /** What follows the closing delimiter means nothing, but the sender waits until it is read. */
  async skipEpilogue(): Promise<void> {
    while (!(await this.#source.next()).done);
  }

  async leave(): Promise<void> {
    await this.#source.return?.();
  }

  /** The next bytes of the present part; undefined once its delimiter has been passed. */
  async #next(): Promise<Buffer | undefined> {
    while (!this.#partEnded) {
      const at = this.#window.indexOf(this.#delimiter);
      if (at > 0) return this.#take(at);
      if (at === 0) {
        this.#take(this.#delimiter.byteLength);
        this.#partEnded = true;
        break;
      }
      const safe = this.#withoutDelimiterStart();
      if (safe > 0) return this.#take(safe);
      await this.#fill();
    }
    return undefined;
  }

  /** How many bytes of the window can be no part of a delimiter that goes on in the next chunk. */
  #withoutDelimiterStart(): number {
    const from = Math.max(0, this.#window.byteLength - this.#delimiter.byteLength + 1);
    const possible = this.#window.indexOf(CARRIAGE_RETURN, from);
    return possible === -1 ? this.#window.byteLength : possible;
  }

  #take(length: number): Buffer {
    const taken = this.#window.subarray(0, length);
    // Who takes everything may give its memory back: no view of it is kept.
    this.#window = length === this.#window.byteLength ? NOTHING : this.#window.subarray(length);
    return taken;
  }

  async #fill(): Promise<void> {
    // Who reads the part is told first, then who waits for the next one: of the same failure.
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      const { done, value } = await this.#source.next();
      if (done === true) throw malformed('The multipart message ends before its closing boundary.');
      const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      this.#window = this.#window.byteLength === 0 ? chunk : Buffer.concat([this.#window, chunk]);
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}
