/** Messages into P-DATA-TF PDUs (PS3.8 annex E), as long as the peer takes them. */
import { GatewayError } from '../../errors.ts';
import { type Connection, type Deadline, deadlineIn } from './connection.ts';
import { encodeFragmentHeader, PDV_HEADER_BYTES } from './pdu.ts';

/** Longest PDU that is sent to a peer that takes longer ones: more gains nothing. */
const LARGEST_PDU_BYTES = 128 * 1024;
/** A peer that wants shorter PDUs than this wants no data. */
const SMALLEST_PDU_BYTES = 128;

/** Writes one message after another. */
export class MessageWriter {
  readonly #connection: Connection;
  readonly #messageTimeoutMs: number;
  /** Most bytes of a message in one PDU; even, as every fragment but the last has to be. */
  readonly #fragmentBytes: number;

  /** @param peerMaxPduBytes - as the peer told; 0: any */
  constructor(connection: Connection, peerMaxPduBytes: number, messageTimeoutMs: number) {
    this.#connection = connection;
    this.#messageTimeoutMs = messageTimeoutMs;
    const pduBytes = peerMaxPduBytes === 0 ? LARGEST_PDU_BYTES : Math.min(peerMaxPduBytes, LARGEST_PDU_BYTES);
    this.#fragmentBytes = (pduBytes - PDV_HEADER_BYTES) & ~1;
  }

  /** Whether data can be sent to a peer that takes PDUs of at most this length. */
  static takes(peerMaxPduBytes: number): boolean {
    return peerMaxPduBytes === 0 || peerMaxPduBytes >= SMALLEST_PDU_BYTES;
  }

  /** @throws GatewayError DICOM_NODE_FAILED, or what `dataSet` throws */
  async write(
    contextId: number,
    command: Buffer,
    dataSet: Uint8Array | AsyncIterable<Uint8Array> | undefined,
  ): Promise<void> {
    const deadline = deadlineIn(this.#messageTimeoutMs, 'A message');
    await this.#writePart(contextId, true, [command], deadline);
    if (dataSet === undefined) return;
    await this.#writePart(contextId, false, dataSet instanceof Uint8Array ? [dataSet] : dataSet, deadline);
  }

  /** A fragment goes out once it is known whether another one follows. */
  async #writePart(
    contextId: number,
    isCommand: boolean,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    deadline: Deadline,
  ): Promise<void> {
    let parts: Uint8Array[] = [];
    let length = 0;
    const flush = async (isLast: boolean) => {
      const header = encodeFragmentHeader({ contextId, isCommand, isLast, length });
      await this.#connection.write([header, ...parts], deadline);
      parts = [];
      length = 0;
    };
    for await (const chunk of chunks) {
      if (performance.now() > deadline.at) {
        throw new GatewayError('DICOM_NODE_FAILED', `${deadline.what} was not sent in time.`);
      }
      let rest = chunk;
      while (rest.length > 0) {
        if (length === this.#fragmentBytes) await flush(false);
        const taken = rest.subarray(0, this.#fragmentBytes - length);
        parts.push(taken);
        length += taken.length;
        rest = rest.subarray(taken.length);
      }
    }
    await flush(true);
  }
}
