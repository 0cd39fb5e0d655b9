import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { DataSet } from '../../src/dicom/data-set.ts';
import { FileWindow } from '../../src/dicom/file-window.ts';
import { readHeader } from '../../src/dicom/header.ts';
import { readDataSetHeader, readFileMeta } from '../../src/dicom/part10.ts';
import { makePhantom } from '../../src/dicom/phantom.ts';
import {
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  transferSyntaxOf,
} from '../../src/dicom/transfer-syntaxes.ts';
import { type ErrorCode, GatewayError } from '../../src/errors.ts';
import { errorOf, fileOf, headerOf, LIMITS, SIDE, smallFilmBytes } from './support.ts';

const SYNTAXES = [
  ['explicit', EXPLICIT_VR_LITTLE_ENDIAN],
  ['implicit', IMPLICIT_VR_LITTLE_ENDIAN],
] as const;

/** Bytes of an element in Implicit VR Little Endian, or of an item or delimiter. */
function element(tag: number, length: number, value: Uint8Array | readonly number[] = []): Uint8Array {
  const bytes = new Uint8Array(8 + value.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(tag / 0x1_0000), true);
  view.setUint16(2, tag % 0x1_0000, true);
  view.setUint32(4, length, true);
  bytes.set(value, 8);
  return bytes;
}

/** A small film in Implicit VR with bytes put between the first group and the rest of its data set. */
function withInserted(...inserted: readonly Uint8Array[]): Uint8Array {
  const film = smallFilmBytes({}, IMPLICIT_VR_LITTLE_ENDIAN);
  // Study Instance UID (0020,000D) begins the rest.
  const at = Buffer.from(film).indexOf(Uint8Array.of(0x20, 0x00, 0x0d, 0x00));
  return Buffer.concat([film.subarray(0, at), ...inserted, film.subarray(at)]);
}

const UNDEFINED = 0xffff_ffff;
const PRIVATE_SEQUENCE = 0x0009_1001;
const ITEM = 0xfffe_e000;
const ITEM_END = element(0xfffe_e00d, 0);
const SEQUENCE_END = element(0xfffe_e0dd, 0);

describe('what is no DICOM file', () => {
  const page = Buffer.from(`<html>${' '.repeat(500)}</html>`);
  test.each([
    ['an empty file', new Uint8Array(0)],
    ['fewer bytes than a preamble', new Uint8Array(100)],
    ['a page', page],
    ['zeros', new Uint8Array(4096)],
    ['a preamble with DICM alone', smallFilmBytes().subarray(0, 132)],
    ['a data set without meta information', Buffer.concat([smallFilmBytes().subarray(0, 132), page])],
  ])('%s', async (_, bytes) => {
    expect((await errorOf(headerOf(bytes))).code).toBe('NOT_DICOM');
  });

  test('a file that is not there', async () => {
    expect((await errorOf(readHeader('/nonexistent/film.dcm', LIMITS))).code).toBe('BLOB_UNREADABLE');
  });

  test('a folder', async () => {
    expect((await errorOf(readHeader('/', LIMITS))).code).toMatch(/BLOB_UNREADABLE|NOT_DICOM/);
  });
});

describe.each(SYNTAXES)('the structure of an %s film', (_, syntax) => {
  test('gives the place of the pixels', async () => {
    const bytes = smallFilmBytes({}, syntax);
    using window = new FileWindow(await fileOf(bytes));
    const meta = readFileMeta(window);
    const transferSyntax = transferSyntaxOf(meta.transferSyntaxUid);
    expect(transferSyntax?.uid).toBe(syntax);
    if (transferSyntax === undefined) return;
    const pixelData = readDataSetHeader(window, meta.dataSetStart, transferSyntax, 4096, new DataSet());
    expect(pixelData).toMatchObject({ offset: bytes.length - SIDE * SIDE * 2, length: SIDE * SIDE * 2 });
  });

  test('cut anywhere gives a coded error', async () => {
    const film = makePhantom({ seed: 1, rows: 16, columns: 16, transferSyntaxUid: syntax });
    const path = await fileOf(film);
    const codes = new Set<ErrorCode>();
    for (let length = 0; length < film.length; length += length < film.length - 512 ? 1 : 37) {
      await writeFile(path, film.subarray(0, length));
      codes.add((await errorOf(readHeader(path, LIMITS))).code);
    }
    expect([...codes].sort()).toEqual(['NOT_DICOM', 'NO_PIXEL_DATA', 'TRUNCATED_FILE']);
  });

  test('with any byte of its header overwritten reads or gives a coded error', async () => {
    const film = makePhantom({ seed: 2, rows: 16, columns: 16, transferSyntaxUid: syntax });
    const path = await fileOf(film);
    const headerEnd = film.length - 512;
    for (let position = 132; position < headerEnd; position += 1) {
      for (const value of [0x00, 0x7f, 0xff]) {
        const liar = film.slice();
        liar[position] = value;
        await writeFile(path, liar);
        const outcome = await readHeader(path, LIMITS).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome, `byte ${position} as ${value}`).toBeInstanceOf(GatewayError);
      }
    }
  });

  test.each([0x7fff_ffff, 0xffff_fffe, 0xffff_ffff])('with Pixel Data of length %i', async (length) => {
    const film = smallFilmBytes({}, syntax);
    new DataView(film.buffer).setUint32(film.length - SIDE * SIDE * 2 - 4, length, true);
    expect((await errorOf(headerOf(film))).code).toBe(length === UNDEFINED ? 'MALFORMED_DICOM' : 'TRUNCATED_FILE');
  });
});

describe('sequences', () => {
  const content = element(0x0008_0060, 2, Buffer.from('CT'));

  test.each([
    [
      'of undefined length',
      [element(PRIVATE_SEQUENCE, UNDEFINED), element(ITEM, UNDEFINED), content, ITEM_END, SEQUENCE_END],
    ],
    [
      'with an item of defined length',
      [element(PRIVATE_SEQUENCE, UNDEFINED), element(ITEM, 10), content, SEQUENCE_END],
    ],
    ['of defined length', [element(PRIVATE_SEQUENCE, 18), element(ITEM, 10), content]],
    ['of defined length with broken content', [element(PRIVATE_SEQUENCE, 4, [1, 2, 3, 4])]],
    ['without items', [element(PRIVATE_SEQUENCE, UNDEFINED), SEQUENCE_END]],
  ])('%s that the gateway does not read are stepped over', async (_, inserted) => {
    expect((await headerOf(withInserted(...inserted))).series.modality).toBe('DX');
  });

  test('an icon with encapsulated pixels is stepped over', async () => {
    const fragments = [element(0x7fe0_0010, UNDEFINED), element(ITEM, 0), element(ITEM, 4, [1, 2, 3, 4]), SEQUENCE_END];
    const icon = [element(PRIVATE_SEQUENCE, UNDEFINED), element(ITEM, UNDEFINED), ...fragments, ITEM_END, SEQUENCE_END];
    expect((await headerOf(withInserted(...icon))).sopInstanceUid).toBe('1.2.3.4');
  });

  test('16 levels are read, 17 are refused', async () => {
    const nested = (depth: number): Uint8Array[] => [
      ...Array.from({ length: depth }, () => [element(PRIVATE_SEQUENCE, UNDEFINED), element(ITEM, UNDEFINED)]).flat(),
      ...Array.from({ length: depth }, () => [ITEM_END, SEQUENCE_END]).flat(),
    ];
    await expect(headerOf(withInserted(...nested(16)))).resolves.toBeDefined();
    expect((await errorOf(headerOf(withInserted(...nested(17))))).code).toBe('MALFORMED_DICOM');
  });

  test('3.6 MB of nesting are refused, which keeps other parsers busy for a minute', async () => {
    const levels = Array.from({ length: 225_000 }, () => [
      element(PRIVATE_SEQUENCE, UNDEFINED),
      element(ITEM, UNDEFINED),
    ]);
    expect((await errorOf(headerOf(withInserted(Buffer.concat(levels.flat()))))).code).toBe('MALFORMED_DICOM');
  });

  test('a million empty items are refused', async () => {
    const items = new Uint8Array(8_000_000);
    const item = element(ITEM, 0);
    for (let position = 0; position < items.length; position += 8) items.set(item, position);
    const film = withInserted(element(PRIVATE_SEQUENCE, UNDEFINED), items, SEQUENCE_END);
    const limits = { ...LIMITS, maxHeaderBytes: 16_000_000 };
    expect((await errorOf(headerOf(film, limits))).code).toBe('HEADER_TOO_LARGE');
  });

  test.each<[string, ErrorCode, Uint8Array[]]>([
    [
      'an element longer than its item',
      'MALFORMED_DICOM',
      [element(0x0008_2218, 16), element(ITEM, 8), element(0x0008_0100, 64)],
    ],
    ['an element longer than the file', 'TRUNCATED_FILE', [element(0x0009_1001, 0xffff_fff0)]],
    ['an item outside a sequence', 'MALFORMED_DICOM', [element(ITEM, 0)]],
    ['a delimiter outside a sequence', 'MALFORMED_DICOM', [SEQUENCE_END]],
    ['an element where an item must be', 'MALFORMED_DICOM', [element(PRIVATE_SEQUENCE, UNDEFINED), content]],
    ['a sequence without end', 'TRUNCATED_FILE', [element(PRIVATE_SEQUENCE, UNDEFINED), element(ITEM, UNDEFINED)]],
    ['an attribute that occurs twice', 'MALFORMED_DICOM', [element(0x0008_0060, 2, Buffer.from('CT'))]],
    ['a UID of 200 KB', 'MALFORMED_DICOM', [element(0x0010_0020, 200_000, new Uint8Array(200_000))]],
  ])('%s is %s', async (_, code, inserted) => {
    const error = await errorOf(headerOf(withInserted(...inserted)));
    expect(error.code).toBe(code);
    expect(error.details).toEqual({ sopInstanceUid: '1.2.3.4', sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1' });
  });
});

test('a sequence written as UN in Explicit VR has implicit content', async () => {
  const film = smallFilmBytes();
  const at = Buffer.from(film).indexOf(Uint8Array.of(0x20, 0x00, 0x0d, 0x00));
  const code = element(0x0008_0100, 8, Buffer.from('T-D8000 '));
  const scheme = element(0x0008_0102, 4, Buffer.from('SRT '));
  const header = Buffer.from([0x08, 0x00, 0x18, 0x22, 0x55, 0x4e, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  const sequence = [header, element(ITEM, UNDEFINED), code, scheme, ITEM_END, SEQUENCE_END];
  const { image } = await headerOf(Buffer.concat([film.subarray(0, at), ...sequence, film.subarray(at)]));
  expect(image.anatomicRegions).toEqual([{ scheme: 'SRT', value: 'T-D8000', meaning: null }]);
});

describe('a data set in another encoding than its transfer syntax says is refused as such', () => {
  const labelled = (actual: string, label: string): Uint8Array => {
    const [film, other] = [smallFilmBytes({}, actual), smallFilmBytes({}, label)];
    const dataSet = Uint8Array.of(0x08, 0x00, 0x16, 0x00);
    const starts = [other, film].map((bytes) => Buffer.from(bytes).indexOf(dataSet));
    return Buffer.concat([other.subarray(0, starts[0]), film.subarray(starts[1])]);
  };

  test.each([
    ['explicit as implicit', EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN],
    ['implicit as explicit', IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN],
  ])('%s', async (_, actual, label) => {
    expect((await errorOf(headerOf(labelled(actual, label)))).code).toBe('MALFORMED_DICOM');
  });
});

describe('limits', () => {
  test('a header larger than allowed is refused, a private value of the same size in one element too', async () => {
    const film = withInserted(element(0x0009_1001, 2_000_000, new Uint8Array(2_000_000)));
    expect((await errorOf(headerOf(film))).code).toBe('HEADER_TOO_LARGE');
    await expect(headerOf(film, { ...LIMITS, maxHeaderBytes: 4_000_000 })).resolves.toBeDefined();
  });

  test('a file larger than allowed is refused', async () => {
    expect((await errorOf(headerOf(smallFilmBytes(), { ...LIMITS, maxFileBytes: 500 }))).code).toBe(
      'PAYLOAD_TOO_LARGE',
    );
  });
});

describe('file meta information', () => {
  test('is read without and with a wrong group length', async () => {
    const film = smallFilmBytes();
    const withoutLength = Buffer.concat([film.subarray(0, 132), film.subarray(144)]);
    await expect(headerOf(withoutLength)).resolves.toBeDefined();
    film.fill(0xff, 140, 144);
    await expect(headerOf(film)).resolves.toBeDefined();
  });

  test('without a transfer syntax is malformed', async () => {
    const film = Buffer.from(smallFilmBytes());
    // (0002,0010) becomes (0002,0110).
    film[film.indexOf(Uint8Array.of(0x02, 0x00, 0x10, 0x00)) + 3] = 0x01;
    expect((await errorOf(headerOf(film))).code).toBe('MALFORMED_DICOM');
  });

  test('with an element longer than the file is truncated', async () => {
    const film = Buffer.from(smallFilmBytes());
    film.writeUInt32LE(0xffff_0000, film.indexOf(Uint8Array.of(0x02, 0x00, 0x01, 0x00)) + 8);
    expect((await errorOf(headerOf(film))).code).toBe('TRUNCATED_FILE');
  });
});
