/**
 * Data sets of Deflated Explicit VR Little Endian (PS3.5 annex A.5). They are inflated as a stream: kept are the bytes
 * before Pixel Data, then the first frame alone, and inflating stops where the film must be over. So a deflate bomb, which
 * makes a thousand bytes of one, costs no more than an honest film of its header.
 */
import { pipeline, Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { GatewayError } from '../errors.ts';
import { ByteWindow, endOfFile } from './byte-window.ts';

const CHUNK_BYTES = 256 * 1024;

/** The beginning of an inflated data set; the rest is in the file only. */
class InflatedBeginning extends ByteWindow {
  readonly #kept: Buffer;

  /** @param size - bytes of the whole data set, as far as it is known: Infinity when it goes on after those kept */
  constructor(kept: Buffer, size: number) {
    super(size);
    this.#kept = kept;
  }

  override readInto(target: Uint8Array, position: number): void {
    if (position + target.length > this.#kept.length) throw endOfFile(position + target.length, this.#kept.length);
    this.#kept.copy(target, 0, position, position + target.length);
  }
}

/**
 * Inflates the beginning of a data set.
 *
 * @param file - the file, which the deflated bytes reach to the end of
 * @param start - where they begin
 * @param length - most bytes to keep
 * @throws GatewayError TRUNCATED_FILE, MALFORMED_DICOM
 */
export async function inflateBeginning(file: ByteWindow, start: number, length: number): Promise<InflatedBeginning> {
  const chunks: Buffer[] = [];
  let kept = 0;
  for await (const chunk of inflate(file, start)) {
    chunks.push(chunk);
    kept += chunk.length;
    if (kept >= length) return new InflatedBeginning(Buffer.concat(chunks, kept), Number.POSITIVE_INFINITY);
  }
  return new InflatedBeginning(Buffer.concat(chunks, kept), kept);
}

/**
 * Makes sure that a data set inflates to its end, and to no more than it should.
 *
 * @param minimum - bytes up to the end of Pixel Data
 * @param maximum - most bytes, with what may follow Pixel Data
 * @throws GatewayError TRUNCATED_FILE, MALFORMED_DICOM, PAYLOAD_TOO_LARGE
 */
export async function checkInflatedSize(
  file: ByteWindow,
  start: number,
  minimum: number,
  maximum: number,
): Promise<void> {
  let size = 0;
  for await (const chunk of inflate(file, start)) {
    size += chunk.length;
    if (size > maximum) {
      throw new GatewayError(
        'PAYLOAD_TOO_LARGE',
        `The deflated data set goes on after the ${maximum} bytes it may have.`,
      );
    }
  }
  if (size < minimum) throw endOfFile(minimum, size);
}

/**
 * Fills `target` with what a data set has from a position on.
 *
 * @throws GatewayError TRUNCATED_FILE, MALFORMED_DICOM
 */
export async function inflateInto(
  file: ByteWindow,
  start: number,
  position: number,
  target: Uint8Array,
): Promise<void> {
  const end = position + target.length;
  let reached = 0;
  for await (const chunk of inflate(file, start)) {
    const from = Math.max(0, position - reached);
    const to = Math.min(chunk.length, end - reached);
    if (to > from) chunk.copy(target, Math.max(0, reached - position), from, to);
    reached += chunk.length;
    if (reached >= end) return;
  }
  throw endOfFile(end, reached);
}

/** The inflated bytes in chunks. Whoever stops asking stops the inflating. */
async function* inflate(file: ByteWindow, start: number): AsyncGenerator<Buffer> {
  const inflater = createInflateRaw({ chunkSize: CHUNK_BYTES });
  // Errors reach the loop below through the inflater.
  pipeline(Readable.from(chunksOf(file, start)), inflater, () => {});
  try {
    for await (const chunk of inflater) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR') {
      throw new GatewayError('TRUNCATED_FILE', 'The file ends within the deflated data set.', {}, { cause: error });
    }
    throw new GatewayError('MALFORMED_DICOM', 'The deflated data set is damaged.', {}, { cause: error });
  }
}

function* chunksOf(file: ByteWindow, start: number): Generator<Buffer> {
  for (let position = start; position < file.size; position += CHUNK_BYTES) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, file.size - position));
    file.readInto(chunk, position);
    yield chunk;
  }
}
