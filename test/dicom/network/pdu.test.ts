import { describe, expect, it } from 'vitest';
import {
  decodeAssociateAccept,
  decodeAssociateRequest,
  encodeAssociateAccept,
  encodeAssociateRequest,
} from '../../../src/dicom/network/associate-pdu.ts';
import { encodeItem } from '../../../src/dicom/network/item-reader.ts';
import { MalformedPdu } from '../../../src/dicom/network/malformed-pdu.ts';
import {
  decodeFragmentHeader,
  decodeReject,
  describeAbort,
  describeRejection,
  encodeAbort,
  encodeFragmentHeader,
  encodeReject,
  REJECTIONS,
} from '../../../src/dicom/network/pdu.ts';
import { DX_PRESENTATION, EXPLICIT, IMPLICIT, VERIFICATION } from '../../support/scu.ts';

const USER = {
  maxPduBytes: 16_384,
  implementationClassUid: '1.2.3',
  implementationVersionName: 'TEST_1',
  roles: new Map([[DX_PRESENTATION, { scu: false, scp: true }]]),
  namesUser: false,
};

const REQUEST = {
  calledAeTitle: 'CXRGATEWAY',
  callingAeTitle: 'A CALLER',
  contexts: [
    { id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] },
    { id: 255, abstractSyntax: DX_PRESENTATION, transferSyntaxes: [EXPLICIT, IMPLICIT] },
  ],
  user: USER,
};

/** The content of an encoded PDU. */
const content = (pdu: Buffer) => pdu.subarray(6);

describe('association PDUs', () => {
  it('come back as they went', () => {
    expect(decodeAssociateRequest(content(encodeAssociateRequest(REQUEST)))).toEqual({
      ...REQUEST,
      protocolVersion: 1,
      applicationContext: '1.2.840.10008.3.1.1.1',
    });
    const accept = { ...REQUEST, contexts: [{ id: 1, result: 0, transferSyntax: IMPLICIT }] };
    expect(decodeAssociateAccept(content(encodeAssociateAccept(accept)))).toMatchObject(accept);
  });

  it('are laid out as PS3.8 tables 9-11 to 9-16 say', () => {
    const pdu = encodeAssociateRequest(REQUEST);
    expect(pdu.readUInt8()).toBe(1);
    expect(pdu.readUInt32BE(2)).toBe(pdu.length - 6);
    expect(pdu.toString('latin1', 10, 26)).toBe('CXRGATEWAY      ');
    expect(pdu.toString('latin1', 26, 42)).toBe('A CALLER        ');
    expect(pdu.subarray(74, 78)).toEqual(Buffer.from([0x10, 0, 0, 21]));
  });

  it('may be cut or damaged anywhere without another end than a refusal', () => {
    const pdu = content(encodeAssociateRequest(REQUEST));
    const refuses = (bytes: Buffer) => {
      try {
        decodeAssociateRequest(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedPdu);
        return true;
      }
      return false;
    };
    for (let length = 0; length < pdu.length; length += 1) expect(refuses(pdu.subarray(0, length))).toBe(true);
    for (let position = 0; position < pdu.length; position += 1) {
      for (const value of [0x00, 0x7f, 0xff]) {
        const damaged = Buffer.from(pdu);
        damaged[position] = value;
        refuses(damaged);
      }
    }
  });

  it.each([
    ['an even context ID', [{ id: 2, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] }]],
    ['a context without transfer syntax', [{ id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [] }]],
    ['a UID of 65 characters', [{ id: 1, abstractSyntax: '1'.repeat(65), transferSyntaxes: [IMPLICIT] }]],
    ['one ID twice', [REQUEST.contexts[0], REQUEST.contexts[0]].flatMap((one) => (one === undefined ? [] : [one]))],
  ])('with %s are refused', (_name, contexts) => {
    expect(() => decodeAssociateRequest(content(encodeAssociateRequest({ ...REQUEST, contexts })))).toThrow(
      MalformedPdu,
    );
  });

  it('with more items than an association can have are refused', () => {
    const pdu = content(encodeAssociateRequest(REQUEST));
    const flood = Buffer.concat([pdu, ...Array.from({ length: 200 }, () => encodeItem(0x77))]);
    expect(() => decodeAssociateRequest(flood)).toThrow('more than 144 items');
  });
});

describe('short PDUs', () => {
  it('say why', () => {
    expect(describeRejection(decodeReject(content(encodeReject(REJECTIONS.LOCAL_LIMIT_EXCEEDED))))).toBe(
      'for now: local limit exceeded',
    );
    expect(describeRejection({ result: 1, source: 1, reason: 3 })).toBe('permanently: calling AE title not recognized');
    expect(describeRejection({ result: 1, source: 9, reason: 9 })).toBe('permanently: source 9, reason 9');
    expect(describeAbort(content(encodeAbort('UNEXPECTED_PDU')))).toBe('by its upper layer, unexpected pdu');
    expect(describeAbort(content(encodeAbort(undefined)))).toBe('by its application');
  });
});

describe('fragment headers', () => {
  it('come back as they went', () => {
    const fragment = { contextId: 3, isCommand: true, isLast: false, length: 1000 };
    const bytes = encodeFragmentHeader(fragment);
    expect(decodeFragmentHeader(bytes.subarray(6), bytes.readUInt32BE(2))).toEqual(fragment);
  });

  it.each([0, 1, 7, 0xffff_ffff])('that claim %i bytes in a PDU of 10 are refused', (length) => {
    const bytes = Buffer.from([0, 0, 0, 0, 1, 3]);
    bytes.writeUInt32BE(length);
    expect(() => decodeFragmentHeader(bytes, 10)).toThrow(MalformedPdu);
  });
});
