import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FilmComparer } from '../../src/dicom/film-comparer.ts';
import { type Elements, writeFileMeta, writePart10 } from '../../src/dicom/part10-writer.ts';
import { isSameDataSet } from '../../src/dicom/same-data-set.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  JPEG_BASELINE,
  RLE_LOSSLESS,
} from '../../src/dicom/transfer-syntaxes.ts';
import { DX_PRESENTATION, dataSetOf } from '../support/scu.ts';

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-same-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(bytes: Uint8Array): Promise<string> {
  count += 1;
  const path = join(folder, `${count}.dcm`);
  await writeFile(path, bytes);
  return path;
}

const compare = async (one: Uint8Array, other: Uint8Array) => isSameDataSet(await file(one), await file(other));

const FILM: Elements = {
  '00080016': ['UI', DX_PRESENTATION],
  '00080018': ['UI', '1.2.3'],
  '00081140': ['SQ', [{ '00081150': ['UI', '1.2'], '00081155': ['UI', '1.2.4'] }, { '00081150': ['UI', '1.3'] }]],
  '00090010': ['LO', 'A PRIVATE CREATOR'],
  '00100010': ['PN', 'TEST^PATIENT'],
  '7fe00010': ['OW', Uint8Array.from({ length: 600_000 }, (_, index) => index & 0xff)],
};

/** A data set under meta information of its own. */
const withMeta = (dataSet: Uint8Array, transferSyntaxUid: string) =>
  Buffer.concat([writeFileMeta({ sopClassUid: DX_PRESENTATION, sopInstanceUid: '1.2.3', transferSyntaxUid }), dataSet]);

/** An element as bytes of Explicit VR Little Endian. */
function element(tag: string, vr: string, value: Uint8Array, length = value.length): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16LE(Number.parseInt(tag.slice(0, 4), 16));
  head.writeUInt16LE(Number.parseInt(tag.slice(4), 16), 2);
  head.write(vr, 4, 'latin1');
  const isLong = ['SQ', 'OB', 'OW', 'UN'].includes(vr);
  if (isLong) head.writeUInt32LE(length, 8);
  else head.writeUInt16LE(length, 6);
  return Buffer.concat([isLong ? head : head.subarray(0, 8), value]);
}

/** An item, or with another element number a delimiter. */
function item(content: Uint8Array, length = content.length, number = 0xe000): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(0xfffe);
  head.writeUInt16LE(number, 2);
  head.writeUInt32LE(length, 4);
  return Buffer.concat([head, content]);
}

const UNDEFINED = 0xffff_ffff;
const ITEM_END = item(Buffer.alloc(0), 0, 0xe00d);
const SEQUENCE_END = item(Buffer.alloc(0), 0, 0xe0dd);
const explicitFilm = (sequence: Uint8Array, length: number, more: readonly Uint8Array[] = []) =>
  withMeta(
    Buffer.concat([element('00081140', 'SQ', sequence, length), ...more, element('7fe00010', 'OW', Buffer.alloc(64))]),
    EXPLICIT_VR_LITTLE_ENDIAN,
  );
const REFERENCE = element('00081150', 'UI', Buffer.from('1.2\0'));

describe('the same film', () => {
  it('under other meta information', async () => {
    const written = writePart10(FILM);
    expect(await compare(written, withMeta(dataSetOf(written), EXPLICIT_VR_LITTLE_ENDIAN))).toBe(true);
    const other = Buffer.from(written);
    other.write('a preamble of another application', 0);
    expect(await compare(written, other)).toBe(true);
  });

  it('in Explicit and in Implicit VR', async () => {
    expect(await compare(writePart10(FILM), writePart10(FILM, IMPLICIT_VR_LITTLE_ENDIAN))).toBe(true);
  });

  it('with defined and undefined lengths, with and without group lengths and padding', async () => {
    const defined = explicitFilm(item(REFERENCE), item(REFERENCE).length);
    const delimited = Buffer.concat([item(Buffer.concat([REFERENCE, ITEM_END]), UNDEFINED), SEQUENCE_END]);
    const undefinedLengths = explicitFilm(delimited, UNDEFINED);
    expect(await compare(defined, undefinedLengths)).toBe(true);
    const noisy = Buffer.concat([
      withMeta(element('00080000', 'UL', Buffer.alloc(4)), EXPLICIT_VR_LITTLE_ENDIAN),
      dataSetOf(undefinedLengths),
      element('fffcfffc', 'OB', Buffer.alloc(20)),
    ]);
    expect(await compare(defined, noisy)).toBe(true);
  });

  it('compressed, with other lengths before its pixels', async () => {
    const fragments = element(
      '7fe00010',
      'OB',
      Buffer.concat([item(Buffer.alloc(0)), item(Buffer.alloc(100, 7)), SEQUENCE_END]),
      UNDEFINED,
    );
    const one = withMeta(Buffer.concat([element('00081140', 'SQ', item(REFERENCE)), fragments]), JPEG_BASELINE);
    const delimited = Buffer.concat([item(REFERENCE), SEQUENCE_END]);
    const other = withMeta(Buffer.concat([element('00081140', 'SQ', delimited, UNDEFINED), fragments]), JPEG_BASELINE);
    expect(await compare(one, other)).toBe(true);
    const damaged = Buffer.from(other);
    damaged[damaged.length - 20] = 8;
    expect(await compare(one, damaged)).toBe(false);
    expect(await compare(one, withMeta(dataSetOf(other), RLE_LOSSLESS))).toBe(false);
  });
});

describe('another film', () => {
  const changed = (difference: Elements) => writePart10({ ...FILM, ...difference }, IMPLICIT_VR_LITTLE_ENDIAN);

  it.each([
    ['another name', changed({ '00100010': ['PN', 'TEST^PATIENS'] })],
    ['an element more', changed({ '00100020': ['LO', '4711'] })],
    ['an element less', changed({ '00100010': undefined })],
    ['another item', changed({ '00081140': ['SQ', [{ '00081150': ['UI', '1.2'] }, { '00081150': ['UI', '1.3'] }]] })],
    ['an item less', changed({ '00081140': ['SQ', [{ '00081150': ['UI', '1.2'], '00081155': ['UI', '1.2.4'] }]] })],
    [
      'another pixel',
      changed({ '7fe00010': ['OW', Uint8Array.from({ length: 600_000 }, (_, i) => (i === 599_999 ? 0 : i & 0xff))] }),
    ],
  ])('has %s', async (_name, other) => {
    expect(await compare(writePart10(FILM), other)).toBe(false);
  });

  it('hides nothing behind a delimiter that does not belong there', async () => {
    const plain = explicitFilm(item(REFERENCE), item(REFERENCE).length);
    const hiding = explicitFilm(item(REFERENCE), item(REFERENCE).length, [
      ITEM_END,
      element('00100010', 'PN', Buffer.from('X ')),
    ]);
    expect(await compare(plain, hiding)).toBe(false);
  });

  it('is what cannot be compared', async () => {
    const written = writePart10(FILM);
    const deflated = withMeta(Buffer.alloc(100), DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN);
    expect(await compare(written, deflated)).toBe(false);
    const comparer = new FilmComparer();
    expect(await comparer.isSame(await file(written), join(folder, 'absent'))).toBe(false);
    expect(await comparer.isSame(await file(written), await file(Buffer.alloc(10)))).toBe(false);
    expect(await comparer.isSame(await file(written), await file(written))).toBe(true);
  });
});
