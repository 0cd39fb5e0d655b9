/** Shorter pieces are copied together: below this a copy costs less than what is done with each piece later. */
const CRUMB_BYTES = 4096;
/** Crumbs are handed on at this size or number, whichever comes first. */
const GATHERED_BYTES = 64 * 1024;
const GATHERED_PIECES = 512;

/**
 * Joins short pieces, which it copies. A peer may cut a data set into values of one byte each, and a hundred thousand buffers of
 * one byte are megabytes; it also may just be modest about the length of its PDUs.
 */
export async function* withoutCrumbs(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  let crumbs: Buffer[] = [];
  let bytes = 0;
  const gathered = () => {
    const whole = crumbs.length === 1 && crumbs[0] !== undefined ? crumbs[0] : Buffer.concat(crumbs);
    crumbs = [];
    bytes = 0;
    return whole;
  };
  for await (const piece of pieces) {
    if (piece.length >= CRUMB_BYTES) {
      if (crumbs.length > 0) yield gathered();
      yield piece;
      continue;
    }
    crumbs.push(Buffer.from(piece));
    bytes += piece.length;
    if (bytes >= GATHERED_BYTES || crumbs.length >= GATHERED_PIECES) yield gathered();
  }
  if (crumbs.length > 0) yield gathered();
}
