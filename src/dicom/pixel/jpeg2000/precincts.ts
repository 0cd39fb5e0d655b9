/** Where the code-blocks of a tile lie (T.800 sections B.5 to B.7), and the order of their packets (B.12). */
import type { Area, CodingParameters } from './coding-parameters.ts';
import { UnusualCodestream } from './unusual.ts';

/** What one packet holds of a code-block. */
export interface Contribution {
  readonly passes: number;
  /** By how much the state that tells the bits of a length grows before this one. */
  readonly lengthBitsIncrement: number;
  readonly lengthBits: number;
  readonly data: Uint8Array;
}

/** A code-block and what the packets hold of it. */
export interface CodeBlock {
  /** Decomposition level of its subband, 1 for the finest. */
  readonly level: number;
  /** Rows in the subband; the end is not one of them. */
  readonly y0: number;
  readonly y1: number;
  /** The layer that holds it first. */
  firstLayer: number;
  zeroBitPlanes: number;
  /** Bits of a length so far (Lblock of section B.10.7.1). */
  lengthBits: number;
  readonly contributions: Map<number, Contribution>;
}

/** The code-blocks of one subband in a precinct, row-major. */
export interface BlockGrid {
  readonly across: number;
  readonly down: number;
  readonly blocks: readonly CodeBlock[];
}

/** What the packets of one precinct hold, layer by layer. */
export interface Precinct {
  readonly resolution: number;
  /** Its place among the precincts of its resolution. */
  readonly index: number;
  /** Its first row and column on the reference grid. */
  readonly y: number;
  readonly x: number;
  /** LL, or HL, LH and HH. */
  readonly grids: readonly BlockGrid[];
}

/** One packet. */
export interface Packet {
  readonly precinct: Precinct;
  readonly layer: number;
}

/** Above what any film needs: one of 6000 x 6000 has 47,000 blocks of 32 x 32. More is left to the decoder. */
const MAXIMUM_BLOCKS = 60_000;
const MAXIMUM_PACKETS = 200_000;
/** Each packet looks at every block of its precinct: those 47,000 have 20 layers. */
const MAXIMUM_LOOKS = 1_000_000;

/** What may still be kept of one codestream. */
export class Budget {
  #blocks = MAXIMUM_BLOCKS;
  #packets = MAXIMUM_PACKETS;
  #looks = MAXIMUM_LOOKS;

  /** @throws UnusualCodestream when that many more code-blocks of so many layers are too many */
  takeBlocks(count: number, layers: number): void {
    this.#blocks -= count;
    this.#looks -= count * layers;
    if (this.#blocks < 0 || this.#looks < 0) throw new UnusualCodestream('code-blocks');
  }

  /** @throws UnusualCodestream when that many more packets are too many */
  takePackets(count: number): void {
    this.#packets -= count;
    if (this.#packets < 0) throw new UnusualCodestream('packets');
  }
}

/**
 * Precincts of one tile.
 *
 * @throws UnusualCodestream when the budget does not reach for them
 */
export function precinctsOf(tile: Area, parameters: CodingParameters, budget: Budget): Precinct[] {
  const precincts: Precinct[] = [];
  for (const [resolution, size] of parameters.precincts.entries()) {
    const scale = 2 ** (parameters.decompositions - resolution);
    const area = scaled(tile, scale, 0, 0);
    if (area.x1 <= area.x0 || area.y1 <= area.y0) continue;
    const first = { x: Math.floor(area.x0 / 2 ** size.x), y: Math.floor(area.y0 / 2 ** size.y) };
    const across = Math.ceil(area.x1 / 2 ** size.x) - first.x;
    const down = Math.ceil(area.y1 / 2 ** size.y) - first.y;
    budget.takePackets(across * down * parameters.layers);
    for (let index = 0; index < across * down; index += 1) {
      const column = first.x + (index % across);
      const row = first.y + Math.floor(index / across);
      const grids = gridsOf(tile, parameters, resolution, { row, column }, budget);
      const y = Math.max(tile.y0, row * 2 ** size.y * scale);
      const x = Math.max(tile.x0, column * 2 ** size.x * scale);
      precincts.push({ resolution, index, y, x, grids });
    }
  }
  return precincts;
}

/** Packets of one tile in the order of its codestream. */
export function packetsOf(precincts: readonly Precinct[], { progression, layers }: CodingParameters): Packet[] {
  const byLayer = Array.from({ length: layers }, (_, layer) => layer);
  // LRCP: the others have the layers of a precinct together, RLCP those of a resolution.
  if (progression === 0) return byLayer.flatMap((layer) => precincts.map((precinct) => ({ precinct, layer })));
  if (progression === 1) {
    return [...Map.groupBy(precincts, ({ resolution }) => resolution).values()].flatMap((ofResolution) =>
      byLayer.flatMap((layer) => ofResolution.map((precinct) => ({ precinct, layer }))),
    );
  }
  // RPCL has one component's precincts in the order in which they were made; PCRL and CPRL go by position first.
  const ordered =
    progression === 2
      ? precincts
      : precincts.toSorted((a, b) => a.y - b.y || a.x - b.x || a.resolution - b.resolution || a.index - b.index);
  return ordered.flatMap((precinct) => byLayer.map((layer) => ({ precinct, layer })));
}

function scaled({ x0, y0, x1, y1 }: Area, scale: number, xOffset: number, yOffset: number): Area {
  const by = (value: number, offset: number): number => Math.ceil((value - offset) / scale);
  return { x0: by(x0, xOffset), y0: by(y0, yOffset), x1: by(x1, xOffset), y1: by(y1, yOffset) };
}

/** Subbands of a resolution: whether they are high-pass across and down (T.800 table B.1). */
const LOWEST = [{ x: 0, y: 0 }];
const DETAILS = [
  { x: 1, y: 0 },
  { x: 0, y: 1 },
  { x: 1, y: 1 },
];

function gridsOf(
  tile: Area,
  { decompositions, precincts, block, layers }: CodingParameters,
  resolution: number,
  place: { readonly row: number; readonly column: number },
  budget: Budget,
): BlockGrid[] {
  const isLowest = resolution === 0;
  const level = isLowest ? decompositions : decompositions - resolution + 1;
  const size = precincts[resolution] as { x: number; y: number };
  // A precinct of a resolution covers half as much of each of its subbands.
  const halving = isLowest ? 0 : 1;
  if (size.x < halving || size.y < halving) throw new UnusualCodestream('precinct size');
  const width = 2 ** (size.x - halving);
  const height = 2 ** (size.y - halving);
  const blockWidth = Math.min(2 ** block.x, width);
  const blockHeight = Math.min(2 ** block.y, height);
  return (isLowest ? LOWEST : DETAILS).map((high) => {
    const band = scaled(tile, 2 ** level, high.x * 2 ** (level - 1), high.y * 2 ** (level - 1));
    const x0 = Math.max(band.x0, place.column * width);
    const y0 = Math.max(band.y0, place.row * height);
    const x1 = Math.min(band.x1, (place.column + 1) * width);
    const y1 = Math.min(band.y1, (place.row + 1) * height);
    if (x1 <= x0 || y1 <= y0) return { across: 0, down: 0, blocks: [] };
    const firstRow = Math.floor(y0 / blockHeight);
    const across = Math.ceil(x1 / blockWidth) - Math.floor(x0 / blockWidth);
    const down = Math.ceil(y1 / blockHeight) - firstRow;
    budget.takeBlocks(across * down, layers);
    const blocks = Array.from({ length: across * down }, (_, index): CodeBlock => {
      const row = firstRow + Math.floor(index / across);
      return {
        level,
        y0: Math.max(y0, row * blockHeight),
        y1: Math.min(y1, (row + 1) * blockHeight),
        firstLayer: Number.POSITIVE_INFINITY,
        zeroBitPlanes: 0,
        lengthBits: 3,
        contributions: new Map(),
      };
    });
    return { across, down, blocks };
  });
}
