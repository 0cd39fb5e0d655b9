/**
 * What an association is to those who use it, on either side (PS3.7, PS3.8). {@link Association} is got from
 * `requestAssociation` (requestor.ts) or `acceptAssociation` (acceptor.ts).
 */
import type { CommandSet } from './command-set.ts';

/** Bounds of one association; times in ms. */
export interface AssociationLimits {
  /** Longest P-DATA-TF PDU that is taken, told to the peer as Maximum Length; bytes after the PDU's own header. */
  readonly maxPduBytes: number;
  /** Longest data set that is taken. */
  readonly maxDataSetBytes: number;
  /** Longest wait for an association request or its answer, for a release, and for the end of an aborted connection. */
  readonly artimMs: number;
  /** Longest silence of the peer, also while it is being sent to. */
  readonly idleTimeoutMs: number;
  /** Longest time from the first byte of a message to its last, in either direction. */
  readonly messageTimeoutMs: number;
}

/** SCP/SCU Role Selection of one SOP class (PS3.7 D.3.3.4), always from the requestor's point of view. */
export interface Role {
  readonly scu: boolean;
  readonly scp: boolean;
}

/** Without role selection the requestor is the user of the service. */
export const DEFAULT_ROLE: Role = { scu: true, scp: false };

/** A presentation context as the requestor proposes it. */
export interface ProposedContext {
  readonly abstractSyntax: string;
  /** In the order of preference. */
  readonly transferSyntaxes: readonly string[];
  /** What the requestor wants to be; undefined: SCU only. C-GET needs { scu: false, scp: true } for storage. */
  readonly role?: Role;
}

/** A presentation context that both sides agreed on. */
export interface AcceptedContext {
  /** 1 to 255, odd. */
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntax: string;
  /** What the requestor may be. */
  readonly role: Role;
}

/** TLS as the requestor speaks it (PS3.15 B.12); PEM texts. */
export interface TlsClientOptions {
  /** Certificates that the peer must show one of; undefined: those of the system. */
  readonly ca?: string | undefined;
  /** Own certificate and key, for peers that ask for one. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Name that the peer's certificate must hold; the host when undefined. */
  readonly serverName?: string | undefined;
}

/** How to get an association with another node. */
export interface AssociationRequest {
  readonly host: string;
  readonly port: number;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  /** 1 to 128. */
  readonly contexts: readonly ProposedContext[];
  /** Undefined: no TLS. */
  readonly tls?: TlsClientOptions | undefined;
  readonly limits: AssociationLimits;
  /** Aborts the request, and the association when there is one. */
  readonly signal?: AbortSignal | undefined;
}

/** A message of the peer (PS3.7 section 6.3). */
export interface DimseMessage {
  readonly contextId: number;
  readonly command: CommandSet;
  /**
   * The data set as it arrives, in the transfer syntax of the context: pulled from the socket as it is read, at most
   * maxDataSetBytes. Null when the command has none. Iterate it at most once. What is left of it at the next receive() is
   * read and thrown away.
   */
  readonly dataSet: AsyncIterable<Uint8Array> | null;
  /**
   * The same, to be iterated in place of `dataSet` by those who copy each piece at once: its memory is taken back when the next
   * one is asked for. Films come so, see Connection.
   */
  readonly transientDataSet: AsyncIterable<Uint8Array> | null;
}

/** An established association. */
export interface Association {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly contexts: readonly AcceptedContext[];
  /** Address of the peer, for logs. */
  readonly peerAddress: string;
  /** Resolves when the association has ended, however it did. Never rejects. */
  readonly ended: Promise<void>;

  /**
   * Sends one message; resolves once all of it has been given to the socket. Messages of concurrent calls go out one after
   * another.
   *
   * @param command - Command Group Length and Command Data Set Type are filled in
   * @param dataSet - in the transfer syntax of the context; a stream is sent as it comes
   * @throws GatewayError DICOM_NODE_FAILED when the association ended or the peer does not read; what `dataSet` throws (the
   *   association is aborted then: half a message cannot be taken back)
   */
  send(contextId: number, command: CommandSet, dataSet?: Uint8Array | AsyncIterable<Uint8Array>): Promise<void>;

  /**
   * The next message; null when the peer has released the association. One call at a time.
   *
   * @throws GatewayError DICOM_NODE_FAILED when the peer aborts, breaks the protocol, is silent or too slow, or its connection
   *   is lost; the data set throws the same, and PAYLOAD_TOO_LARGE when it is longer than maxDataSetBytes
   */
  receive(): Promise<DimseMessage | null>;

  /**
   * Reads away what is left of the data set of the last message, so that its answer is not sent into the peer's sending.
   *
   * @throws GatewayError as {@link receive}; PAYLOAD_TOO_LARGE when it is more than twice maxDataSetBytes
   */
  discard(): Promise<void>;

  /** Ends the association in order, waiting for the peer at most for artimMs. Never rejects. */
  release(): Promise<void>;

  /** Ends the association at once. */
  abort(): void;
}
