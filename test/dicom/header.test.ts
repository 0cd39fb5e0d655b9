import { describe, expect, test } from 'vitest';
import type { Elements } from '../../src/dicom/part10-writer.ts';
import { writePart10 } from '../../src/dicom/part10-writer.ts';
import { makePhantom } from '../../src/dicom/phantom.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from '../../src/dicom/transfer-syntaxes.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { encapsulatedFilm } from '../support/encoded-films.ts';
import { errorOf, headerOf, LIMITS, smallFilm, smallFilmBytes } from './support.ts';

test('a phantom comes back with everything it was written with, in both transfer syntaxes', async () => {
  const options = { seed: 1, rows: 40, columns: 32, photometricInterpretation: 'MONOCHROME1' } as const;
  const explicit = await headerOf(makePhantom(options));
  const implicit = await headerOf(makePhantom({ ...options, transferSyntaxUid: IMPLICIT_VR_LITTLE_ENDIAN }));
  expect(explicit).toMatchObject({
    sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
    transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN,
    patient: { id: 'PHANTOM-1', issuer: 'PHANTOM', name: 'PHANTOM^ONE', birthDate: '1941-06-15', sex: 'MALE' },
    study: { accessionNumber: 'PHANTOM-0001', date: '2026-01-02T09:30:00.000Z', description: 'Chest PA, synthetic' },
    series: { modality: 'DX', bodyPart: 'CHEST', viewPosition: 'PA', description: 'Chest PA' },
    priority: 'ROUTINE',
    image: {
      rows: 40,
      columns: 32,
      samplesPerPixel: 1,
      bitsAllocated: 16,
      bitsStored: 12,
      highBit: 11,
      pixelRepresentation: 0,
      photometricInterpretation: 'MONOCHROME1',
      numberOfFrames: 1,
      imageType: ['ORIGINAL', 'PRIMARY'],
      presentationIntentType: 'FOR PRESENTATION',
      rescaleSlope: 1,
      rescaleIntercept: 0,
      windows: [{ center: 2048, width: 4096 }],
      presentationLutShape: 'INVERSE',
      anatomicRegions: [{ scheme: 'SCT', value: '816094009', meaning: 'Chest' }],
      viewCodes: [{ scheme: 'SCT', value: '272479007', meaning: 'postero-anterior' }],
      patientOrientation: ['L', 'F'],
    },
  });
  const { pixelData, transferSyntaxUid, ...rest } = explicit;
  expect(implicit).toMatchObject(rest);
  expect(pixelData.length).toBe(40 * 32 * 2);
  expect(transferSyntaxUid).not.toBe(implicit.transferSyntaxUid);
});

test('absent attributes are null', async () => {
  expect(await headerOf(smallFilmBytes({ '00080060': undefined }))).toMatchObject({
    patient: {
      id: null,
      issuer: null,
      name: null,
      nameIdeographic: null,
      namePhonetic: null,
      birthDate: null,
      sex: null,
    },
    study: { accessionNumber: null, date: null, description: null },
    series: { modality: null, bodyPart: null, viewPosition: null, description: null, protocolName: null },
    priority: 'ROUTINE',
    image: { rescaleSlope: null, windows: [], voiLut: null, pixelPaddingValue: null, anatomicRegions: [] },
  });
});

test('padding, case, odd numbers and control characters are tolerated', async () => {
  const header = await headerOf(
    smallFilmBytes({
      '00080060': ['CS', 'dx '],
      '00100020': ['LO', ' 4711\0\0'],
      '00100040': ['CS', 'x'],
      '00180015': ['CS', 'Chest   '],
      '00280004': ['CS', 'MONOCHROME2 '],
      '00281050': ['DS', ['2048 ', 'wide', '100']],
      '00281051': ['DS', ['4096', '5', '']],
      '00281053': ['DS', 'one'],
      '00281056': ['CS', 'NONSENSE'],
    }),
  );
  expect(header.series).toMatchObject({ modality: 'DX', bodyPart: 'CHEST' });
  expect(header.patient).toMatchObject({ id: '4711', sex: null });
  expect(header.image).toMatchObject({
    windows: [{ center: 2048, width: 4096 }],
    rescaleSlope: null,
    voiLutFunction: 'LINEAR',
  });
});

test.each<[string, string, string | null]>([
  ['YAMADA^TARO=\u5c71\u7530^\u592a\u90ce', 'ISO_IR 192', 'YAMADA^TARO'],
  ['MÜLLER^JÖRG^^^', 'ISO_IR 192', 'MÜLLER^JÖRG'],
  ['^^^^', 'ISO_IR 192', null],
  ['ANONYMOUS', 'ISO_IR 999', 'ANONYMOUS'],
])('the name %s in %s becomes %s', async (name, characterSet, expected) => {
  const header = await headerOf(smallFilmBytes({ '00080005': ['CS', characterSet], '00100010': ['PN', name] }));
  expect(header.patient.name).toBe(expected);
});

test.each<[string, readonly number[], string]>([
  ['ISO_IR 100', [0xc4, 0x52, 0x5e, 0x4f], 'ÄR^O'],
  ['ISO_IR 144', [0xbb, 0xee, 0xda], 'Люк'],
  ['\\ISO 2022 IR 87', [...Buffer.from('YAMADA^TARO=\u001b$B;3ED\u001b(B')], 'YAMADA^TARO'],
  ['ISO 2022 IR 6\\ISO 2022 IR 149', [...Buffer.from('HONG^GILDONG=')], 'HONG^GILDONG'],
  ['GB18030', [0xcd, 0xf5], '王'],
])('a name in %s is decoded', async (characterSet, bytes, expected) => {
  const header = await headerOf(
    smallFilmBytes({ '00080005': ['CS', characterSet], '00100010': ['PN', Uint8Array.from(bytes)] }),
  );
  expect(header.patient.name).toBe(expected);
});

test('the groups of a name are kept apart', async () => {
  const name = Uint8Array.from(
    Buffer.from(
      'YAMADA^TAROU=\u001b$B;3ED\u001b(B^\u001b$BB@O:\u001b(B=\u001b$B$d$^$@\u001b(B^\u001b$B$?$m$&\u001b(B',
      'latin1',
    ),
  );
  const header = await headerOf(
    smallFilmBytes({ '00080005': ['CS', ['', 'ISO 2022 IR 87']], '00100010': ['PN', name] }),
  );
  expect(header.patient).toMatchObject({
    name: 'YAMADA^TAROU',
    nameIdeographic: '山田^太郎',
    namePhonetic: 'やまだ^たろう',
  });
});

test('odd dates and times become none, never a refusal', async () => {
  const header = await headerOf(
    smallFilmBytes({
      '00080020': ['DA', '20260101-20260131'],
      '00080030': ['TM', 'noon'],
      '00080201': ['SH', 'CET'],
      '00100030': ['DA', '1941'],
    }),
  );
  expect(header.patient.birthDate).toBeNull();
  expect(header.study.date).toBeNull();
});

test('private attributes are stepped over, whatever is in them', async () => {
  const header = await headerOf(
    smallFilmBytes({
      '00090010': ['LO', 'SOMEBODY 1.0'],
      '00091001': ['UN', Uint8Array.from({ length: 300 }, (_, index) => index)],
      '00091002': ['OB', new Uint8Array(0)],
      '00091003': ['SQ', [{ '00090010': ['LO', 'SOMEBODY 1.0'], '00091010': ['UN', Uint8Array.of(1, 2)] }]],
      '0019100a': ['DS', 'no number'],
      '00291008': ['CS', 'IMAGE NUM 4'],
    }),
  );
  expect(header.series.modality).toBe('DX');
});

test.each<[string, Elements, 'ROUTINE' | 'STAT']>([
  ['STAT', { '00401003': ['SH', 'STAT'] }, 'STAT'],
  ['HIGH', { '00401003': ['SH', 'high '] }, 'STAT'],
  ['MEDIUM', { '00401003': ['SH', 'MEDIUM'] }, 'ROUTINE'],
  ['STAT in the request', { '00400275': ['SQ', [{ '00401003': ['SH', 'STAT'] }]] }, 'STAT'],
])('Requested Procedure Priority %s', async (_, elements, priority) => {
  expect((await headerOf(smallFilmBytes(elements))).priority).toBe(priority);
});

test('UIDs with leading zeros in a component are real and accepted', async () => {
  expect((await headerOf(smallFilmBytes({ '00080018': ['UI', '1.2.003.4'] }))).sopInstanceUid).toBe('1.2.003.4');
});

describe('what is stored though it is no chest film', () => {
  test.each<[string, Elements]>([
    [
      'RGB',
      {
        '00280002': ['US', 3],
        '00280004': ['CS', 'RGB'],
        '00280100': ['US', 8],
        '00280101': ['US', 8],
        '00280102': ['US', 7],
        '7fe00010': ['OB', new Uint8Array(768)],
      },
    ],
    [
      'YBR_FULL_422',
      {
        '00280002': ['US', 3],
        '00280004': ['CS', 'YBR_FULL_422'],
        '00280100': ['US', 8],
        '00280101': ['US', 8],
        '00280102': ['US', 7],
        '7fe00010': ['OB', new Uint8Array(512)],
      },
    ],
    ['PALETTE COLOR', { '00280004': ['CS', 'PALETTE COLOR'] }],
    ['two frames', { '00280008': ['IS', '2'], '7fe00010': ['OW', new Uint8Array(1024)] }],
    ['CT', { '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.2'] }],
    ['a SOP class that is not known', { '00080016': ['UI', '1.2.3.4.5.6'] }],
  ])('%s', async (_, elements) => {
    await expect(headerOf(smallFilmBytes(elements))).resolves.toBeDefined();
  });
});

describe('what is refused', () => {
  const many = '1.'.repeat(40).concat('1');
  test.each<[string, ErrorCode, Elements]>([
    ['no SOP Instance UID', 'MISSING_ATTRIBUTE', { '00080018': undefined }],
    ['no SOP Class UID', 'MISSING_ATTRIBUTE', { '00080016': undefined }],
    ['an empty Study Instance UID', 'MISSING_ATTRIBUTE', { '0020000d': ['UI', ''] }],
    ['no Series Instance UID', 'MISSING_ATTRIBUTE', { '0020000e': undefined }],
    ['a UID of 81 characters', 'INVALID_ATTRIBUTE', { '0020000d': ['UI', many] }],
    ['a UID with letters', 'INVALID_ATTRIBUTE', { '00080018': ['UI', '1.2.x'] }],
    ['a UID with a path', 'INVALID_ATTRIBUTE', { '00080018': ['UI', '../../etc'] }],
    ['a Patient ID of 300 characters', 'INVALID_ATTRIBUTE', { '00100020': ['LO', 'x'.repeat(300)] }],
    ['no Rows', 'MISSING_ATTRIBUTE', { '00280010': undefined }],
    ['0 rows', 'IMAGE_DIMENSIONS_UNSUPPORTED', { '00280010': ['US', 0] }],
    ['65,535 columns', 'IMAGE_DIMENSIONS_UNSUPPORTED', { '00280011': ['US', 65_535] }],
    ['15 columns', 'IMAGE_DIMENSIONS_UNSUPPORTED', { '00280011': ['US', 15] }],
    ['1 bit allocated', 'IMAGE_FORMAT_UNSUPPORTED', { '00280100': ['US', 1] }],
    ['32 bits allocated', 'IMAGE_FORMAT_UNSUPPORTED', { '00280100': ['US', 32] }],
    ['more bits stored than allocated', 'INVALID_ATTRIBUTE', { '00280101': ['US', 17] }],
    ['a high bit below the stored bits', 'INVALID_ATTRIBUTE', { '00280102': ['US', 5] }],
    ['pixel representation 7', 'INVALID_ATTRIBUTE', { '00280103': ['US', 7] }],
    ['0 samples per pixel', 'INVALID_ATTRIBUTE', { '00280002': ['US', 0] }],
    ['minus one frame', 'INVALID_ATTRIBUTE', { '00280008': ['IS', '-1'] }],
    ['no photometric interpretation', 'MISSING_ATTRIBUTE', { '00280004': undefined }],
    ['no pixels', 'NO_PIXEL_DATA', { '7fe00010': undefined }],
    ['empty pixels', 'NO_PIXEL_DATA', { '7fe00010': ['OW', new Uint8Array(0)] }],
    ['pixels that are one word short', 'PIXEL_DATA_LENGTH_MISMATCH', { '7fe00010': ['OW', new Uint8Array(510)] }],
    ['pixels that are two bytes long', 'PIXEL_DATA_LENGTH_MISMATCH', { '7fe00010': ['OW', new Uint8Array(514)] }],
    ['more frames than there are pixels', 'PIXEL_DATA_LENGTH_MISMATCH', { '00280008': ['IS', '2147483647'] }],
    ['a structured report', 'SOP_CLASS_UNSUPPORTED', { '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.88.33'] }],
  ])('%s: %s', async (_, code, elements) => {
    expect((await errorOf(headerOf(smallFilmBytes(elements)))).code).toBe(code);
  });

  test('a transfer syntax that is not read, by its name', async () => {
    const error = await errorOf(headerOf(encapsulatedFilm(smallFilm(), '1.2.840.10008.1.2.4.110', [])));
    expect(error.code).toBe('TRANSFER_SYNTAX_UNSUPPORTED');
    expect(error.message).toContain('JPEG XL Lossless (1.2.840.10008.1.2.4.110)');
    expect(error.details).toEqual({ sopInstanceUid: '1.2.3.4', sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1' });
  });

  test('with the UIDs that are known, and without those that are none', async () => {
    const known = await errorOf(headerOf(smallFilmBytes({ '00280010': undefined })));
    expect(known.details).toEqual({ sopInstanceUid: '1.2.3.4', sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1' });
    const unknown = await errorOf(headerOf(smallFilmBytes({ '00080018': ['UI', 'nothing'] })));
    expect(unknown.details).toEqual({ sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1' });
  });

  test('without patient data in the message', async () => {
    const film = smallFilmBytes({ '00100010': ['PN', 'SECRET^NAME'], '00100020': ['LO', 'SECRET'.repeat(50)] });
    expect((await errorOf(headerOf(film))).message).not.toContain('SECRET');
  });
});

test('an odd number of bytes may be padded to an even one', async () => {
  const odd: Elements = {
    '00280010': ['US', 17],
    '00280011': ['US', 17],
    '00280100': ['US', 8],
    '00280101': ['US', 8],
    '00280102': ['US', 7],
    '7fe00010': ['OB', new Uint8Array(289)],
  };
  const header = await headerOf(writePart10(smallFilm(odd)), LIMITS);
  expect(header.pixelData.length).toBe(290);
});
