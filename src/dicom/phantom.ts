/**
 * Synthetic chest films for demonstration, tests and benches: complete DX files (PS3.3 section A.26) of no person, the
 * same bytes for the same options.
 */
import { createHash } from 'node:crypto';
import { type Elements, writePart10 } from './part10-writer.ts';
import { drawAttenuation, type PhantomAnatomy } from './phantom-anatomy.ts';
import { DX_IMAGE_FOR_PRESENTATION } from './sop-classes.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from './transfer-syntaxes.ts';

/** What the phantom is to be; only the seed is needed. */
export interface PhantomOptions {
  /** Whole number; decides identifiers, anatomy and noise. */
  readonly seed: number;
  /** Default 1024. */
  readonly rows?: number;
  /** Default 1024. */
  readonly columns?: number;
  /** Default MONOCHROME2. */
  readonly photometricInterpretation?: 'MONOCHROME1' | 'MONOCHROME2';
  /** 8 to 16, default 12; 8 are allocated as 8, more as 16. */
  readonly bitsStored?: number;
  /** Default Explicit VR Little Endian. */
  readonly transferSyntaxUid?: string;
  /** Replaces what the seed decides. */
  readonly anatomy?: Partial<PhantomAnatomy>;
  /** Elements that replace or, when undefined, remove those of the phantom. */
  readonly elements?: Elements;
}

/** The anatomy is drawn on this grid and enlarged, so that a film of 2048 x 2048 costs little more than a small one. */
const ANATOMY_GRID = 384;
/** Share of the range of stored values that the densest bone reaches. */
const BRIGHTEST = 0.92;
/** Half width of the quantum noise, as a share of the range of stored values. */
const NOISE = 0.012;

const NUMBERS = 'ZERO ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE TEN ELEVEN TWELVE'.split(' ');

/**
 * Makes a complete Part 10 file. 1024 x 1024 takes about 0.2 s, 2048 x 2048 about 0.3 s; most of that is the anatomy, which is kept for the next film.
 *
 * @throws RangeError for bits stored outside 8 to 16
 */
export function makePhantom(options: PhantomOptions): Uint8Array<ArrayBuffer> {
  const { seed, rows = 1024, columns = 1024, bitsStored = 12, photometricInterpretation = 'MONOCHROME2' } = options;
  if (bitsStored < 8 || bitsStored > 16) throw new RangeError(`Phantoms have 8 to 16 bits, not ${bitsStored}.`);
  const isInverse = photometricInterpretation === 'MONOCHROME1';
  const pixels = renderPixels(
    { ...anatomyOf(seed), ...options.anatomy },
    { seed, rows, columns, bitsStored, isInverse },
  );
  const elements: Elements = {
    ...identityElements(seed),
    ...acquisitionElements(),
    ...pixelElements(rows, columns, bitsStored),
    '00280004': ['CS', photometricInterpretation],
    '20500020': ['CS', isInverse ? 'INVERSE' : 'IDENTITY'],
    '7fe00010': [bitsStored === 8 ? 'OB' : 'OW', pixels],
    ...options.elements,
  };
  return writePart10(elements, options.transferSyntaxUid ?? EXPLICIT_VR_LITTLE_ENDIAN);
}

/** UID below 2.25 from a name, as a UUID of version 8 (PS3.5 annex B.2). */
export function phantomUid(name: string): string {
  const bytes = createHash('sha256').update(`cxr-gateway phantom ${name}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return `2.25.${BigInt(`0x${bytes.toString('hex')}`)}`;
}

function identityElements(seed: number): Elements {
  const day = String(1 + (seed % 28)).padStart(2, '0');
  return {
    '00080005': ['CS', 'ISO_IR 192'],
    '00080016': ['UI', DX_IMAGE_FOR_PRESENTATION],
    '00080018': ['UI', phantomUid(`instance ${seed}`)],
    '00080020': ['DA', `202601${day}`],
    '00080030': ['TM', '093000'],
    '00080050': ['SH', `PHANTOM-${String(seed).padStart(4, '0')}`],
    '00081030': ['LO', 'Chest PA, synthetic'],
    '0008103e': ['LO', 'Chest PA'],
    '00100010': ['PN', `PHANTOM^${NUMBERS[seed] ?? `NUMBER ${seed}`}`],
    '00100020': ['LO', `PHANTOM-${seed}`],
    '00100021': ['LO', 'PHANTOM'],
    '00100030': ['DA', `19${String(40 + (seed % 50)).padStart(2, '0')}0615`],
    '00100040': ['CS', seed % 2 === 0 ? 'F' : 'M'],
    '0020000d': ['UI', phantomUid(`study ${seed}`)],
    '0020000e': ['UI', phantomUid(`series ${seed}`)],
    '00200010': ['SH', String(seed)],
    '00200011': ['IS', '1'],
    '00200013': ['IS', '1'],
  };
}

function acquisitionElements(): Elements {
  return {
    '00080008': ['CS', ['ORIGINAL', 'PRIMARY']],
    '00080060': ['CS', 'DX'],
    '00080068': ['CS', 'FOR PRESENTATION'],
    '00080070': ['LO', 'cxr-gateway phantom'],
    '00082218': ['SQ', [{ '00080100': ['SH', '816094009'], '00080102': ['SH', 'SCT'], '00080104': ['LO', 'Chest'] }]],
    '00180015': ['CS', 'CHEST'],
    '00185101': ['CS', 'PA'],
    '00200020': ['CS', ['L', 'F']],
    '00540220': [
      'SQ',
      [{ '00080100': ['SH', '272479007'], '00080102': ['SH', 'SCT'], '00080104': ['LO', 'postero-anterior'] }],
    ],
  };
}

function pixelElements(rows: number, columns: number, bitsStored: number): Elements {
  return {
    '00280002': ['US', 1],
    '00280010': ['US', rows],
    '00280011': ['US', columns],
    '00280100': ['US', bitsStored === 8 ? 8 : 16],
    '00280101': ['US', bitsStored],
    '00280102': ['US', bitsStored - 1],
    '00280103': ['US', 0],
    '00281050': ['DS', String(2 ** (bitsStored - 1))],
    '00281051': ['DS', String(2 ** bitsStored)],
    '00281052': ['DS', '0'],
    '00281053': ['DS', '1'],
    '00281054': ['LO', 'US'],
  };
}

/** Repeatable numbers from 0 to 1 (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function anatomyOf(seed: number): PhantomAnatomy {
  const random = randomNumbers(seed * 7919 + 1);
  const between = (low: number, high: number): number => low + (high - low) * random();
  return {
    heartSize: between(0.85, 1.3),
    breadth: between(0.94, 1.05),
    inspiration: between(-0.03, 0.02),
    effusion: random() < 0.4 ? { side: random() < 0.5 ? 'LEFT' : 'RIGHT', height: between(0.08, 0.24) } : null,
    nodule:
      random() < 0.4
        ? { x: (random() < 0.5 ? -1 : 1) * between(0.32, 0.6), y: between(0.22, 0.6), radius: between(0.03, 0.06) }
        : null,
  };
}

interface PixelFormat {
  readonly seed: number;
  readonly rows: number;
  readonly columns: number;
  readonly bitsStored: number;
  readonly isInverse: boolean;
}

/**
 * Maps by anatomy, as JSON, the last few of them: one takes up to 0.2 s to draw, most of a small film's time, and the same anatomy is
 * often asked for again with other elements or pixels.
 */
const drawn = new Map<string, Float32Array>();
const MOST_DRAWN = 8;

function attenuationOf(anatomy: PhantomAnatomy): Float32Array {
  const key = JSON.stringify(anatomy);
  const map = drawn.get(key) ?? drawAttenuation(anatomy, ANATOMY_GRID);
  drawn.delete(key);
  drawn.set(key, map);
  const [oldest] = drawn.keys();
  if (drawn.size > MOST_DRAWN && oldest !== undefined) drawn.delete(oldest);
  return map;
}

/** Enlarges the anatomy bilinearly, adds noise and quantises. Returns the bytes of Pixel Data, little endian. */
function renderPixels(anatomy: PhantomAnatomy, format: PixelFormat): Uint8Array {
  const { rows, columns, bitsStored } = format;
  const map = attenuationOf(anatomy);
  const random = randomNumbers(format.seed + 1);
  const maximum = 2 ** bitsStored - 1;
  const words = bitsStored === 8 ? new Uint8Array(rows * columns) : new Uint16Array(rows * columns);
  const across = Array.from({ length: columns }, (_, column) => gridPosition(column, columns));
  for (let row = 0; row < rows; row += 1) {
    const vertical = gridPosition(row, rows);
    for (let column = 0; column < columns; column += 1) {
      const horizontal = across[column] ?? vertical;
      const attenuation = interpolate(map, vertical, horizontal);
      const value = attenuation * BRIGHTEST + (random() - 0.5) * 2 * NOISE * (1 - 0.6 * attenuation);
      const word = Math.round(Math.min(1, Math.max(0, value)) * maximum);
      words[row * columns + column] = format.isInverse ? maximum - word : word;
    }
  }
  return new Uint8Array(words.buffer);
}

interface GridPosition {
  readonly first: number;
  readonly second: number;
  readonly fraction: number;
}

/** The two neighbours on the anatomy's grid of one row or column, and how far it lies towards the second. */
function gridPosition(index: number, count: number): GridPosition {
  const exact = Math.max(0, ((index + 0.5) / count) * ANATOMY_GRID - 0.5);
  const first = Math.min(ANATOMY_GRID - 1, Math.floor(exact));
  return { first, second: Math.min(ANATOMY_GRID - 1, first + 1), fraction: exact - first };
}

function interpolate(map: Float32Array, vertical: GridPosition, horizontal: GridPosition): number {
  const at = (row: number, column: number): number => map[row * ANATOMY_GRID + column] ?? 0;
  const { first: left, second: right, fraction } = horizontal;
  const upper = at(vertical.first, left) * (1 - fraction) + at(vertical.first, right) * fraction;
  const lower = at(vertical.second, left) * (1 - fraction) + at(vertical.second, right) * fraction;
  return upper * (1 - vertical.fraction) + lower * vertical.fraction;
}
