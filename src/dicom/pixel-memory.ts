/**
 * Memory for the pixels of one film after another: a film that was read into it is valid until the next one is. Fresh memory
 * for each film costs more than it looks, since the kernel clears every page of it at its first use.
 */
export class PixelMemory {
  readonly #pixels = new ReusedBytes();
  readonly #codestream = new ReusedBytes();

  /** This many bytes for pixels, aligned for 16-bit views, with whatever they held before. */
  take(length: number): Buffer {
    return this.#pixels.take(length);
  }

  /** This many bytes for a compressed frame, likewise. */
  takeCodestream(length: number): Buffer {
    return this.#codestream.take(length);
  }
}

/** 6000x5600 pixels of 16 bits: above every detector of today; a larger film's memory is not kept. */
const KEPT_BYTES = 64 * 1024 * 1024;

class ReusedBytes {
  #bytes = Buffer.alloc(0);

  take(length: number): Buffer {
    if (length <= this.#bytes.length) return this.#bytes.subarray(0, length);
    // Not from Node's shared pool, whose parts do not begin at even offsets.
    const bytes = Buffer.allocUnsafeSlow(length);
    if (length <= KEPT_BYTES) this.#bytes = bytes;
    return bytes;
  }
}
