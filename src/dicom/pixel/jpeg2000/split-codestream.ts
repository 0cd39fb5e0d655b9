/**
 * Splits a JPEG 2000 codestream for several threads.
 *
 * Four fifths of the time of a lossless film go into the arithmetic decoder, code-block by code-block, each for itself
 * (T.800 annexes C and D). Native decoders share them among threads; WebAssembly decoders of today have one. So each
 * thread gets a codestream of its own: the same image, with only those code-blocks that its band of rows is made of. The
 * others are said to be in no layer, and decode to zeros in no time. Decoded so, the rows of the band are those of the
 * whole image, bit for bit, for reversible and irreversible coding.
 */
import { type Band, bandsOf, neededBy } from './bands.ts';
import { type Area, type CodingParameters, readCodingParameters, tileGrid } from './coding-parameters.ts';
import { EOC, markerBytes, SOD, SOT } from './markers.ts';
import { PacketBitWriter } from './packet-bits.ts';
import { Budget, type Packet, packetsOf, precinctsOf } from './precincts.ts';
import { readPackets } from './read-packets.ts';
import { readTileBodies } from './tile-bodies.ts';
import { UnusualCodestream } from './unusual.ts';
import { writePackets } from './write-packets.ts';

/** A codestream that decodes to the whole image, of which some rows are right. */
export interface BandCodestream {
  /** First right row of the image. */
  readonly firstRow: number;
  /** Rows that are right. */
  readonly rows: number;
  readonly codestream: Uint8Array<ArrayBuffer>;
}

const SOT_BYTES = 12;

/**
 * Splits a codestream of one component.
 *
 * @param bands - codestreams wanted, 2 or more
 * @returns the codestreams, whose rows together are the image from top to bottom; null for a codestream that is damaged,
 *   has too few rows, or uses what is not known here: it is to be decoded whole
 */
export function splitCodestream(codestream: Uint8Array, bands: number): BandCodestream[] | null {
  try {
    return split(codestream, bands);
  } catch (error) {
    // RangeError: a marker segment says that it reaches past the end.
    if (error instanceof UnusualCodestream || error instanceof RangeError) return null;
    throw error;
  }
}

function split(codestream: Uint8Array, wanted: number): BandCodestream[] | null {
  const parameters = readCodingParameters(codestream);
  const bodies = readTileBodies(codestream, parameters);
  const areas = tilesOf(parameters);
  const budget = new Budget();
  const tiles = bodies.map((body, index) => {
    const precincts = precinctsOf(areas[index] as Area, parameters, budget);
    const packets = packetsOf(precincts, parameters);
    readPackets(body, packets, parameters);
    return { precincts, packets };
  });
  const grids = tiles.flatMap(({ precincts }) => precincts.flatMap((precinct) => precinct.grids));
  const blocks = grids.flatMap((grid) => grid.blocks);
  const bands = bandsOf(blocks, parameters, wanted);
  if (bands.length < 2) return null;
  const packets = tiles.map((tile) => tile.packets);
  const expectedBytes = Math.ceil((1.25 * codestream.length) / bands.length);
  return bands.map((band) => ({
    firstRow: band.y0 - parameters.image.y0,
    rows: band.y1 - band.y0,
    codestream: write(packets, parameters, band, expectedBytes),
  }));
}

function write(tiles: readonly Packet[][], parameters: CodingParameters, band: Band, expectedBytes: number) {
  const output = new PacketBitWriter(expectedBytes);
  const isNeeded = neededBy(band, parameters);
  output.append(parameters.rewritten);
  for (const [index, packets] of tiles.entries()) {
    const start = output.length;
    output.append(tilePartHeader(index));
    output.append(markerBytes(SOD));
    writePackets(output, packets, parameters, isNeeded);
    output.setUint32(start + 6, output.length - start);
  }
  output.append(markerBytes(EOC));
  return output.finish();
}

/** SOT of the one tile-part of a tile, its length still to be set (T.800 section A.4.2). */
function tilePartHeader(tile: number): Uint8Array {
  const header = new Uint8Array(SOT_BYTES);
  const view = new DataView(header.buffer);
  view.setUint16(0, SOT);
  view.setUint16(2, SOT_BYTES - 2);
  view.setUint16(4, tile);
  view.setUint8(11, 1);
  return header;
}

function tilesOf(parameters: CodingParameters): Area[] {
  const { image, tile } = parameters;
  const width = tile.x1 - tile.x0;
  const height = tile.y1 - tile.y0;
  const { across, down } = tileGrid(parameters);
  return Array.from({ length: across * down }, (_, index) => {
    const x0 = tile.x0 + (index % across) * width;
    const y0 = tile.y0 + Math.floor(index / across) * height;
    return {
      x0: Math.max(x0, image.x0),
      y0: Math.max(y0, image.y0),
      x1: Math.min(x0 + width, image.x1),
      y1: Math.min(y0 + height, image.y1),
    };
  });
}
