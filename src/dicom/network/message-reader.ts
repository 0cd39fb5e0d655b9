/**
 * Messages out of P-DATA-TF PDUs (PS3.8 annex E, PS3.7 section 6.3). Command sets are collected up to a small cap, data sets are
 * handed on as they come. No length is believed: a PDU longer than agreed is refused by its header, a value longer than
 * its PDU by its own.
 */
import { GatewayError } from '../../errors.ts';
import type { AssociationLimits, DimseMessage } from './association.ts';
import { decodeCommandSet, MAXIMUM_COMMAND_BYTES } from './command-set.ts';
import { type Connection, type Deadline, deadlineIn } from './connection.ts';
import { MalformedPdu } from './malformed-pdu.ts';
import {
  decodeFragmentHeader,
  type FragmentHeader,
  PDU,
  PDU_HEADER_BYTES,
  PDV_HEADER_BYTES,
  SHORT_PDU_BYTES,
} from './pdu.ts';
import { withoutCrumbs } from './without-crumbs.ts';

/** What a reader is given. */
export interface MessageReaderOptions {
  /** Of the accepted contexts. */
  readonly contextIds: ReadonlySet<number>;
  readonly limits: AssociationLimits;
  /** The peer sent A-ABORT with this content; returns what to throw. */
  readonly onAbort: (content: Buffer) => GatewayError;
  /** Anything else went wrong; returns what to throw. */
  readonly onFailure: (error: unknown) => GatewayError;
}

/** Values without bytes that a message may have; some peers end a data set with one. Without a limit they could go on for ever. */
const MAXIMUM_EMPTY_FRAGMENTS = 16;

/** A data set that is not wanted any more is read to its end, for an orderly answer, unless it is this many times too long. */
const DISCARD_FACTOR = 2;

interface Part {
  readonly isCommand: boolean;
  /** Undefined until the first fragment has told it. */
  contextId: number | undefined;
  emptyFragments: number;
  readonly deadline: Deadline;
}

/** Reads one message after another. */
export class MessageReader {
  readonly #connection: Connection;
  readonly #options: MessageReaderOptions;
  /** Bytes of the present PDU that have not been read. */
  #pduLeft = 0;
  /** The fragment that is being read, and how much of it is left. */
  #fragment: FragmentHeader | undefined;
  #fragmentLeft = 0;
  /** The data set that has not been read to its end. */
  #dataSet: { readonly part: Part; received: number } | undefined;

  constructor(connection: Connection, options: MessageReaderOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** The next message, or RELEASE for A-RELEASE-RQ. @throws GatewayError, see Association.receive */
  async next(): Promise<DimseMessage | 'RELEASE'> {
    const { limits } = this.#options;
    try {
      await this.discard();
      await this.#connection.ready();
      const deadline = deadlineIn(limits.messageTimeoutMs, 'A message');
      if (this.#pduLeft === 0 && (await this.#beginPdu(deadline)) === PDU.RELEASE_RQ) return 'RELEASE';
      return await this.#message(deadline);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async #message(deadline: Deadline): Promise<DimseMessage> {
    const part: Part = { isCommand: true, contextId: undefined, emptyFragments: 0, deadline };
    const pieces: Buffer[] = [];
    let length = 0;
    for (let piece = await this.#payload(part); piece !== null; piece = await this.#payload(part)) {
      length += piece.length;
      if (length > MAXIMUM_COMMAND_BYTES) {
        throw new MalformedPdu('INVALID_PARAMETER', `A command set has more than ${MAXIMUM_COMMAND_BYTES} bytes.`);
      }
      pieces.push(piece);
    }
    const { command, hasDataSet } = decodeCommandSet(Buffer.concat(pieces));
    const contextId = part.contextId ?? 0;
    if (!hasDataSet) return { contextId, command, dataSet: null, transientDataSet: null };
    this.#dataSet = { part: { isCommand: false, contextId, emptyFragments: 0, deadline }, received: 0 };
    return {
      contextId,
      command,
      dataSet: withoutCrumbs(this.#dataSetPieces(false)),
      transientDataSet: withoutCrumbs(this.#dataSetPieces(true)),
    };
  }

  async *#dataSetPieces(lent: boolean): AsyncGenerator<Buffer, void, void> {
    const { maxDataSetBytes } = this.#options.limits;
    for (let piece = await this.#dataSetPiece(lent); piece !== null; piece = await this.#dataSetPiece(lent)) {
      if ((this.#dataSet?.received ?? 0) > maxDataSetBytes) {
        throw new GatewayError('PAYLOAD_TOO_LARGE', `The data set has more than ${maxDataSetBytes} bytes.`);
      }
      yield piece;
    }
  }

  async #dataSetPiece(lent: boolean): Promise<Buffer | null> {
    const dataSet = this.#dataSet;
    if (dataSet === undefined) return null;
    try {
      const piece = await this.#payload(dataSet.part, lent);
      if (piece === null) this.#dataSet = undefined;
      else dataSet.received += piece.length;
      return piece;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Reads away what is left of the data set. @throws GatewayError, see Association.discard */
  async discard(): Promise<void> {
    const most = DISCARD_FACTOR * this.#options.limits.maxDataSetBytes;
    while ((await this.#dataSetPiece(true)) !== null) {
      if ((this.#dataSet?.received ?? 0) > most) {
        throw this.#fail(new GatewayError('PAYLOAD_TOO_LARGE', `A refused data set went on for ${most} bytes.`));
      }
    }
  }

  /** The next bytes of a part of a message; null at its end. */
  async #payload(part: Part, lent = false): Promise<Buffer | null> {
    for (;;) {
      if (this.#fragmentLeft > 0) {
        const bytes = await this.#connection.readSome(this.#fragmentLeft, part.deadline, lent);
        this.#fragmentLeft -= bytes.length;
        this.#pduLeft -= bytes.length;
        return bytes;
      }
      const isOver = this.#fragment?.isLast === true;
      this.#fragment = undefined;
      if (isOver) return null;
      await this.#beginFragment(part);
    }
  }

  async #beginFragment(part: Part): Promise<void> {
    if (this.#pduLeft === 0 && (await this.#beginPdu(part.deadline)) === PDU.RELEASE_RQ) {
      throw new MalformedPdu('UNEXPECTED_PDU', 'A release was asked for within a message.');
    }
    if (this.#pduLeft < PDV_HEADER_BYTES) {
      throw new MalformedPdu('INVALID_PARAMETER', 'A P-DATA-TF PDU ends within the header of a value.');
    }
    const bytes = await this.#connection.read(PDV_HEADER_BYTES, part.deadline);
    const fragment = decodeFragmentHeader(bytes, this.#pduLeft);
    this.#pduLeft -= PDV_HEADER_BYTES;
    this.#check(fragment, part);
    this.#fragment = fragment;
    this.#fragmentLeft = fragment.length;
  }

  #check({ contextId, isCommand, isLast, length }: FragmentHeader, part: Part): void {
    if (!this.#options.contextIds.has(contextId)) {
      throw new MalformedPdu('INVALID_PARAMETER', 'A value is of a presentation context that was not accepted.');
    }
    part.contextId ??= contextId;
    if (contextId !== part.contextId) {
      throw new MalformedPdu('INVALID_PARAMETER', 'The presentation context changes within a message.');
    }
    if (isCommand !== part.isCommand) {
      const found = isCommand ? 'A command set follows where a data set is due.' : 'A data set has no command set.';
      throw new MalformedPdu('INVALID_PARAMETER', found);
    }
    if (length > 0 || isLast) return;
    part.emptyFragments += 1;
    if (part.emptyFragments > MAXIMUM_EMPTY_FRAGMENTS) {
      throw new MalformedPdu('INVALID_PARAMETER', `A message has more than ${MAXIMUM_EMPTY_FRAGMENTS} empty values.`);
    }
  }

  /** Reads the header of a PDU that is due while an association is open; of a release the content too. */
  async #beginPdu(deadline: Deadline): Promise<number> {
    const { type, length } = await this.#header(deadline);
    if (type === PDU.DATA) {
      if (length < PDV_HEADER_BYTES || length > this.#options.limits.maxPduBytes) {
        throw new MalformedPdu('INVALID_PARAMETER', 'A P-DATA-TF PDU is empty or longer than agreed.');
      }
      this.#pduLeft = length;
      return type;
    }
    await this.#shortContent(type, length, deadline);
    if (type !== PDU.RELEASE_RQ) throw new MalformedPdu('UNEXPECTED_PDU', 'A PDU does not belong where it is.');
    return type;
  }

  /**
   * Reads PDUs of data away, with what is left of the present one; returns the type of the first other one.
   *
   * @throws MalformedPdu, GatewayError
   */
  async skipToControl(deadline: Deadline): Promise<number> {
    for (;;) {
      while (this.#pduLeft > 0) this.#pduLeft -= (await this.#connection.readSome(this.#pduLeft, deadline)).length;
      const { type, length } = await this.#header(deadline);
      if (type === PDU.DATA && length <= this.#options.limits.maxPduBytes) {
        this.#pduLeft = length;
        continue;
      }
      await this.#shortContent(type, length, deadline);
      return type;
    }
  }

  async #header(deadline: Deadline): Promise<{ readonly type: number; readonly length: number }> {
    const header = await this.#connection.read(PDU_HEADER_BYTES, deadline);
    const type = header.readUInt8();
    if (type < PDU.ASSOCIATE_RQ || type > PDU.ABORT) {
      throw new MalformedPdu('UNRECOGNIZED_PDU', 'A PDU is of no known type.');
    }
    return { type, length: header.readUInt32BE(2) };
  }

  async #shortContent(type: number, length: number, deadline: Deadline): Promise<void> {
    if (type < PDU.RELEASE_RQ) throw new MalformedPdu('UNEXPECTED_PDU', 'A PDU does not belong where it is.');
    if (length !== SHORT_PDU_BYTES) throw new MalformedPdu('INVALID_PARAMETER', 'A PDU of fixed length has another.');
    const content = await this.#connection.read(SHORT_PDU_BYTES, deadline);
    if (type === PDU.ABORT) throw this.#options.onAbort(content);
  }

  #fail(error: unknown): GatewayError {
    return this.#options.onFailure(error);
  }
}
