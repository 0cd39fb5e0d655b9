/** Films whose parts are each well written and together absurd: what flipped bits reach only by luck. */
import { constants, deflateRawSync } from 'node:zlib';
import { type Elements, writeFileMeta, writePart10 } from '../../src/dicom/part10-writer.ts';
import { DX_IMAGE_FOR_PRESENTATION } from '../../src/dicom/sop-classes.ts';
import { DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN } from '../../src/dicom/transfer-syntaxes.ts';
import { joined } from '../mutate.ts';
import { Random } from '../random.ts';

/** Side of the small films, the least that the encoder of JPEG 2000 takes: their parsing costs as much as that of large ones, their pixels next to nothing. */
export const SIDE = 32;

const SIZES = [0, 1, 2, 31, 32, 33, 64, 4095, 4096, 4097, 32_767, 65_535] as const;
const BITS = [0, 1, 7, 8, 9, 12, 15, 16, 17, 24, 32, 64, 65_535] as const;
const NUMBERS = ['0', '1', '-1', '2', '1e400', '-1e-400', 'NaN', '', '99999999999', '1\\2\\3'] as const;
const TEXTS = [
  '',
  ' ',
  '\\',
  'MONOCHROME1',
  'PALETTE COLOR',
  'MONOCHROME2 ',
  'ISO 2022 IR 87',
  'A'.repeat(5000),
] as const;

/** One element, absurd. */
type Absurdity = (random: Random) => Elements;

const ABSURDITIES: readonly Absurdity[] = [
  (random) => ({ '00280010': ['US', random.pick(SIZES)] }),
  (random) => ({ '00280011': ['US', random.pick(SIZES)] }),
  // Unsigned long where the standard has unsigned short: four bytes whose first two may be 0.
  (random) => ({ [random.pick(['00280010', '00280011'])]: ['UL', random.uint32()] }),
  (random) => ({ [random.pick(['00280100', '00280101', '00280102', '00280002'])]: ['US', random.pick(BITS)] }),
  (random) => ({ '00280103': ['US', random.below(4)] }),
  (random) => ({ '00280008': ['IS', random.pick(NUMBERS)] }),
  (random) => ({ [random.pick(['00281050', '00281051', '00281052', '00281053'])]: ['DS', random.pick(NUMBERS)] }),
  (random) => ({ '00281056': ['CS', random.pick(['LINEAR', 'LINEAR_EXACT', 'SIGMOID', 'NONE'])] }),
  (random) => ({ [random.pick(['00280120', '00280121'])]: ['US', random.below(65_536)] }),
  (random) => ({
    [random.pick(['00280004', '00080005', '00080060', '00185101', '00080018'])]: ['CS', random.pick(TEXTS)],
  }),
  (random) => ({ [random.pick(['00100010', '00100020', '00081030'])]: ['LO', random.bytes(random.below(300))] }),
  (random) => ({ [random.pick(['00080020', '00100030'])]: ['DA', random.pick(TEXTS)] }),
  (random) => ({ '00283010': ['SQ', [lookupTable(random)]] }),
  (random) => ({ '00283000': ['SQ', [lookupTable(random)]] }),
  (random) => ({ '00091010': ['SQ', nested(random.below(200))] }),
  (random) => ({ '00091010': ['UN', random.bytes(random.below(2000))] }),
  (random) => ({ '7fe00010': [random.pick(['OB', 'OW', 'UN', 'OF']), random.bytes(random.below(4000))] }),
  () => ({ '7fe00010': undefined }),
];

function lookupTable(random: Random): Elements {
  return {
    '00283002': ['US', [random.pick(SIZES), random.below(65_536), random.pick(BITS)]],
    '00283006': ['OW', random.bytes(2 * random.below(600))],
  };
}

function nested(depth: number): readonly Elements[] {
  return depth === 0 ? [] : [{ '00091010': ['SQ', nested(depth - 1)] }];
}

/** What a film must have, with noise; a phantom, whose anatomy is drawn anew each time, would cost ten times as much. */
export function plainElements(bitsStored: number, random: Random): Elements {
  const bytes = bitsStored === 8 ? 1 : 2;
  return {
    '00080016': ['UI', DX_IMAGE_FOR_PRESENTATION],
    '00080018': ['UI', '1.2.3.4'],
    '0020000d': ['UI', '1.2.3.5'],
    '0020000e': ['UI', '1.2.3.6'],
    '00280002': ['US', 1],
    '00280004': ['CS', 'MONOCHROME2'],
    '00280010': ['US', SIDE],
    '00280011': ['US', SIDE],
    '00280100': ['US', 8 * bytes],
    '00280101': ['US', bitsStored],
    '00280102': ['US', bitsStored - 1],
    '00280103': ['US', 0],
    '7fe00010': ['OW', random.bytes(SIDE * SIDE * bytes)],
  };
}

/** A small film with one to four absurd elements. */
export function absurdFilm(random: Random): Uint8Array {
  let elements = plainElements(random.pick([8, 12, 16]), random);
  for (let count = 1 + random.below(4); count > 0; count -= 1) {
    elements = { ...elements, ...random.pick(ABSURDITIES)(random) };
  }
  return writePart10(elements);
}

/** Where the data set begins: behind the file meta information, whose length its first element tells. */
export function dataSetOffset(film: Uint8Array): number {
  return 144 + new DataView(film.buffer, film.byteOffset).getUint32(140, true);
}

const MEBIBYTE = 2 ** 20;

/** A small deflated film whose data set grows a thousandfold: mebibytes of zeros in one private element before its pixels. */
export function deflateBomb(mebibytes: number): Uint8Array {
  const elements = plainElements(8, new Random(0, 0));
  const film = writePart10(elements, EXPLICIT_VR_LITTLE_ENDIAN);
  const meta = writeFileMeta({
    sopClassUid: DX_IMAGE_FOR_PRESENTATION,
    sopInstanceUid: '1.2.3.4',
    transferSyntaxUid: DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  });
  const header = Buffer.from([0x09, 0x00, 0x10, 0x10, 0x4f, 0x42, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32LE(mebibytes * MEBIBYTE, 8);
  // Blocks that end at a byte can be put one after another, so nobody ever holds the zeros.
  const block = (bytes: Uint8Array) => deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  const zeros = block(new Uint8Array(MEBIBYTE));
  return joined(
    meta,
    block(joined(film.subarray(dataSetOffset(film)), header)),
    ...Array.from({ length: mebibytes }, () => zeros),
    deflateRawSync(new Uint8Array(0)),
  );
}
