/** What becomes of every real film, report and broken file at hand. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assessEligibility } from '../../src/dicom/eligibility.ts';
import { readFilm } from '../../src/dicom/film.ts';
import { readHeader } from '../../src/dicom/header.ts';
import { GatewayError } from '../../src/errors.ts';
import { sharedData } from '../support/shared.ts';
import { LIMITS } from './support.ts';

const shared = sharedData();
const folderOf = (name: string): string => join(shared ?? '', 'data', name);

/** Verdict with rule names, or the error's code. */
async function outcomeOf(path: string): Promise<string> {
  try {
    const { verdict, reasons } = assessEligibility(await readHeader(path, LIMITS));
    return [verdict, ...reasons.map((reason) => reason.split(':')[0])].join(' ');
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
}

const OUTCOMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'films/chest': {
    'nih-00000001-dx-implicit.dcm': 'READ_WITH_WARNING BODY_PART_UNSTATED VIEW_POSITION_UNSTATED',
    'nih-nofinding-dx-implicit.dcm': 'READ_WITH_WARNING BODY_PART_UNSTATED VIEW_POSITION_UNSTATED',
    'nema-966-dx-mono1-jpeg2000-lossless.dcm': 'READ',
    'nema-rg1-cr-mono1-jpeg2000.dcm': 'READ',
    'nema-rg1-cr-mono1-jpegls-near.dcm': 'READ',
    'rsna-cr-pa-jpeg-baseline.dcm': 'READ',
  },
  'films/refuse': {
    'cr-extremity-jpegls.dcm': 'INELIGIBLE BODY_PART',
    'cr-hip-rle.dcm': 'INELIGIBLE BODY_PART',
    'ct-explicit.dcm': 'INELIGIBLE SOP_CLASS MODALITY',
    'ct-small.dcm': 'INELIGIBLE SOP_CLASS MODALITY',
    'examples-rgb-color.dcm': 'INELIGIBLE SOP_CLASS MODALITY PHOTOMETRIC_INTERPRETATION',
    'examples-ybr-color.dcm': 'INELIGIBLE SOP_CLASS MODALITY PHOTOMETRIC_INTERPRETATION',
    'mg-jpeg2000.dcm': 'IMAGE_DIMENSIONS_UNSUPPORTED',
    'mr-small.dcm': 'INELIGIBLE SOP_CLASS MODALITY DIMENSIONS',
    'reportsi.dcm': 'SOP_CLASS_UNSUPPORTED',
    'rtdose.dcm': 'IMAGE_DIMENSIONS_UNSUPPORTED',
    'rtplan.dcm': 'SOP_CLASS_UNSUPPORTED',
    'rtstruct.dcm': 'NOT_DICOM',
    'sc-rgb-jpeg.dcm': 'MALFORMED_DICOM',
    'test-sr.dcm': 'SOP_CLASS_UNSUPPORTED',
    'waveform-ecg.dcm': 'SOP_CLASS_UNSUPPORTED',
  },
  broken: {
    'badvr.dcm': 'IMAGE_DIMENSIONS_UNSUPPORTED',
    'explvr-bigendnometa.dcm': 'NOT_DICOM',
    'gdcmj2k-textgbr.dcm': 'INELIGIBLE PHOTOMETRIC_INTERPRETATION',
    'html-page.dcm': 'NOT_DICOM',
    'meta-missing-tsyntax.dcm': 'MALFORMED_DICOM',
    'mr-truncated.dcm': 'TRUNCATED_FILE',
    'nested-priv-sq.dcm': 'MISSING_ATTRIBUTE',
    'no-meta-group-length.dcm': 'NO_PIXEL_DATA',
    'no-meta.dcm': 'NOT_DICOM',
    'rtplan-truncated.dcm': 'SOP_CLASS_UNSUPPORTED',
    'sc-jpeg-no-color-transform.dcm': 'INELIGIBLE PHOTOMETRIC_INTERPRETATION',
    'un-sequence.dcm': 'NO_PIXEL_DATA',
    'zipmr.gz': 'NOT_DICOM',
  },
  syntaxes: {
    '693-j2k-signed.dcm': 'INELIGIBLE SOP_CLASS MODALITY',
    'bigendian.dcm': 'INELIGIBLE SOP_CLASS MODALITY PHOTOMETRIC_INTERPRETATION DIMENSIONS',
    'deflated.dcm': 'READ_WITH_WARNING MODALITY_UNSPECIFIC BODY_PART_UNSTATED VIEW_POSITION_UNSTATED',
    'j2k-pixelrep-mismatch.dcm': 'INELIGIBLE SOP_CLASS MODALITY BODY_PART',
    'jpeg-lossy.dcm': 'INELIGIBLE MODALITY DIMENSIONS BODY_PART',
    'jpeg2000.dcm': 'INELIGIBLE MODALITY DIMENSIONS BODY_PART',
    'mr-bigendian.dcm': 'INELIGIBLE SOP_CLASS MODALITY DIMENSIONS',
    'mr-implicit.dcm': 'INELIGIBLE SOP_CLASS MODALITY DIMENSIONS',
    'mr-jpeg2000.dcm': 'INELIGIBLE SOP_CLASS MODALITY DIMENSIONS',
    'mr-jpegls.dcm': 'INELIGIBLE SOP_CLASS MODALITY DIMENSIONS',
    'mr-rle.dcm': 'INELIGIBLE SOP_CLASS MODALITY DIMENSIONS',
    'rg3-jpeg-extended-lossy.dcm': 'INELIGIBLE BODY_PART',
    'rg3-jpeg-lossless.dcm': 'INELIGIBLE BODY_PART',
    'rg3-jpeg2000-lossless.dcm': 'INELIGIBLE BODY_PART',
    'rg3-jpeg2000-lossy.dcm': 'INELIGIBLE BODY_PART',
    'rg3-jpegls-lossless.dcm': 'INELIGIBLE BODY_PART',
    'rg3-jpegls-near.dcm': 'INELIGIBLE BODY_PART',
    'rg3-rle.dcm': 'INELIGIBLE BODY_PART',
    'rg3-uncompressed-explicit.dcm': 'INELIGIBLE BODY_PART',
  },
};

describe.skipIf(shared === undefined).each(Object.entries(OUTCOMES))('%s (needs ../shared)', (folder, outcomes) => {
  const names = shared === undefined ? [] : readdirSync(folderOf(folder));
  test.each(names)('%s', async (name) => {
    expect(await outcomeOf(join(folderOf(folder), name))).toBe(outcomes[name] ?? 'an entry in the table above');
  });
});

describe.skipIf(shared === undefined)('pixels of real films (needs ../shared)', () => {
  test.each(['nih-00000001-dx-implicit.dcm', 'nih-nofinding-dx-implicit.dcm'])(
    '%s keeps its 8-bit values',
    async (name) => {
      const path = join(folderOf('films/chest'), name);
      const { header, film } = await readFilm(path, LIMITS);
      const file = await readFile(path);
      expect(film.grayscale).toBe('STORED_8_BIT');
      expect([...film.lookup]).toEqual(Array.from({ length: 256 }, (_, index) => index));
      expect(film.words).toEqual(new Uint8Array(file.subarray(header.pixelData.offset)));
    },
  );

  test('a MONOCHROME1 film with a window becomes dark where it was brightest', async () => {
    const { film } = await readFilm(join(folderOf('syntaxes'), 'rg3-uncompressed-explicit.dcm'), LIMITS);
    expect(film.grayscale).toBe('VOI_WINDOW');
    // (550 - 549.5) / 1023 + 0.5 = 0.5005, times 255 = 127.6; inverted 127
    expect([0, 550, 1023].map((word) => film.lookup[word])).toEqual([255, 127, 9]);
  });

  test('a signed CT is read with its rescale and padding', async () => {
    const { header, film } = await readFilm(join(folderOf('films/refuse'), 'ct-small.dcm'), LIMITS);
    expect(header.image).toMatchObject({ pixelRepresentation: 1, rescaleIntercept: -1024, rescaleSlope: 1 });
    expect(film.grayscale).toBe('PERCENTILES');
  });
});

/** The part of dcmjs that is used here; the package has no types. */
interface Dcmjs {
  readonly log: { setLevel(level: string): void };
  readonly data: {
    readonly DicomMessage: {
      readFile(
        buffer: ArrayBuffer,
        options: { untilTag: string },
      ): { readonly dict: Readonly<Record<string, { readonly Value: readonly unknown[] }>> };
    };
  };
}

describe.skipIf(shared === undefined)('another parser reads the same (needs ../shared)', () => {
  const dcmjs = createRequire(import.meta.url)('dcmjs') as Dcmjs;
  dcmjs.log.setLevel('silent');
  test.each([
    'films/chest/nih-00000001-dx-implicit.dcm',
    'films/refuse/ct-explicit.dcm',
    'films/refuse/ct-small.dcm',
    'films/refuse/examples-rgb-color.dcm',
    'films/refuse/mr-small.dcm',
    'syntaxes/mr-implicit.dcm',
    'syntaxes/rg3-uncompressed-explicit.dcm',
  ])('%s', async (name) => {
    const path = folderOf(name);
    const header = await readHeader(path, LIMITS);
    const file = await readFile(path);
    const { dict } = dcmjs.data.DicomMessage.readFile(
      file.buffer.slice(file.byteOffset, file.byteOffset + file.length) as ArrayBuffer,
      { untilTag: '7FE00010' },
    );
    const first = (tag: string): unknown => {
      const value = dict[tag]?.Value[0] ?? null;
      return value === '' ? null : value;
    };
    expect({
      sopInstanceUid: first('00080018'),
      sopClassUid: first('00080016'),
      studyInstanceUid: first('0020000D'),
      seriesInstanceUid: first('0020000E'),
      patientId: first('00100020'),
      accessionNumber: first('00080050'),
      modality: first('00080060'),
      rows: first('00280010'),
      columns: first('00280011'),
      bitsStored: first('00280101'),
      pixelRepresentation: first('00280103'),
      windowCenter: first('00281050'),
      rescaleIntercept: first('00281052'),
      padding: first('00280120'),
    }).toEqual({
      sopInstanceUid: header.sopInstanceUid,
      sopClassUid: header.sopClassUid,
      studyInstanceUid: header.studyInstanceUid,
      seriesInstanceUid: header.seriesInstanceUid,
      patientId: header.patient.id,
      accessionNumber: header.study.accessionNumber,
      modality: header.series.modality,
      rows: header.image.rows,
      columns: header.image.columns,
      bitsStored: header.image.bitsStored,
      pixelRepresentation: header.image.pixelRepresentation,
      windowCenter: header.image.windows[0]?.center ?? null,
      rescaleIntercept: header.image.rescaleIntercept,
      padding: header.image.pixelPaddingValue,
    });
  });
});
