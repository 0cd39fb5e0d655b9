/** Memory of bytes that came over the network, given back when they have been read instead of when V8 finds out. */

/**
 * The same pieces, for a reader that copies each one before it asks for the next: a piece is empty from then on.
 *
 * A socket's pieces of 64 kB are a few dozen bytes to V8, so its small collections come seldom, and pieces that have waited through
 * two of them stay until a large one. With 100 films at once the main thread had 120 to 170 MB outside V8's heap, and has 66 to 83 so.
 */
export async function* givingMemoryBack(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  for await (const piece of pieces) {
    yield piece;
    const { buffer } = piece;
    // Memory that holds more than the piece may be in use elsewhere: a multipart message keeps what follows, Node.js shares its pool.
    if (buffer instanceof ArrayBuffer && piece.byteLength === buffer.byteLength) buffer.transfer(0);
  }
}
