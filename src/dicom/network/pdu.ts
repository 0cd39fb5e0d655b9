/** Protocol data units of the upper layer (PS3.8 section 9.3) other than those of association, which are in associate-pdu.ts. */
import { ABORT_REASONS, type AbortReason, MalformedPdu } from './malformed-pdu.ts';

/** PDU types. */
export const PDU = {
  ASSOCIATE_RQ: 0x01,
  ASSOCIATE_AC: 0x02,
  ASSOCIATE_RJ: 0x03,
  DATA: 0x04,
  RELEASE_RQ: 0x05,
  RELEASE_RP: 0x06,
  ABORT: 0x07,
} as const;

/** Type, a reserved byte, length. */
export const PDU_HEADER_BYTES = 6;
/** Length, presentation context, message control header of a presentation data value. */
export const PDV_HEADER_BYTES = 6;
/** Content of A-ASSOCIATE-RJ, A-RELEASE-RQ, A-RELEASE-RP and A-ABORT. */
export const SHORT_PDU_BYTES = 4;
/**
 * Longest A-ASSOCIATE-RQ or -AC that is taken. The standard sets no limit; 128 contexts of 30 transfer syntaxes each take
 * about 110 KiB.
 */
export const MAXIMUM_ASSOCIATE_BYTES = 256 * 1024;

/** Why an association is refused (PS3.8 table 9-21): result, source and reason as they go out. */
export interface Rejection {
  /** 1 permanent, 2 transient. */
  readonly result: number;
  /** 1 service user, 2 service provider (ACSE), 3 service provider (presentation). */
  readonly source: number;
  readonly reason: number;
}

/** The rejections that the gateway sends. */
export const REJECTIONS = {
  APPLICATION_CONTEXT_NOT_SUPPORTED: { result: 1, source: 1, reason: 2 },
  CALLING_AE_TITLE_NOT_RECOGNIZED: { result: 1, source: 1, reason: 3 },
  CALLED_AE_TITLE_NOT_RECOGNIZED: { result: 1, source: 1, reason: 7 },
  PROTOCOL_VERSION_NOT_SUPPORTED: { result: 1, source: 2, reason: 2 },
  LOCAL_LIMIT_EXCEEDED: { result: 2, source: 3, reason: 2 },
} as const satisfies Record<string, Rejection>;

/** By source, then reason. */
const REJECTION_WORDS: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  1: {
    1: 'no reason given',
    2: 'application context not supported',
    3: 'calling AE title not recognized',
    7: 'called AE title not recognized',
  },
  2: { 1: 'no reason given', 2: 'protocol version not supported' },
  3: { 1: 'temporary congestion', 2: 'local limit exceeded' },
};

/** A rejection in words, such as `permanently: calling AE title not recognized`. */
export function describeRejection({ result, source, reason }: Rejection): string {
  const words = REJECTION_WORDS[source]?.[reason] ?? `source ${source}, reason ${reason}`;
  return `${result === 2 ? 'for now' : 'permanently'}: ${words}`;
}

function shortPdu(type: number, ...content: readonly [number, number, number, number]): Buffer {
  return Buffer.from([type, 0, 0, 0, 0, SHORT_PDU_BYTES, ...content]);
}

/** A-ASSOCIATE-RJ. */
export function encodeReject({ result, source, reason }: Rejection): Buffer {
  return shortPdu(PDU.ASSOCIATE_RJ, 0, result, source, reason);
}

/** Content of A-ASSOCIATE-RJ. */
export function decodeReject(content: Buffer): Rejection {
  return { result: content.readUInt8(1), source: content.readUInt8(2), reason: content.readUInt8(3) };
}

/** A-RELEASE-RQ. */
export function encodeReleaseRequest(): Buffer {
  return shortPdu(PDU.RELEASE_RQ, 0, 0, 0, 0);
}

/** A-RELEASE-RP. */
export function encodeReleaseResponse(): Buffer {
  return shortPdu(PDU.RELEASE_RP, 0, 0, 0, 0);
}

const SERVICE_USER = 0;
const SERVICE_PROVIDER = 2;

/** A-ABORT by the upper layer for a reason, or by its user, who gives none. */
export function encodeAbort(reason: AbortReason | undefined): Buffer {
  if (reason === undefined) return shortPdu(PDU.ABORT, 0, 0, SERVICE_USER, 0);
  return shortPdu(PDU.ABORT, 0, 0, SERVICE_PROVIDER, ABORT_REASONS[reason]);
}

/** Content of A-ABORT in words. */
export function describeAbort(content: Buffer): string {
  const [source, reason] = [content.readUInt8(2), content.readUInt8(3)];
  if (source === SERVICE_USER) return 'by its application';
  const name = Object.entries(ABORT_REASONS).find(([, value]) => value === reason)?.[0];
  return `by its upper layer, ${name?.toLowerCase().replaceAll('_', ' ') ?? `reason ${reason}`}`;
}

/** What heads one presentation data value (PS3.8 section 9.3.5.1 and annex E.2). */
export interface FragmentHeader {
  readonly contextId: number;
  /** Of the command set; else of the data set. */
  readonly isCommand: boolean;
  readonly isLast: boolean;
  /** Bytes of the message that follow. */
  readonly length: number;
}

const IS_COMMAND = 0x01;
const IS_LAST = 0x02;
/** The item length counts the context and the control header too. */
const COUNTED_HEADER_BYTES = 2;

/**
 * Reads the header of one presentation data value.
 *
 * @param left - bytes of the PDU from this header on
 * @throws MalformedPdu when the value does not fit into its PDU
 */
export function decodeFragmentHeader(bytes: Buffer, left: number): FragmentHeader {
  const counted = bytes.readUInt32BE();
  if (counted < COUNTED_HEADER_BYTES || counted > left - 4) {
    throw new MalformedPdu('INVALID_PARAMETER', 'A presentation data value does not fit into its PDU.');
  }
  const control = bytes.readUInt8(5);
  return {
    contextId: bytes.readUInt8(4),
    isCommand: (control & IS_COMMAND) !== 0,
    isLast: (control & IS_LAST) !== 0,
    length: counted - COUNTED_HEADER_BYTES,
  };
}

/** Headers of a P-DATA-TF PDU with one value; its bytes follow. */
export function encodeFragmentHeader({ contextId, isCommand, isLast, length }: FragmentHeader): Buffer {
  const header = Buffer.allocUnsafe(PDU_HEADER_BYTES + PDV_HEADER_BYTES);
  header.writeUInt8(PDU.DATA, 0);
  header.writeUInt8(0, 1);
  header.writeUInt32BE(PDV_HEADER_BYTES + length, 2);
  header.writeUInt32BE(COUNTED_HEADER_BYTES + length, 6);
  header.writeUInt8(contextId, 10);
  header.writeUInt8((isCommand ? IS_COMMAND : 0) | (isLast ? IS_LAST : 0), 11);
  return header;
}
