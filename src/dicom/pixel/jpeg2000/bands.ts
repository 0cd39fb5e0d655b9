/** Rows of a film that threads decode for themselves, and the code-blocks that each needs. */
import type { CodingParameters } from './coding-parameters.ts';
import type { CodeBlock } from './precincts.ts';

/** Rows on the reference grid; the end is not one of them. */
export interface Band {
  readonly y0: number;
  readonly y1: number;
}

/**
 * Rows of a subband kept above and below those of a band, at each level. A row is made of one such row on each side by the
 * 5-3 wavelet, of two by the 9-7 (T.800 annex F); one more each, as OpenJPEG takes when it decodes a part of an image.
 */
const REACH = { reversible: 2, irreversible: 3 } as const;

/**
 * Cuts an image into bands of about as many coded bytes each, since decoding takes as long as it has bytes. Fewer bands
 * than wanted where an image has too few rows of code-blocks.
 */
export function bandsOf(blocks: Iterable<CodeBlock>, parameters: CodingParameters, wanted: number): Band[] {
  const { image, block } = parameters;
  const density = densityOf(blocks, image.y0, image.y1);
  const total = density.reduce((sum, bytes) => sum + bytes, 0);
  // Rows of the image below one row of blocks of the finest subbands.
  const step = 2 * 2 ** block.y;
  // So far before the next row of blocks that the band above needs none of it at the finest level.
  const lead = 2 * reachOf(parameters);
  const cuts = [image.y0];
  let sum = 0;
  for (const [row, bytes] of density.entries()) {
    sum += bytes;
    if (sum < (total * cuts.length) / wanted || cuts.length === wanted) continue;
    const cut = Math.round((image.y0 + row) / step) * step - lead;
    if (cut > (cuts.at(-1) ?? 0) && cut < image.y1) cuts.push(cut);
  }
  return cuts.map((y0, index) => ({ y0, y1: cuts[index + 1] ?? image.y1 }));
}

/** Whether the rows of a band are made of a code-block, among others. */
export function neededBy(band: Band, parameters: CodingParameters): (block: CodeBlock) => boolean {
  const reach = reachOf(parameters);
  const rows: Band[] = [band];
  for (let level = 1; level <= parameters.decompositions; level += 1) {
    const { y0, y1 } = rows[level - 1] as Band;
    rows.push({ y0: Math.floor(y0 / 2) - reach, y1: Math.ceil(y1 / 2) + reach });
  }
  return ({ level, y0, y1 }) => {
    const needed = rows[level] as Band;
    return y0 < needed.y1 && y1 > needed.y0;
  };
}

function reachOf({ reversible }: CodingParameters): number {
  return reversible ? REACH.reversible : REACH.irreversible;
}

/** Coded bytes of each row of the image. */
function densityOf(blocks: Iterable<CodeBlock>, first: number, end: number): Float64Array {
  const changes = new Float64Array(end - first + 1);
  const at = (row: number): number => Math.min(Math.max(row, first), end) - first;
  for (const { level, y0, y1, contributions } of blocks) {
    const scale = 2 ** level;
    const from = at(y0 * scale);
    const to = at(y1 * scale);
    let bytes = 0;
    for (const { data } of contributions.values()) bytes += data.length;
    if (to <= from) continue;
    changes[from] = (changes[from] as number) + bytes / (to - from);
    changes[to] = (changes[to] as number) - bytes / (to - from);
  }
  let bytes = 0;
  return changes.subarray(0, -1).map((change) => {
    bytes += change;
    return bytes;
  });
}
