/** Takes packets apart (T.800 sections B.9 and B.10): which bytes belong to which code-block. */
import type { CodingParameters } from './coding-parameters.ts';
import { EPH, SOP } from './markers.ts';
import { PacketBitReader } from './packet-bits.ts';
import type { BlockGrid, CodeBlock, Packet } from './precincts.ts';
import { type BlockTrees, TagTree } from './tag-tree.ts';
import { UnusualCodestream } from './unusual.ts';

const SOP_BYTES = 6;
const EPH_BYTES = 2;
/** More than the bit-planes of any sample with its guard bits. */
const MAXIMUM_ZERO_BIT_PLANES = 64;
const MAXIMUM_LENGTH_BITS = 31;

/** A contribution whose bytes follow the header. */
interface Announced {
  readonly block: CodeBlock;
  readonly passes: number;
  readonly lengthBitsIncrement: number;
  readonly lengthBits: number;
  readonly length: number;
}

/**
 * Reads the packets of a tile into the contributions of its code-blocks.
 *
 * @param body - all bytes of the tile's packets
 * @throws UnusualCodestream when the bytes are not exactly the packets
 */
export function readPackets(
  body: Uint8Array,
  packets: readonly Packet[],
  { usesSop, usesEph }: Pick<CodingParameters, 'usesSop' | 'usesEph'>,
): void {
  const trees = new Map<BlockGrid, BlockTrees>();
  let position = 0;
  for (const { precinct, layer } of packets) {
    if (usesSop) {
      assertMarker(body, position, SOP);
      position += SOP_BYTES;
    }
    const bits = new PacketBitReader(body, position);
    const announced = bits.bit() === 0 ? [] : precinct.grids.flatMap((grid) => readGrid(bits, grid, layer, trees));
    position = bits.end();
    if (usesEph) {
      assertMarker(body, position, EPH);
      position += EPH_BYTES;
    }
    for (const { block, length, ...contribution } of announced) {
      block.contributions.set(layer, { ...contribution, data: body.subarray(position, position + length) });
      position += length;
    }
    if (position > body.length) throw new UnusualCodestream('packet');
  }
  if (position !== body.length) throw new UnusualCodestream('packets');
}

/** A codestream that has its markers now and then is legal, but OpenJPEG complains of it. */
function assertMarker(body: Uint8Array, position: number, marker: number): void {
  if (body[position] !== marker >> 8 || body[position + 1] !== (marker & 0xff))
    throw new UnusualCodestream('SOP or EPH');
}

function readGrid(bits: PacketBitReader, grid: BlockGrid, layer: number, all: Map<BlockGrid, BlockTrees>): Announced[] {
  if (grid.blocks.length === 0) return [];
  const trees = all.get(grid) ?? {
    inclusion: new TagTree(grid.across, grid.down),
    zeroBitPlanes: new TagTree(grid.across, grid.down),
  };
  all.set(grid, trees);
  const announced: Announced[] = [];
  for (const [index, block] of grid.blocks.entries()) {
    const isFirst = block.firstLayer > layer;
    const isIncluded = isFirst ? trees.inclusion.read(bits, index, layer + 1) : bits.bit() === 1;
    if (!isIncluded) continue;
    if (isFirst) {
      block.firstLayer = layer;
      block.zeroBitPlanes = readZeroBitPlanes(bits, trees.zeroBitPlanes, index);
    }
    announced.push(readContribution(bits, block));
  }
  return announced;
}

function readZeroBitPlanes(bits: PacketBitReader, tree: TagTree, index: number): number {
  for (let planes = 0; planes < MAXIMUM_ZERO_BIT_PLANES; planes += 1) {
    if (tree.read(bits, index, planes + 1)) return planes;
  }
  throw new UnusualCodestream('zero bit-planes');
}

function readContribution(bits: PacketBitReader, block: CodeBlock): Announced {
  const passes = readPasses(bits);
  let lengthBitsIncrement = 0;
  while (bits.bit() === 1) lengthBitsIncrement += 1;
  block.lengthBits += lengthBitsIncrement;
  const lengthBits = block.lengthBits + Math.floor(Math.log2(passes));
  if (lengthBits > MAXIMUM_LENGTH_BITS) throw new UnusualCodestream('length of a code-block');
  return { block, passes, lengthBitsIncrement, lengthBits, length: bits.bits(lengthBits) };
}

/** Number of coding passes (T.800 table B.4). */
function readPasses(bits: PacketBitReader): number {
  if (bits.bit() === 0) return 1;
  if (bits.bit() === 0) return 2;
  const two = bits.bits(2);
  if (two < 3) return 3 + two;
  const five = bits.bits(5);
  return five < 31 ? 6 + five : 37 + bits.bits(7);
}
