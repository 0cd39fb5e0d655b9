/**
 * Marker segments of JPEG 2000 (ITU-T T.800 annex A) and HTJ2K (ITU-T T.814), and the chain of tile-parts. The decoders
 * size their memory by these, so what would need absurd amounts is refused here.
 */
import type { ByteWindow } from '../../byte-window.ts';
import { type CodestreamHeader, TRAILING_BYTES } from '../codestream.ts';
import { corrupt } from '../corrupt.ts';
import { findCodestream } from './jp2-boxes.ts';
import { COD, EOC, markerBytes, SIZ, SOC, SOT } from './markers.ts';

const MAXIMUM_SEGMENTS = 1000;
/** Tiles of 128 x 128 of the largest film of the default settings. OpenJPEG keeps 6 KiB for each. */
const MAXIMUM_TILES = 16_384;
const MAXIMUM_TILE_PARTS = 4 * MAXIMUM_TILES;
/** Precincts of all resolutions. OpenJPEG keeps 100 bytes and more for each; a film of 4096 x 4096 has 350 of the usual 256 x 256. */
const MAXIMUM_PRECINCTS = 262_144;
const MAXIMUM_DECOMPOSITIONS = 32;
/** Precinct exponent where none is stated. */
const WHOLE = 15;

/** Main header of a codestream. */
export interface Jpeg2000Header extends CodestreamHeader {
  /** Coded with the block coder of HTJ2K. */
  readonly highThroughput: boolean;
}

interface Size extends Pick<CodestreamHeader, 'rows' | 'columns' | 'components' | 'precision' | 'signed'> {
  readonly tiles: number;
}

interface CodingStyle {
  readonly reversible: boolean;
  readonly highThroughput: boolean;
}

/**
 * Reads the main header and follows the tile-parts to the end marker.
 *
 * @throws GatewayError PIXEL_DATA_CORRUPT
 */
export function readJpeg2000Header(window: ByteWindow): Jpeg2000Header {
  const start = findCodestream(window);
  if (window.uint16(start, true) !== SOC || window.uint16(start + 2, true) !== SIZ) {
    throw corrupt('The frame is no JPEG 2000 codestream.');
  }
  const { tiles, ...size } = readSize(window, start + 2);
  let style: CodingStyle | undefined;
  let position = start + 2;
  for (let count = 0; ; count += 1) {
    const marker = window.uint16(position, true);
    if (marker === SOT) break;
    const length = window.uint16(position + 2, true);
    if (count === MAXIMUM_SEGMENTS || marker < 0xff50 || length < 2)
      throw corrupt('JPEG 2000: the main header is broken.');
    if (marker === COD) style = readCodingStyle(window, position, size);
    position += 2 + length;
  }
  if (style === undefined) throw corrupt('JPEG 2000: no coding style.');
  followTileParts(window, position, tiles);
  return { ...size, start, lossless: style.reversible, highThroughput: style.highThroughput };
}

function readSize(window: ByteWindow, position: number): Size {
  const length = window.uint16(position + 2, true);
  const at = (index: number): number => window.uint32(position + 6 + 4 * index, true);
  const [x, y, xOffset, yOffset, tileWidth, tileHeight, tileX, tileY] = [0, 1, 2, 3, 4, 5, 6, 7].map(at) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const components = window.uint16(position + 38, true);
  if (length !== 38 + 3 * components || components === 0) throw corrupt('JPEG 2000: SIZ has a wrong length.');
  // Of colour, which is stored but not read, the first component stands for all.
  const depth = window.uint8(position + 40);
  if (window.uint16(position + 41) !== 0x0101) throw corrupt('JPEG 2000: the first component is subsampled.');
  if (x <= xOffset || y <= yOffset || tileWidth === 0 || tileHeight === 0 || tileX > xOffset || tileY > yOffset) {
    throw corrupt('JPEG 2000: the image has no area.');
  }
  const tiles = Math.ceil((x - tileX) / tileWidth) * Math.ceil((y - tileY) / tileHeight);
  if (tiles > MAXIMUM_TILES) throw corrupt(`JPEG 2000: ${tiles} tiles.`);
  return {
    rows: y - yOffset,
    columns: x - xOffset,
    components,
    precision: (depth & 0x7f) + 1,
    signed: (depth & 0x80) !== 0,
    tiles,
  };
}

function readCodingStyle(window: ByteWindow, position: number, size: Omit<Size, 'tiles'>): CodingStyle {
  const statesPrecincts = (window.uint8(position + 4) & 1) === 1;
  const decompositions = window.uint8(position + 9);
  if (decompositions > MAXIMUM_DECOMPOSITIONS) throw corrupt(`JPEG 2000: ${decompositions} decomposition levels.`);
  let precincts = 0;
  for (let level = 0; level <= decompositions; level += 1) {
    const exponents = statesPrecincts ? window.uint8(position + 14 + level) : WHOLE * 0x11;
    const scale = 2 ** (decompositions - level);
    const across = Math.ceil(size.columns / scale / 2 ** (exponents & 0x0f));
    precincts += across * Math.ceil(size.rows / scale / 2 ** (exponents >> 4));
  }
  if (precincts * size.components > MAXIMUM_PRECINCTS) throw corrupt(`JPEG 2000: ${precincts} precincts.`);
  return {
    highThroughput: (window.uint8(position + 12) & 0x40) !== 0,
    reversible: window.uint8(position + 13) === 1,
  };
}

/** Every tile must have a part, every part must lead to the next one, and the last to the end marker. */
function followTileParts(window: ByteWindow, first: number, tiles: number): void {
  const seen = new Set<number>();
  let position = first;
  for (let count = 0; window.uint16(position, true) !== EOC; count += 1) {
    if (count === MAXIMUM_TILE_PARTS || window.uint16(position, true) !== SOT) {
      throw corrupt(`JPEG 2000: byte ${position} begins no tile-part.`);
    }
    const tile = window.uint16(position + 4, true);
    const length = window.uint32(position + 6, true);
    if (tile >= tiles) throw corrupt(`JPEG 2000: tile ${tile} of ${tiles}.`);
    seen.add(tile);
    if (length === 0) {
      assertEndAfter(window, position);
      break;
    }
    if (length < 14) throw corrupt(`JPEG 2000: a tile-part of ${length} bytes.`);
    position += length;
  }
  if (seen.size !== tiles) throw corrupt(`JPEG 2000: ${seen.size} of ${tiles} tiles.`);
}

/** A tile-part of unstated length reaches to the end marker, which no packet can hold (T.800 section A.2). */
function assertEndAfter(window: ByteWindow, position: number): void {
  const from = Math.max(position, window.size - TRAILING_BYTES);
  const tail = Buffer.from(window.bytes(from, window.size - from));
  if (tail.lastIndexOf(markerBytes(EOC)) === -1) {
    throw corrupt('JPEG 2000: the end marker is missing.');
  }
}
