import { describe, expect, test } from 'vitest';
import { assessEligibility } from '../../src/dicom/eligibility.ts';
import type { GateEffects } from '../../src/dicom/gate-rules.ts';
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
const imageType = (...values: string[]): Elements => ({ '00080008': ['CS', values] });
const SILENT: Elements = {
  '00180015': undefined,
  '00082218': undefined,
  '00185101': undefined,
  '00540220': undefined,
  '0008103e': undefined,
  '00081030': undefined,
};
const UTF_8: Elements = { '00080005': ['CS', 'ISO_IR 192'] };
/** Divided by white space; ^ is a space within one. */
const words = (text: string): string[] => text.trim().split(/\s+/);
const LATERAL_DESCRIPTION: Elements = { '0008103e': ['LO', 'LATERAL'] };
const LATERAL_PROTOCOL: Elements = { '0008103e': undefined, '00181030': ['LO', 'Thorax seitlich'] };
const LATERAL_PROTOCOL_OF_CHEST: Elements = { '0008103e': ['LO', 'Chest'], '00181030': ['LO', 'Chest LAT'] };
const TWO_FRAMES: Elements = { '00280008': ['IS', '2'], '7fe00010': ['OW', new Uint8Array(65_536)] };
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
    ['a study that also holds a knee', { '00081030': ['LO', 'CHEST AND KNEE'] }],
    ['derived', { '00080008': ['CS', ['DERIVED', 'SECONDARY']] }],
    ['with more image types', { '00080008': ['CS', ['DERIVED', 'PRIMARY', 'POST_PROCESSED', '', 'AEC']] }],
    ['patient orientation L\\F', { '00200020': ['CS', ['L', 'F']] }],
    ['body part TORAX', { '00180015': ['CS', 'TORAX'], '00082218': undefined }],
    ['body part CHEST PEDIATRIC', { '00180015': ['CS', 'CHEST PEDIATRIC'] }],
    ['body part CHEST PORTABLE AP', { '00180015': ['CS', 'CHEST PORTABLE AP'] }],
    ...['CHEST 2 VIEWS', 'CHEST BUCKY', 'WALL CHEST PA', 'CHEST NON-GRID', 'LUNG FIELD', 'TORAKS', 'HRUDNIK'].map(
      (part): [string, Elements] => [`body part ${part}`, { '00180015': ['CS', part], '00082218': undefined }],
    ),
    ...words(`
      PEDCHEST CHESTPED PED_CHEST PEDIATRIC^CHEST NEONATALCHEST BABYCHEST CHESTINFANT KINDERTHORAX
      CHESTPA CHEST_PA CHESTAP CHEST1V CHEST1 CHEST2VIEWS PORTABLE_CHEST PORTCHEST XRCHEST THORAXPA TELETORAX TELE-TORAX
      THORAXÜBERSICHT X-THORAX RÖ-THORAX THX PULMO COR/PULMO HEART HERZ-LUNGE HJÄRTA/LUNGOR BRYSTKASSE POITRINE
      THORACIC^CAVITY X-RAY^CHEST CHEST,GENERAL CHEST^2VW KLATKI^PIERSIOWEJ PULMONAR GÖĞÜS
      胸部^立位 胸部ポータブル 小児胸部 胸腔 心臓 心肺 흉부`).map((part): [string, Elements] => [
      `body part ${part}`,
      { ...UTF_8, '00180015': ['CS', part.replace('^', ' ')], '00082218': undefined },
    ]),
    ...words(`
      A->P P->A P→A P^TO^A AP_SUPINE PASTANDING APSUPINE PA^TABLETOP AP^NEONATAL PA立位 AP臥位 胸部正面^立位 後前 背腹方向 后前位
      후전 PA^125KV AP^SEATED PA^HALBSITZEND ПРЯМАЯ`).map((position): [string, Elements] => [
      `view ${position}`,
      { ...UTF_8, '00185101': ['CS', position.replaceAll('^', ' ')], '00540220': undefined },
    ]),
    ...[
      ...[
        'AP',
        'PA',
        'P.A.',
        'A-P',
        'AP BEDSIDE',
        'PA ERECT',
        'FRONTAL',
        'FRENTE',
        'POSTEROANTERIOR',
        'P A',
        'DV',
        'd.v.',
      ],
      ...['AP SEMI-ERECT', 'PA INSPIRATORY', 'AP WHEELCHAIR', 'PA 180CM', 'PA LANDSCAPE', 'PA NIPPLE MARKERS'],
    ].map((position): [string, Elements] => [
      `view ${position}`,
      { '00185101': ['CS', position], '00540220': undefined },
    ]),
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
    ...['UNKNOWN', 'NONE', 'N/A', 'PORTABLE'].map((part): [string, Elements, string[]] => [
      `body part ${part}`,
      { '00180015': ['CS', part], '00082218': undefined },
      ['BODY_PART_UNSTATED'],
    ]),
    ...['UNKNOWN', 'N/A', 'PORTABLE', 'ERECT'].map((position): [string, Elements, string[]] => [
      `view ${position}`,
      { '00185101': ['CS', position], '00540220': undefined },
      ['VIEW_POSITION_UNSTATED'],
    ]),
    ...words('立位 仰臥位 ポータブル').map((position): [string, Elements, string[]] => [
      `view ${position}`,
      { ...UTF_8, '00185101': ['CS', position], '00540220': undefined },
      ['VIEW_POSITION_UNSTATED'],
    ]),
    ['body part CHEST ZONE', { '00180015': ['CS', 'CHEST ZONE'] }, ['BODY_PART_UNCLEAR']],
    ['view PA MODE B', { '00185101': ['CS', 'PA MODE B'] }, ['VIEW_POSITION_UNCLEAR']],
    [
      'a lateral protocol under a series that says chest',
      LATERAL_PROTOCOL_OF_CHEST,
      ['SERIES_DESCRIPTION_CONTRADICTS'],
    ],
    ['modality XR', { '00080060': ['CS', 'XR'] }, ['MODALITY_UNSPECIFIC']],
    ['no modality', { '00080060': undefined }, ['MODALITY_UNSTATED']],
    ['modality OT', { '00080060': ['CS', 'OT'], ...storage('7') }, ['MODALITY_UNSPECIFIC']],
    ['for processing', { '00080068': ['CS', 'FOR PROCESSING'], ...storage('1.1.1') }, ['FOR_PROCESSING']],
    ['a contradictory polarity', { '20500020': ['CS', 'INVERSE'] }, ['POLARITY_CONTRADICTORY']],
    ['a lateral series description when the view is PA', LATERAL_DESCRIPTION, ['SERIES_DESCRIPTION_CONTRADICTS']],
    ['a rib series filed as chest', { '0008103e': ['LO', 'Ribs left oblique'] }, ['SERIES_DESCRIPTION_CONTRADICTS']],
    ['a lateral protocol when the view is PA', LATERAL_PROTOCOL, ['SERIES_DESCRIPTION_CONTRADICTS']],
    ['chest and abdomen', { '0008103e': ['LO', 'Chest/Abdomen AP'] }, ['SERIES_DESCRIPTION_MIXED']],
    ['ribs with a chest film', { '0008103e': ['LO', 'Ribs w PA Chest'] }, ['SERIES_DESCRIPTION_MIXED']],
    ['patient orientation R\\F', { '00200020': ['CS', ['R', 'F']] }, ['PATIENT_ORIENTATION_MIRRORED']],
    ['two frames', TWO_FRAMES, ['NUMBER_OF_FRAMES']],
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
    ...['AP AXIAL', 'PA LATERAL', 'PA OBLIQUE', 'L', 'OTHER', '側面'].map((position): [string, Elements, string[]] => [
      `view ${position}`,
      { '00080005': ['CS', 'ISO_IR 192'], '00185101': ['CS', position] },
      ['VIEW_POSITION'],
    ]),
    ['body part CHEST LATERAL', { '00180015': ['CS', 'CHEST LATERAL'] }, ['BODY_PART']],
    ['patient orientation LA\\F', { '00200020': ['CS', ['LA', 'F']] }, ['PATIENT_ORIENTATION']],
    ['a silent study described as lateral', { ...SILENT, '00081030': ['LO', 'CHEST LATERAL'] }, ['STUDY_DESCRIPTION']],
    ['a montage', imageType('DERIVED', 'SECONDARY', 'MONTAGE'), ['IMAGE_TYPE']],
    ...['Chest phantom', 'Test pattern', 'Chest PA heatmap', 'Screenshots', 'Chest PA CAD result'].map(
      (text): [string, Elements, string[]] => [text, { '0008103e': ['LO', text] }, ['IMAGE_TYPE']],
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
    ['dual energy by image type', imageType('DERIVED', 'PRIMARY', 'SOFT_TISSUE'), ['ENERGY_SUBTRACTION']],
    ['bone image by image type', imageType('DERIVED', 'PRIMARY', '', 'BONE'), ['ENERGY_SUBTRACTION']],
    ['dual energy by description', { '0008103e': ['LO', 'Chest PA Dual Energy'] }, ['ENERGY_SUBTRACTION']],
    ['bone suppression', { '0008103e': ['LO', 'Chest PA bone suppressed'] }, ['ENERGY_SUBTRACTION']],
    ['tomosynthesis', imageType('DERIVED', 'PRIMARY', 'TOMOSYNTHESIS'), ['TOMOSYNTHESIS']],
    ['a tomosynthesis slice by description', { '0008103e': ['LO', 'VolumeRAD Chest'] }, ['TOMOSYNTHESIS']],
    ['a stitched image', imageType('DERIVED', 'PRIMARY', 'STITCHED'), ['STITCHED']],
    ['a report about a film', imageType('DERIVED', 'SECONDARY', 'CAD'), ['IMAGE_TYPE']],
    ['upside down by patient orientation', { '00200020': ['CS', ['R', 'H']] }, ['PATIENT_ORIENTATION']],
    ['on its side by patient orientation', { '00200020': ['CS', ['F', 'R']] }, ['PATIENT_ORIENTATION']],
    ['region chest and abdomen', region('SCT', '416550000'), ['ANATOMIC_REGION']],
    ['region rib', region('SCT', '113197003'), ['ANATOMIC_REGION']],
    ['view code postero-anterior oblique', view('SCT', '399059000'), ['VIEW_CODE']],
    ...words(`
      PEDABDOMEN PEDHAND CHESTRIBS CHESTABDPELVIS NECKCHEST CHESTLAT CHESTPALAT CHESTLL PNEUMOTHORAX RIPPENTHORAX THORACIC
      THORACIC^SPINE CHESTER ABDOMENCHEST HANDAP TRUNK 胸椎 胸骨`).map((part): [string, Elements, string[]] => [
      `body part ${part}`,
      { ...UTF_8, '00180015': ['CS', part.replace('^', ' ')], '00082218': undefined },
      ['BODY_PART'],
    ]),
    ...words('PALAT CHESTLAT LLDECUB PA側面 胸部LR 側臥位').map((position): [string, Elements, string[]] => [
      `view ${position}`,
      { ...UTF_8, '00185101': ['CS', position], '00540220': undefined },
      ['VIEW_POSITION'],
    ]),
    ['body part CHESTABDOMEN', { '00180015': ['CS', 'CHESTABDOMEN'] }, ['BODY_PART']],
  ])('%s', async (_, elements, names) => {
    expect(await assess(elements)).toEqual(['INELIGIBLE', names]);
  });

  test('127 x 127 pixels', async () => {
    expect(await assess({}, 127)).toEqual(['INELIGIBLE', ['DIMENSIONS']]);
  });

  test.each([
    [200, 128, null],
    [210, 128, 'SHAPE_UNUSUAL'],
    [128, 256, 'SHAPE_UNUSUAL'],
    [128, 384, 'SHAPE_UNUSUAL'],
  ])('%i x %i pixels: %s', async (rows, columns, rule) => {
    const { reasons } = assessEligibility(await headerOf(makePhantom({ seed: 1, rows, columns })));
    expect(reasons.map((reason) => reason.split(':')[0])).toEqual(rule === null ? [] : [rule]);
  });

  test('a strip', async () => {
    const header = await headerOf(makePhantom({ seed: 1, rows: 128, columns: 400 }));
    expect(assessEligibility(header).reasons[0]).toMatch(/^DIMENSIONS: /);
  });
});

describe('descriptions in the languages of hospitals, where the codes are silent', () => {
  const outcome = async (description: string): Promise<string[]> =>
    (await assess({ ...SILENT, '00080005': ['CS', 'ISO_IR 192'], '0008103e': ['LO', description] }))[1];

  test.each([
    'Thorax p.a.',
    'Thorax a.p. im Bett',
    'Lungen stehend',
    'KinderThorax AP',
    'Rtg klatki piersiowej',
    'Teletórax',
    '胸部 A->P',
    'Röntgen-Thorax im Liegen',
    'Chest A to P',
    'Thorax de face',
    'Tórax PA',
    'Tórax frente',
    'Tórax AP decúbito supino',
    'Torace AP a letto',
    'Torace proiezione postero-anteriore',
    'X-thorax voorachterwaarts liggend',
    'Chest portable AP supine',
    'Chest pediatric',
    '胸部正面',
    '胸部 Ｐ→Ａ',
    '胸部正位',
    '胸部 手術後',
    '胸部 右側胸水',
    'klatka piersiowa',
    'Лёгкие',
  ])('%s is taken for a frontal chest film', async (description) => {
    expect(await outcome(description)).toEqual(['BODY_PART_UNSTATED', 'VIEW_POSITION_UNSTATED']);
  });

  test.each([
    'Chest LL',
    'ShoulderAP',
    'KneePortable',
    'LSpineAP',
    'ChestLL',
    'Orbits',
    'Jambe gauche',
    'Chest lt lat',
    'CHEST XTABLE',
    'CHEST DECUB',
    'Chest apical lordotic',
    'Chest oblique',
    'Thorax seitlich',
    'Thorax schräg',
    'Thorax de profil',
    'Tórax perfil',
    'Tórax lateral',
    'Torace laterale',
    'Thorax zijdelings',
    '胸部側面',
    '胸部斜位',
    '胸部侧位',
    '흉부 측면',
    'Thorax seitl. li. anl.',
    'Thorax dwars',
    'klatka piersiowa bok',
    'Hrudník bočně',
    'Lungor sidobild',
    'Keuhkot sivu',
    'Akciğer yan',
    'mellkas oldalirányú',
    'ОГК боковая',
    'Θώρακας πλάγια',
    'phổi nghiêng',
    'صدر جانبي',
    'חזה צד',
    'ทรวงอก ด้านข้าง',
    '胸部 R→L',
    '胸部（側）',
    'Beckenübersicht',
    'OPG',
    '手',
    'Живот',
    'Knie links',
    'Rippen rechts',
    'BWS in 2 Ebenen',
    'Abdomen liegend',
    'Genou gauche',
    'Gril costal',
    'Columna lumbar',
    'Addome',
    'Coluna torácica',
    'Bekken',
    '腹部',
    '胸椎',
    '肋骨',
    '복부',
  ])('%s is not', async (description) => {
    expect(await outcome(description)).toEqual(['SERIES_DESCRIPTION']);
  });
});

describe('rules that do other than usual', () => {
  const header = () =>
    headerOf(
      makePhantom({ seed: 1, rows: 128, columns: 128, elements: { ...LATERAL_DESCRIPTION, '00080060': ['CS', 'RF'] } }),
    );

  test.each<[GateEffects, string, string[]]>([
    [{}, 'INELIGIBLE', ['MODALITY']],
    [{ MODALITY: 'WARN' }, 'READ_WITH_WARNING', ['MODALITY', 'SERIES_DESCRIPTION_CONTRADICTS']],
    [{ MODALITY: 'IGNORE' }, 'READ_WITH_WARNING', ['SERIES_DESCRIPTION_CONTRADICTS']],
    [{ MODALITY: 'IGNORE', SERIES_DESCRIPTION_CONTRADICTS: 'IGNORE' }, 'READ', []],
    [
      { MODALITY: 'IGNORE', SERIES_DESCRIPTION_CONTRADICTS: 'EXCLUDE' },
      'INELIGIBLE',
      ['SERIES_DESCRIPTION_CONTRADICTS'],
    ],
  ])('%j', async (effects, verdict, names) => {
    const assessment = assessEligibility(await header(), effects);
    expect(assessment.verdict).toBe(verdict);
    expect(assessment.reasons.map((reason) => reason.split(':')[0])).toEqual(names);
  });
});

test('words that could be taken apart in a million ways are soon known for what they are not', async () => {
  const description = Array.from({ length: 2 }, () => `${'1'.repeat(30)}X`).join(' ');
  const header = await headerOf(
    makePhantom({ seed: 1, rows: 128, columns: 128, elements: { '0008103e': ['LO', description] } }),
  );
  const began = performance.now();
  expect(assessEligibility(header).reasons).toEqual([]);
  // Every way tried, it would be a second.
  expect(performance.now() - began).toBeLessThan(200);
});
