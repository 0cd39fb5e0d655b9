import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import {
  collectIdentifier,
  decodeIdentifier,
  encodeIdentifier,
  MAXIMUM_IDENTIFIER_BYTES,
} from '../../../../src/dicom/network/query/identifier.ts';
import type { Elements } from '../../../../src/dicom/part10-writer.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from '../../../../src/dicom/transfer-syntaxes.ts';

/** The part of dcmjs that is used here; the package has no types. */
interface Dcmjs {
  readonly data: {
    readonly ReadBufferStream: new (bytes: ArrayBuffer, littleEndian: boolean) => unknown;
    readonly DicomMessage: {
      _read(stream: unknown, syntax: string): Readonly<Record<string, { readonly Value: readonly unknown[] }>>;
    };
  };
}
const { DicomMessage, ReadBufferStream } = (createRequire(import.meta.url)('dcmjs') as Dcmjs).data;

const KEYS: Elements = {
  '00080052': ['CS', 'STUDY'],
  '00100010': ['PN', 'MUSTER^ERIKA'],
  '00100020': ['LO', ''],
  '0020000d': ['UI', '1.2.3'],
};

/** Bytes of an element in Implicit VR. */
function element(tag: string, value: Uint8Array, length = value.length): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(Number.parseInt(tag.slice(0, 4), 16), 0);
  header.writeUInt16LE(Number.parseInt(tag.slice(4), 16), 2);
  header.writeUInt32LE(length >>> 0, 4);
  return Buffer.concat([header, value]);
}

const UNDEFINED = 0xffff_ffff;
const refused = expect.objectContaining({ code: 'DICOM_NODE_FAILED' });

describe.each([
  ['Explicit', true, EXPLICIT_VR_LITTLE_ENDIAN],
  ['Implicit', false, IMPLICIT_VR_LITTLE_ENDIAN],
])('an identifier in %s VR Little Endian', (_, explicit, syntax) => {
  it('is what dcmjs reads', () => {
    const bytes = encodeIdentifier(KEYS, explicit);
    const stream = new ReadBufferStream(Uint8Array.from(bytes).buffer, true);
    const read = DicomMessage._read(stream, syntax);
    expect(Object.keys(read).sort()).toEqual(['00080052', '00100010', '00100020', '0020000D']);
    expect(read['00080052']?.Value).toEqual(['STUDY']);
    expect(read['0020000D']?.Value).toEqual(['1.2.3']);
  });

  it('comes back as it was', () => {
    const identifier = decodeIdentifier(encodeIdentifier(KEYS, explicit), explicit);
    expect(identifier.text('00080052')).toBe('STUDY');
    expect(identifier.text('00100010')).toBe('MUSTER^ERIKA');
    expect(identifier.text('00100020')).toBeNull();
    expect(identifier.text('0020000d')).toBe('1.2.3');
    expect(identifier.text('00080050')).toBeNull();
  });

  it('carries texts beyond ASCII in UTF-8', () => {
    const bytes = encodeIdentifier({ ...KEYS, '00100020': ['LO', '患者 1'] }, explicit);
    const identifier = decodeIdentifier(bytes, explicit);
    expect(identifier.text('00080005')).toBe('ISO_IR 192');
    expect(identifier.text('00100020')).toBe('患者 1');
  });

  it('steps over sequences, also those of undefined length within each other', () => {
    const sequence: Elements = { ...KEYS, '00081110': ['SQ', [{ '00081150': ['UI', '1.9'] }]] };
    expect(decodeIdentifier(encodeIdentifier(sequence, explicit), explicit).text('0020000d')).toBe('1.2.3');
  });

  it.each([1, 3, 7, 9, 13])('cut %i bytes before its end is refused', (cut) => {
    const bytes = encodeIdentifier(KEYS, explicit);
    expect(() => decodeIdentifier(bytes.subarray(0, bytes.length - cut), explicit)).toThrow(refused);
  });
});

describe('an identifier of a peer', () => {
  it('is decoded in its own character set', () => {
    const bytes = Buffer.concat([
      element('00080005', Buffer.from('ISO_IR 100')),
      element('00100010', Buffer.from('M\u00fcller^J\u00f6rg ', 'latin1')),
    ]);
    expect(decodeIdentifier(bytes, false).text('00100010')).toBe('Müller^Jörg');
  });

  it('may have sequences of undefined length', () => {
    const inner = Buffer.concat([
      element('fffee000', Buffer.alloc(0), UNDEFINED),
      element('00081150', Buffer.from('1.2 ')),
      element('fffee00d', Buffer.alloc(0)),
      element('fffee0dd', Buffer.alloc(0)),
    ]);
    const bytes = Buffer.concat([element('00081110', inner, UNDEFINED), element('0020000d', Buffer.from('1.2.3\0'))]);
    expect(decodeIdentifier(bytes, false).text('0020000d')).toBe('1.2.3');
  });

  it('with a length beyond its end is refused', () => {
    expect(() => decodeIdentifier(element('00100010', Buffer.from('AB'), 0x7fff_ffff), false)).toThrow(refused);
  });

  it('nested without end is refused quickly', () => {
    const level = Buffer.concat([
      element('00081110', Buffer.alloc(0), UNDEFINED),
      element('fffee000', Buffer.alloc(0), UNDEFINED),
    ]);
    const began = performance.now();
    expect(() => decodeIdentifier(Buffer.concat(Array.from({ length: 50_000 }, () => level)), false)).toThrow(refused);
    expect(performance.now() - began).toBeLessThan(200);
  });

  it('of countless elements is refused quickly', () => {
    const one = element('00091001', Buffer.alloc(0));
    expect(() => decodeIdentifier(Buffer.concat(Array.from({ length: 100_000 }, () => one)), false)).toThrow(refused);
  });

  it('of countless items is refused', () => {
    const item = element('fffee000', Buffer.alloc(0));
    const items = Buffer.concat(Array.from({ length: 100_000 }, () => item));
    expect(() => decodeIdentifier(element('00081110', items, UNDEFINED), false)).toThrow(refused);
  });

  it('longer than its cap is refused while it arrives', async () => {
    let sent = 0;
    async function* endless() {
      for (;;) {
        sent += 65_536;
        yield Buffer.alloc(65_536);
      }
    }
    await expect(collectIdentifier(endless())).rejects.toThrow(refused);
    expect(sent).toBeLessThan(2 * MAXIMUM_IDENTIFIER_BYTES);
  });

  it('of any bytes is decoded or refused, never more', () => {
    let state = 12345;
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 16;
    };
    for (let round = 0; round < 2000; round += 1) {
      const bytes = Buffer.from(encodeIdentifier(KEYS, round % 2 === 0));
      for (let flip = 0; flip < 4; flip += 1) bytes[random() % bytes.length] = random() & 0xff;
      try {
        decodeIdentifier(bytes, round % 2 === 0).text('00100010');
      } catch (error) {
        expect(error).toEqual(refused);
      }
    }
  });
});
