import { describe, expect, it } from 'vitest';
import {
  COMMAND,
  type CommandSet,
  decodeCommandSet,
  encodeCommandSet,
  isResponse,
} from '../../../src/dicom/network/command-set.ts';
import { MalformedPdu } from '../../../src/dicom/network/malformed-pdu.ts';

const FULL: CommandSet = {
  affectedSopClassUid: '1.2.840.10008.1.1',
  requestedSopClassUid: '1.2.3',
  commandField: COMMAND.C_STORE_RQ,
  messageId: 1,
  messageIdBeingRespondedTo: 65_535,
  moveDestination: 'PACS',
  priority: 2,
  status: 0xa700,
  offendingElement: [0x0010_0010, 0x7fe0_0010],
  errorComment: 'STORAGE_FULL: free space',
  errorId: 4,
  affectedSopInstanceUid: '1.2.3.4',
  requestedSopInstanceUid: '1.2.3.45',
  eventTypeId: 2,
  attributeIdentifierList: [0x0008_0018],
  actionTypeId: 1,
  numberOfRemainingSuboperations: 1,
  numberOfCompletedSuboperations: 2,
  numberOfFailedSuboperations: 3,
  numberOfWarningSuboperations: 4,
  moveOriginatorApplicationEntityTitle: 'ORIGIN',
  moveOriginatorMessageId: 9,
};

describe('command sets', () => {
  it('may have the details of a failure behind them, as DCMTK and Orthanc write them', () => {
    // Failed SOP Instance UID List (0008,0058), 1.2 with padding, after the last element of group 0000.
    const details = Buffer.from([0x08, 0, 0x58, 0, 4, 0, 0, 0, 0x31, 0x2e, 0x32, 0]);
    const bytes = Buffer.concat([encodeCommandSet(FULL, false), details]);
    expect(decodeCommandSet(bytes).command).toEqual(FULL);
    expect(() => decodeCommandSet(bytes.subarray(0, -1))).toThrow(MalformedPdu);
    expect(() => decodeCommandSet(details)).toThrow(MalformedPdu);
  });

  it('come back as they went', () => {
    expect(decodeCommandSet(encodeCommandSet(FULL, true))).toEqual({ command: FULL, hasDataSet: true });
    expect(decodeCommandSet(encodeCommandSet({ commandField: COMMAND.C_ECHO_RQ }, false))).toEqual({
      command: { commandField: COMMAND.C_ECHO_RQ },
      hasDataSet: false,
    });
  });

  it('are in the order of their tags, with group length, padded to even lengths', () => {
    const bytes = encodeCommandSet(FULL, true);
    expect(bytes.readUInt32LE(8)).toBe(bytes.length - 12);
    let last = -1;
    for (let position = 0; position < bytes.length; ) {
      const tag = bytes.readUInt16LE(position + 2);
      expect(tag).toBeGreaterThan(last);
      last = tag;
      const length = bytes.readUInt32LE(position + 4);
      expect(length % 2).toBe(0);
      position += 8 + length;
    }
  });

  it('cut an error comment to what LO holds', () => {
    const { command } = decodeCommandSet(encodeCommandSet({ ...FULL, errorComment: 'x'.repeat(100) }, false));
    expect(command.errorComment).toHaveLength(64);
  });

  it('that are cut anywhere are refused', () => {
    const bytes = encodeCommandSet(FULL, true);
    for (let length = 0; length < bytes.length; length += 1) {
      try {
        // A cut between two elements is a shorter command set.
        expect(decodeCommandSet(bytes.subarray(0, length)).command.commandField).toBe(COMMAND.C_STORE_RQ);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedPdu);
      }
    }
  });

  it.each([
    ['a length past the end', Buffer.from('0000000100ffffff00', 'hex')],
    ['another group', Buffer.from('0800180000000000', 'hex')],
    ['an element twice', Buffer.from('00000001020000000100'.repeat(2), 'hex')],
    ['a number of three bytes', Buffer.from('0000000103000000010000', 'hex')],
    ['nothing', Buffer.alloc(0)],
  ])('with %s are refused', (_name, bytes) => {
    expect(() => decodeCommandSet(bytes)).toThrow(MalformedPdu);
  });

  it('tell requests from responses', () => {
    expect(isResponse({ commandField: COMMAND.C_STORE_RSP })).toBe(true);
    expect(isResponse({ commandField: COMMAND.C_STORE_RQ })).toBe(false);
  });
});
