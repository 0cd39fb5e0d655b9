/** Puts packets together again with some of their code-blocks left out. */
import type { CodingParameters } from './coding-parameters.ts';
import { EPH, markerBytes } from './markers.ts';
import type { PacketBitWriter } from './packet-bits.ts';
import type { BlockGrid, CodeBlock, Contribution, Packet } from './precincts.ts';
import { type BlockTrees, NEVER, TagTree } from './tag-tree.ts';

const EPH_MARKER = markerBytes(EPH);

/**
 * Writes packets in their order.
 *
 * @param isNeeded - which code-blocks to write; the others are said to be in no layer
 */
export function writePackets(
  output: PacketBitWriter,
  packets: readonly Packet[],
  { usesEph }: Pick<CodingParameters, 'usesEph'>,
  isNeeded: (block: CodeBlock) => boolean,
): void {
  const trees = new Map<BlockGrid, BlockTrees>();
  for (const { precinct, layer } of packets) {
    const written = precinct.grids
      .flatMap(({ blocks }) => blocks)
      .flatMap((block) => (isNeeded(block) ? (block.contributions.get(layer) ?? []) : []));
    output.put(written.length === 0 ? 0 : 1, 1);
    if (written.length > 0) {
      for (const grid of precinct.grids) writeGrid(output, grid, layer, treesOf(grid, trees, isNeeded), isNeeded);
    }
    output.endHeader();
    if (usesEph) output.append(EPH_MARKER);
    for (const { data } of written) output.append(data);
  }
}

function treesOf(
  grid: BlockGrid,
  all: Map<BlockGrid, BlockTrees>,
  isNeeded: (block: CodeBlock) => boolean,
): BlockTrees {
  let trees = all.get(grid);
  if (trees === undefined) {
    const { across, down, blocks } = grid;
    const isWritten = (block: CodeBlock): boolean => isNeeded(block) && block.contributions.size > 0;
    const values = (of: (block: CodeBlock) => number) => blocks.map((block) => (isWritten(block) ? of(block) : NEVER));
    trees = {
      inclusion: new TagTree(
        across,
        down,
        values(({ firstLayer }) => firstLayer),
      ),
      zeroBitPlanes: new TagTree(
        across,
        down,
        values(({ zeroBitPlanes }) => zeroBitPlanes),
      ),
    };
    all.set(grid, trees);
  }
  return trees;
}

function writeGrid(
  output: PacketBitWriter,
  { blocks }: BlockGrid,
  layer: number,
  { inclusion, zeroBitPlanes }: BlockTrees,
  isNeeded: (block: CodeBlock) => boolean,
): void {
  for (const [index, block] of blocks.entries()) {
    const contribution = isNeeded(block) ? block.contributions.get(layer) : undefined;
    const isFirst = !isNeeded(block) || block.firstLayer >= layer;
    if (isFirst) inclusion.write(output, index, layer + 1);
    else output.put(contribution === undefined ? 0 : 1, 1);
    if (contribution === undefined) continue;
    if (isFirst) zeroBitPlanes.write(output, index, block.zeroBitPlanes + 1);
    writeContribution(output, contribution);
  }
}

function writeContribution(
  output: PacketBitWriter,
  { passes, lengthBitsIncrement, lengthBits, data }: Contribution,
): void {
  writePasses(output, passes);
  for (let count = 0; count < lengthBitsIncrement; count += 1) output.put(1, 1);
  output.put(0, 1);
  output.put(data.length, lengthBits);
}

/** Number of coding passes (T.800 table B.4). */
function writePasses(output: PacketBitWriter, passes: number): void {
  if (passes === 1) output.put(0, 1);
  else if (passes === 2) output.put(0b10, 2);
  else if (passes <= 5) output.put(0b1100 | (passes - 3), 4);
  else if (passes <= 36) output.put(0b1111_00000 | (passes - 6), 9);
  else output.put((0b1111_11111 << 7) | (passes - 37), 16);
}
