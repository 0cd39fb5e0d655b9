/**
 * An association from its establishment to its end, the same for both sides.
 *
 * The state machine of PS3.8 section 9.2 has these states left once there is an association:
 *
 * - OPEN (Sta6): messages go both ways. A-RELEASE-RQ of the peer is answered at once (Sta8) and ends the association; it is
 *   taken between messages only. A-ABORT ends it at any time.
 * - RELEASING (Sta7): we sent A-RELEASE-RQ. Data that the peer had under way is thrown away. If its A-RELEASE-RQ crosses ours,
 *   the requestor of the association answers it and goes on waiting (Sta9, Sta11); the acceptor first waits for the answer to
 *   its own, then answers (Sta10, Sta12).
 * - ENDED (Sta13, then Sta1): nothing is sent any more; the socket is closed once the peer has closed it, or after a while.
 *
 * Whatever else arrives is a PDU out of place or one that cannot be understood: A-ABORT with the standard's reason, then ENDED.
 * So does a silence longer than idleTimeoutMs, and a message that is not complete messageTimeoutMs after its first byte.
 * #enter is the one setter. Before there is an association: requestor.ts (Sta4, Sta5) and acceptor.ts (Sta2, Sta3).
 */
import { GatewayError } from '../../errors.ts';
import type { AcceptedContext, Association, AssociationLimits, DimseMessage } from './association.ts';
import { type CommandSet, encodeCommandSet } from './command-set.ts';
import { type Connection, deadlineIn } from './connection.ts';
import { type AbortReason, MalformedPdu } from './malformed-pdu.ts';
import { MessageReader } from './message-reader.ts';
import { MessageWriter } from './message-writer.ts';
import {
  describeAbort,
  encodeAbort,
  encodeReleaseRequest,
  encodeReleaseResponse,
  PDU,
  SHORT_PDU_BYTES,
} from './pdu.ts';

type State = 'OPEN' | 'RELEASING' | 'ENDED';

/** What both sides agreed on. */
export interface Negotiated {
  readonly isRequestor: boolean;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly contexts: readonly AcceptedContext[];
  /** Longest PDU that the peer takes; 0: any. */
  readonly peerMaxPduBytes: number;
}

/**
 * How long the peer may take to close an association that has ended. The standard's ARTIM may be much longer; by then nothing
 * is expected any more, and a socket that lingers is a socket less for others.
 */
const LINGER_MS = 1000;

/** Ends a connection with A-ABORT. */
export function abortConnection(connection: Connection, reason: AbortReason | undefined): void {
  connection.end(encodeAbort(reason), LINGER_MS);
}

/** Closes a connection on which the last PDU has been said. */
export function endConnection(connection: Connection, last: Buffer | undefined): void {
  connection.end(last, LINGER_MS);
}

/** See the head of the file. */
export class EstablishedAssociation implements Association {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly contexts: readonly AcceptedContext[];
  readonly peerAddress: string;
  readonly ended: Promise<void>;
  readonly #connection: Connection;
  readonly #limits: AssociationLimits;
  readonly #isRequestor: boolean;
  readonly #reader: MessageReader;
  readonly #writer: MessageWriter;
  #state: State = 'OPEN';
  #onEnd: () => void = () => {};
  /** The end of the message that is being sent. */
  #sending: Promise<unknown> = Promise.resolve();

  constructor(connection: Connection, negotiated: Negotiated, limits: AssociationLimits) {
    this.callingAeTitle = negotiated.callingAeTitle;
    this.calledAeTitle = negotiated.calledAeTitle;
    this.contexts = negotiated.contexts;
    this.peerAddress = connection.peerAddress;
    this.#connection = connection;
    this.#limits = limits;
    this.#isRequestor = negotiated.isRequestor;
    this.#reader = new MessageReader(connection, {
      contextIds: new Set(negotiated.contexts.map(({ id }) => id)),
      limits,
      onAbort: (content) => this.#abortedByPeer(content),
      onFailure: (error) => this.#failed(error),
    });
    this.#writer = new MessageWriter(connection, negotiated.peerMaxPduBytes, limits.messageTimeoutMs);
    this.ended = new Promise((resolve) => {
      this.#onEnd = resolve;
    });
    void connection.closed.then(() => this.#enter('ENDED'));
  }

  #enter(state: State): void {
    if (this.#state === 'ENDED') return;
    this.#state = state;
    if (state === 'ENDED') this.#onEnd();
  }

  async receive(): Promise<DimseMessage | null> {
    this.#requireOpen();
    const message = await this.#reader.next();
    if (message === 'RELEASE') {
      this.#enter('ENDED');
      endConnection(this.#connection, encodeReleaseResponse());
      return null;
    }
    return message;
  }

  async discard(): Promise<void> {
    await this.#reader.discard();
  }

  send(contextId: number, command: CommandSet, dataSet?: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const sent = this.#sending.then(() => this.#send(contextId, command, dataSet));
    this.#sending = sent.catch(() => {});
    return sent;
  }

  async #send(
    contextId: number,
    command: CommandSet,
    dataSet: Uint8Array | AsyncIterable<Uint8Array> | undefined,
  ): Promise<void> {
    this.#requireOpen();
    if (!this.contexts.some(({ id }) => id === contextId)) {
      throw new GatewayError('INTERNAL', 'A message was to be sent in a presentation context that was not accepted.');
    }
    try {
      await this.#writer.write(contextId, encodeCommandSet(command, dataSet !== undefined), dataSet);
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  async release(): Promise<void> {
    if (this.#state !== 'OPEN') return;
    this.#enter('RELEASING');
    await this.#sending;
    const deadline = deadlineIn(this.#limits.artimMs, 'The release');
    try {
      await this.#connection.write([encodeReleaseRequest()], deadline);
      endConnection(this.#connection, await this.#releaseAnswered());
    } catch {
      // Both sides wanted the end, and this is one.
      abortConnection(this.#connection, undefined);
    }
    this.#enter('ENDED');
  }

  /** Waits for A-RELEASE-RP; returns what is still to be said. */
  async #releaseAnswered(): Promise<Buffer | undefined> {
    const deadline = deadlineIn(this.#limits.artimMs, 'The release');
    let last: Buffer | undefined;
    for (;;) {
      const type = await this.#reader.skipToControl(deadline);
      if (type === PDU.RELEASE_RP) return last;
      if (type !== PDU.RELEASE_RQ)
        throw new MalformedPdu('UNEXPECTED_PDU', 'A release was answered by something else.');
      if (this.#isRequestor) await this.#connection.write([encodeReleaseResponse()], deadline);
      else last = encodeReleaseResponse();
    }
  }

  abort(): void {
    if (this.#state === 'ENDED') return;
    this.#enter('ENDED');
    abortConnection(this.#connection, undefined);
  }

  #requireOpen(): void {
    if (this.#state === 'OPEN') return;
    throw new GatewayError('DICOM_NODE_FAILED', 'The association has ended.');
  }

  #abortedByPeer(content: Buffer): GatewayError {
    this.#enter('ENDED');
    endConnection(this.#connection, undefined);
    const { length } = content;
    const by = length === SHORT_PDU_BYTES ? describeAbort(content) : 'without a reason';
    return new GatewayError('DICOM_NODE_FAILED', `The association was aborted ${by}.`);
  }

  /** Reading failed: tells the peer, and returns the error for our own side. */
  #failed(error: unknown): GatewayError {
    const isBroken = error instanceof MalformedPdu;
    if (this.#state !== 'ENDED') {
      this.#enter('ENDED');
      abortConnection(this.#connection, isBroken ? error.reason : 'NOT_SPECIFIED');
    }
    if (isBroken) {
      return new GatewayError(
        'DICOM_NODE_FAILED',
        `The peer broke the protocol: ${error.message}`,
        {},
        { cause: error },
      );
    }
    if (error instanceof GatewayError) return error;
    return new GatewayError('INTERNAL', 'A message could not be received.', {}, { cause: error });
  }
}
