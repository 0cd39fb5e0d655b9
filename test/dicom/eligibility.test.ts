import { describe, expect, test } from 'vitest';
import { assessEligibility } from '../../src/dicom/eligibility.ts';
import type { Elements } from '../../src/dicom/part10-writer.ts';
import { makePhantom } from '../../src/dicom/phantom.ts';
import { headerOf } from './support.ts';

/** Verdict and rule names for a phantom with some elements replaced. */
async function assess(elements: Elements, side = 128): Promise<[string, string[]]> {
  const header = await headerOf(makePhantom({ seed: 1, rows: side, columns: side, elements }));
  const { verdict, reasons } = assessEligibility(header);
  for (const reason of reasons) expect(reason).toMatch(/^[A-Z_]+: .+\.$/);
  return [verdict, reasons.map((reason) => reason.split(':')[0] ?? '')];
}

const region = (scheme: string, value: string): Elements => ({
  '00082218': ['SQ', [{ '00080100': ['SH', value], '00080102': ['SH', scheme] }]],
});
const view = (scheme: string, value: string): Elements => ({
  '00540220': ['SQ', [{ '00080100': ['SH', value], '00080102': ['SH', scheme] }]],
});
const SILENT: Elements = {
  '00180015': undefined,
  '00082218': undefined,
  '00185101': undefined,
  '00540220': undefined,
  '0008103e': undefined,
  '00081030': undefined,
};
const storage = (suffix: string): Elements => ({ '00080016': ['UI', `1.2.840.10008.5.1.4.1.1.${suffix}`] });

describe('films that are read', () => {
  test.each<[string, Elements]>([
    ['a phantom', {}],
    ['CR', { ...storage('1'), '00080060': ['CS', 'CR'] }],
    ['a capture that says chest PA', storage('7')],
    ['body part THORAX', { '00180015': ['CS', 'THORAX'], '00082218': undefined }],
    ['body part LUNG', { '00180015': ['CS', 'LUNG'] }],
    ['body part CHEST PA PORTABLE', { '00180015': ['CS', 'CHEST PA PORT'] }],
    ['body part by code alone', { '00180015': undefined }],
    ['region SRT T-D3000', { ...region('SRT', 'T-D3000'), '00180015': undefined }],
    ['region SNM3 T-D3000', region('SNM3', 'T-D3000')],
    ['region SCT 51185008', region('SCT', '51185008')],
    ['view AP', { '00185101': ['CS', 'AP'], '00540220': undefined }],
    ['view POSTERO_ANTERIOR', { '00185101': ['CS', 'POSTERO_ANTERIOR'], '00540220': undefined }],
    ['view ANTEROPOSTERIOR SUPINE', { '00185101': ['CS', 'ANTEROPOSTERIOR SUPINE'], '00540220': undefined }],
    ['view by code alone', { '00185101': undefined }],
    ['view SRT R-10206', { ...view('SRT', 'R-10206'), '00185101': undefined }],
    ['view SRT R-10214', view('SRT', 'R-10214')],
    ['a lateral series description when the view is PA', { '0008103e': ['LO', 'LATERAL'] }],
    ['a study that also holds a knee', { '00081030': ['LO', 'CHEST AND KNEE'] }],
    ['derived', { '00080008': ['CS', ['DERIVED', 'SECONDARY']] }],
  ])('%s', async (_, elements) => {
    expect(await assess(elements)).toEqual(['READ', []]);
  });
});

describe('films that are read with a warning', () => {
  test.each<[string, Elements, string[]]>([
    ['a silent header', SILENT, ['BODY_PART_UNSTATED', 'VIEW_POSITION_UNSTATED']],
    ['a silent capture', { ...SILENT, ...storage('7') }, ['BODY_PART_UNSTATED', 'VIEW_POSITION_UNSTATED']],
    ['no body part', { '00180015': undefined, '00082218': undefined }, ['BODY_PART_UNSTATED']],
    ['no view', { '00185101': undefined, '00540220': undefined }, ['VIEW_POSITION_UNSTATED']],
    ['no modality', { '00080060': undefined }, ['MODALITY_UNSTATED']],
    ['modality OT', { '00080060': ['CS', 'OT'], ...storage('7') }, ['MODALITY_UNSPECIFIC']],
    ['for processing', { '00080068': ['CS', 'FOR PROCESSING'], ...storage('1.1.1') }, ['FOR_PROCESSING']],
    ['a contradictory polarity', { '20500020': ['CS', 'INVERSE'] }, ['POLARITY_CONTRADICTORY']],
    ['PA AND LAT', { ...SILENT, '0008103e': ['LO', 'PA AND LAT'] }, ['BODY_PART_UNSTATED', 'VIEW_POSITION_UNSTATED']],
  ])('%s', async (_, elements, names) => {
    expect(await assess(elements)).toEqual(['READ_WITH_WARNING', names]);
  });
});

describe('films that are not read', () => {
  test.each<[string, Elements, string[]]>([
    ['CT', { ...storage('2'), '00080060': ['CS', 'CT'] }, ['SOP_CLASS', 'MODALITY']],
    ['mammography', { ...storage('1.2'), '00080060': ['CS', 'MG'] }, ['SOP_CLASS', 'MODALITY']],
    ['a SOP class that is not known', { '00080016': ['UI', '1.2.3'] }, ['SOP_CLASS']],
    ['modality US in a capture', { ...storage('7'), '00080060': ['CS', 'US'] }, ['MODALITY']],
    ['body part HIP', { '00180015': ['CS', 'HIP'] }, ['BODY_PART']],
    ['body part RIB', { '00180015': ['CS', 'RIB'] }, ['BODY_PART']],
    ['body part CHEST ABDOMEN', { '00180015': ['CS', 'CHEST ABDOMEN'] }, ['BODY_PART']],
    ['body part EXTREMITY', { '00180015': ['CS', 'EXTREMITY'] }, ['BODY_PART']],
    ['region knee', region('SCT', '72696002'), ['ANATOMIC_REGION']],
    ['region of a private scheme', region('99LOCAL', 'CHEST'), ['ANATOMIC_REGION']],
    ...['LL', 'RL', 'LLD', 'RLD', 'LLO', 'RLO', 'LATERAL', 'AP LORDOTIC', 'POSTERIOR'].map(
      (position): [string, Elements, string[]] => [
        `view ${position}`,
        { '00185101': ['CS', position] },
        ['VIEW_POSITION'],
      ],
    ),
    ['view code lateral', view('SCT', '399067008'), ['VIEW_CODE']],
    ['view code left lateral', view('SRT', 'R-10236'), ['VIEW_CODE']],
    ['patient orientation P\\F', { '00200020': ['CS', ['P', 'F']] }, ['PATIENT_ORIENTATION']],
    ['a silent series described as lateral', { ...SILENT, '0008103e': ['LO', 'Chest LAT'] }, ['SERIES_DESCRIPTION']],
    ['a silent series described as knee', { ...SILENT, '0008103e': ['LO', 'Left knee'] }, ['SERIES_DESCRIPTION']],
    ['a silent study described as knee', { ...SILENT, '00081030': ['LO', 'KNEE 2 VIEWS'] }, ['STUDY_DESCRIPTION']],
    ['a localizer', { '00080008': ['CS', ['ORIGINAL', 'PRIMARY', 'LOCALIZER']] }, ['IMAGE_TYPE']],
    ['PALETTE COLOR', { '00280004': ['CS', 'PALETTE COLOR'], '20500020': undefined }, ['PHOTOMETRIC_INTERPRETATION']],
    ['7 bits', { '00280101': ['US', 7] }, ['BITS_STORED']],
    ['two frames', { '00280008': ['IS', '2'], '7fe00010': ['OW', new Uint8Array(65_536)] }, ['NUMBER_OF_FRAMES']],
  ])('%s', async (_, elements, names) => {
    expect(await assess(elements)).toEqual(['INELIGIBLE', names]);
  });

  test('127 x 127 pixels', async () => {
    expect(await assess({}, 127)).toEqual(['INELIGIBLE', ['DIMENSIONS']]);
  });

  test('a strip', async () => {
    const header = await headerOf(makePhantom({ seed: 1, rows: 128, columns: 400 }));
    expect(assessEligibility(header).reasons[0]).toMatch(/^DIMENSIONS: /);
  });
});
