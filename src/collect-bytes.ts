/** A stream of bytes into memory, within a bound. */

/**
 * Collects a stream.
 *
 * @param most - bytes that are kept at most
 * @param tooLong - made into what is thrown as soon as there are more
 */
export async function collectBytes(
  chunks: AsyncIterable<Uint8Array>,
  most: number,
  tooLong: () => Error,
): Promise<Buffer> {
  const collected: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.byteLength;
    if (length > most) throw tooLong();
    collected.push(chunk);
  }
  return Buffer.concat(collected, length);
}
