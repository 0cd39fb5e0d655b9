/** The sizes of a DenseNet. */
import { DENSENET_121_BLOCKS, GROWTH_RATE, STEM_CHANNELS } from '../dense-net.ts';

/** What is expected of a file. Tests use smaller nets of the same form. */
export interface Architecture {
  /** Dense layers of each block. */
  readonly blocks: readonly number[];
  /** Channels that each dense layer adds. */
  readonly growth: number;
  /** Channels behind the stem. */
  readonly stem: number;
  /** Channels between the two convolutions of a dense layer. */
  readonly bottleneck: number;
}

/** DenseNet-121 (Huang et al., CVPR 2017, table 1). */
export const DENSENET_121: Architecture = {
  blocks: DENSENET_121_BLOCKS,
  growth: GROWTH_RATE,
  stem: STEM_CHANNELS,
  bottleneck: 4 * GROWTH_RATE,
};

/** Channels at the begin and at the end of every block: a transition halves them. */
export function blockChannels({
  blocks,
  growth,
  stem,
}: Architecture): { readonly first: number; readonly last: number }[] {
  let first = stem;
  return blocks.map((layers) => {
    const range = { first, last: first + layers * growth };
    first = Math.floor(range.last / 2);
    return range;
  });
}
