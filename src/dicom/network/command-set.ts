/**
 * Command sets (PS3.7 section 6.3.1 and annex E): group 0000, always Implicit VR Little Endian. Elements that the gateway has
 * no use for are stepped over; every length is checked against what is there.
 */
import { MalformedPdu } from './malformed-pdu.ts';

/** The elements of a command that the gateway knows. */
export interface CommandSet {
  /** See {@link COMMAND}. */
  readonly commandField: number;
  readonly affectedSopClassUid?: string | undefined;
  readonly requestedSopClassUid?: string | undefined;
  readonly messageId?: number | undefined;
  readonly messageIdBeingRespondedTo?: number | undefined;
  /** AE title. */
  readonly moveDestination?: string | undefined;
  /** 0 medium, 1 high, 2 low. */
  readonly priority?: number | undefined;
  readonly status?: number | undefined;
  /** Tags as ggggeeee numbers. */
  readonly offendingElement?: readonly number[] | undefined;
  /** At most 64 characters; longer texts are cut. */
  readonly errorComment?: string | undefined;
  readonly errorId?: number | undefined;
  readonly affectedSopInstanceUid?: string | undefined;
  readonly requestedSopInstanceUid?: string | undefined;
  readonly eventTypeId?: number | undefined;
  readonly attributeIdentifierList?: readonly number[] | undefined;
  readonly actionTypeId?: number | undefined;
  readonly numberOfRemainingSuboperations?: number | undefined;
  readonly numberOfCompletedSuboperations?: number | undefined;
  readonly numberOfFailedSuboperations?: number | undefined;
  readonly numberOfWarningSuboperations?: number | undefined;
  /** AE title. */
  readonly moveOriginatorApplicationEntityTitle?: string | undefined;
  readonly moveOriginatorMessageId?: number | undefined;
}

/** A status or failure reason as the standard writes it: four hexadecimal digits. */
export function formatStatus(status: number): string {
  return status.toString(16).toUpperCase().padStart(4, '0');
}

/** Command Field (0000,0100); a response has bit 15 set. */
export const COMMAND = {
  C_STORE_RQ: 0x0001,
  C_STORE_RSP: 0x8001,
  C_GET_RQ: 0x0010,
  C_GET_RSP: 0x8010,
  C_FIND_RQ: 0x0020,
  C_FIND_RSP: 0x8020,
  C_MOVE_RQ: 0x0021,
  C_MOVE_RSP: 0x8021,
  C_ECHO_RQ: 0x0030,
  C_ECHO_RSP: 0x8030,
  N_EVENT_REPORT_RQ: 0x0100,
  N_EVENT_REPORT_RSP: 0x8100,
  N_GET_RQ: 0x0110,
  N_SET_RQ: 0x0120,
  N_ACTION_RQ: 0x0130,
  N_ACTION_RSP: 0x8130,
  N_CREATE_RQ: 0x0140,
  N_DELETE_RQ: 0x0150,
  C_CANCEL_RQ: 0x0fff,
} as const;

const RESPONSE_BIT = 0x8000;

/** Whether a command answers another one. */
export function isResponse(command: CommandSet): boolean {
  return (command.commandField & RESPONSE_BIT) !== 0;
}

/** Longest command set that is taken. One of every element with the longest values has less than 2 KiB. */
export const MAXIMUM_COMMAND_BYTES = 64 * 1024;

type Kind = 'UI' | 'AE' | 'LO' | 'US' | 'AT';

/** Element number in group 0000, keyword, kind; in the order of the tags. */
const ELEMENTS: readonly (readonly [element: number, keyword: keyof CommandSet, kind: Kind])[] = [
  [0x0002, 'affectedSopClassUid', 'UI'],
  [0x0003, 'requestedSopClassUid', 'UI'],
  [0x0100, 'commandField', 'US'],
  [0x0110, 'messageId', 'US'],
  [0x0120, 'messageIdBeingRespondedTo', 'US'],
  [0x0600, 'moveDestination', 'AE'],
  [0x0700, 'priority', 'US'],
  [0x0900, 'status', 'US'],
  [0x0901, 'offendingElement', 'AT'],
  [0x0902, 'errorComment', 'LO'],
  [0x0903, 'errorId', 'US'],
  [0x1000, 'affectedSopInstanceUid', 'UI'],
  [0x1001, 'requestedSopInstanceUid', 'UI'],
  [0x1002, 'eventTypeId', 'US'],
  [0x1005, 'attributeIdentifierList', 'AT'],
  [0x1008, 'actionTypeId', 'US'],
  [0x1020, 'numberOfRemainingSuboperations', 'US'],
  [0x1021, 'numberOfCompletedSuboperations', 'US'],
  [0x1022, 'numberOfFailedSuboperations', 'US'],
  [0x1023, 'numberOfWarningSuboperations', 'US'],
  [0x1030, 'moveOriginatorApplicationEntityTitle', 'AE'],
  [0x1031, 'moveOriginatorMessageId', 'US'],
];

const BY_ELEMENT = new Map(ELEMENTS.map(([element, keyword, kind]) => [element, { keyword, kind }]));

const COMMAND_GROUP_LENGTH = 0x0000;
const COMMAND_FIELD = 0x0100;
const COMMAND_DATA_SET_TYPE = 0x0800;
/** Command Data Set Type of a message without data set; any other value means that there is one. */
const NO_DATA_SET = 0x0101;
const WITH_DATA_SET = 0x0001;
const ELEMENT_HEADER_BYTES = 8;
/** A value of the elements above is a UID, a title, a number or a short text. */
const MAXIMUM_ERROR_COMMENT = 64;

/** Encodes a command set with its group length and data set type. */
export function encodeCommandSet(command: CommandSet, hasDataSet: boolean): Buffer {
  const elements: Buffer[] = [];
  let typeWritten = false;
  const writeType = () => {
    elements.push(element(COMMAND_DATA_SET_TYPE, uint16(hasDataSet ? WITH_DATA_SET : NO_DATA_SET)));
    typeWritten = true;
  };
  for (const [number, keyword, kind] of ELEMENTS) {
    if (number > COMMAND_DATA_SET_TYPE && !typeWritten) writeType();
    const value = command[keyword];
    if (value !== undefined) elements.push(element(number, encodeValue(kind, value)));
  }
  const body = Buffer.concat(elements);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([element(COMMAND_GROUP_LENGTH, length), body]);
}

function element(number: number, value: Buffer): Buffer {
  const header = Buffer.alloc(ELEMENT_HEADER_BYTES);
  header.writeUInt16LE(number, 2);
  header.writeUInt32LE(value.length, 4);
  return Buffer.concat([header, value]);
}

function encodeValue(kind: Kind, value: string | number | readonly number[]): Buffer {
  if (typeof value === 'number') return uint16(value);
  if (typeof value !== 'string') {
    return Buffer.concat(value.map((tag) => Buffer.concat([uint16(tag >>> 16), uint16(tag & 0xffff)])));
  }
  const text = Buffer.from(kind === 'LO' ? value.slice(0, MAXIMUM_ERROR_COMMENT) : value, 'latin1');
  if (text.length % 2 === 0) return text;
  return Buffer.concat([text, Uint8Array.of(kind === 'UI' ? 0x00 : 0x20)]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** A decoded command set. */
export interface DecodedCommandSet {
  readonly command: CommandSet;
  readonly hasDataSet: boolean;
}

/**
 * Decodes a command set.
 *
 * @throws MalformedPdu when it is not one
 */
export function decodeCommandSet(bytes: Buffer): DecodedCommandSet {
  const command: { -readonly [keyword in keyof CommandSet]?: CommandSet[keyword] } = {};
  let dataSetType = NO_DATA_SET;
  let position = 0;
  let last = -1;
  while (position < bytes.length) {
    if (position + ELEMENT_HEADER_BYTES > bytes.length) throw malformed('ends within an element');
    const group = bytes.readUInt16LE(position);
    const number = bytes.readUInt16LE(position + 2);
    const length = bytes.readUInt32LE(position + 4);
    position += ELEMENT_HEADER_BYTES;
    // DCMTK, and Orthanc with it, puts the details of a failure behind the command, in groups of their own.
    const isCommand = group === 0;
    if (isCommand ? number <= last : last < 0) throw malformed('has an element out of place');
    if (length > bytes.length - position) throw malformed('has a length that leads past its end');
    const value = bytes.subarray(position, position + length);
    position += length;
    if (!isCommand) continue;
    last = number;
    if (number === COMMAND_DATA_SET_TYPE) dataSetType = decodeNumber(value);
    const known = BY_ELEMENT.get(number);
    // An empty value is as good as none (type 2 elements of responses).
    if (known !== undefined && length > 0) Object.assign(command, { [known.keyword]: decodeValue(known.kind, value) });
  }
  const { commandField } = command;
  if (commandField === undefined) throw malformed(`has no Command Field (0000,${COMMAND_FIELD.toString(16)})`);
  return { command: { ...command, commandField }, hasDataSet: dataSetType !== NO_DATA_SET };
}

function decodeValue(kind: Kind, value: Buffer): string | number | readonly number[] {
  if (kind === 'US') return decodeNumber(value);
  if (kind === 'AT') {
    if (value.length % 4 !== 0) throw malformed('has a tag of another length than 4');
    return Array.from(
      { length: value.length / 4 },
      (_, index) => value.readUInt16LE(4 * index) * 0x10000 + value.readUInt16LE(4 * index + 2),
    );
  }
  return value
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trimStart();
}

function decodeNumber(value: Buffer): number {
  if (value.length !== 2) throw malformed('has a number of another length than 2');
  return value.readUInt16LE();
}

function malformed(problem: string): MalformedPdu {
  return new MalformedPdu('INVALID_PARAMETER', `A command set ${problem}.`);
}
