import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { writePart10 } from '../../src/dicom/part10-writer.ts';
import { makePhantom } from '../../src/dicom/phantom.ts';
import { IMPLICIT_VR_LITTLE_ENDIAN } from '../../src/dicom/transfer-syntaxes.ts';

/** The part of dcmjs that is used here; the package has no types. */
interface Dcmjs {
  readonly data: {
    readonly DicomMessage: {
      readFile(buffer: ArrayBuffer): {
        readonly dict: Readonly<Record<string, { readonly Value: readonly unknown[] }>>;
      };
    };
  };
}
const dcmjs = createRequire(import.meta.url)('dcmjs') as Dcmjs;

test.each(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1'])(
  'another parser understands what is written as %s',
  (syntax) => {
    const film = makePhantom({ seed: 7, rows: 20, columns: 20, transferSyntaxUid: syntax });
    const { dict } = dcmjs.data.DicomMessage.readFile(film.buffer);
    const first = (tag: string): unknown => dict[tag]?.Value[0];
    expect(first('00100020')).toBe('PHANTOM-7');
    expect(first('00280010')).toBe(20);
    expect(first('00281050')).toBe(2048);
    expect(first('00082218')).toMatchObject({ '00080100': { Value: ['816094009'] } });
    expect((first('7FE00010') as ArrayBuffer).byteLength).toBe(800);
  },
);

test('the group length of the meta information is right and values are even', () => {
  const film = Buffer.from(writePart10({ '00080016': ['UI', '1.2.3'], '00100020': ['LO', 'odd'] }));
  const dataSet = 144 + film.readUInt32LE(140);
  expect(film.subarray(dataSet, dataSet + 8)).toEqual(Buffer.from([0x08, 0, 0x16, 0, 0x55, 0x49, 6, 0]));
  expect(film.length % 2).toBe(0);
  expect(film.subarray(-4).toString()).toBe('odd ');
});

test('values that a VR cannot hold are refused', () => {
  expect(() => writePart10({ '00280010': ['US', 'many'] })).toThrow(TypeError);
  expect(() => writePart10({ '00082218': ['SQ', 'text'] })).toThrow(TypeError);
  expect(() => writePart10({}, '1.2.840.10008.1.2.2')).toThrow(TypeError);
});

test('numbers of every width are little endian', () => {
  const film = Buffer.from(
    writePart10({ '00091001': ['UL', 0x01020304], '00091002': ['SS', -2] }, IMPLICIT_VR_LITTLE_ENDIAN),
  );
  expect(film.subarray(-22)).toEqual(
    Buffer.from([0x09, 0, 0x01, 0x10, 4, 0, 0, 0, 4, 3, 2, 1, 0x09, 0, 0x02, 0x10, 2, 0, 0, 0, 0xfe, 0xff]),
  );
});
