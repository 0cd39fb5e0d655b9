/** Which values of a feature make a difference to the layers that read it. */
import type { Limits } from './channel-statistics.ts';
import type { Affine, DenseNet } from './dense-net.ts';

/**
 * The useful range of each feature of a block. Behind relu(a * x + b) with a > 0 all x below -b / a look the same, with
 * a < 0 all x above it; a feature's integers need only cover what some reader tells apart.
 */
export function usefulLimits(net: DenseNet, block: number): Limits {
  const norms = readersOf(net, block);
  const channels = Math.max(...norms.map((norm) => norm.scale.length));
  const low = new Float64Array(channels).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(channels).fill(Number.NEGATIVE_INFINITY);
  for (const { scale, shift } of norms) {
    scale.forEach((a, channel) => {
      if (a === 0) return;
      const threshold = -(shift[channel] as number) / a;
      low[channel] = Math.min(low[channel] as number, a > 0 ? threshold : Number.NEGATIVE_INFINITY);
      high[channel] = Math.max(high[channel] as number, a < 0 ? threshold : Number.POSITIVE_INFINITY);
    });
  }
  // What comes from the stem has passed a ReLU.
  const positive = block === 0 ? net.stem.conv.outputs : 0;
  for (let channel = 0; channel < channels; channel++) {
    // A feature that nobody reads, or whose useful values never occur: any point will do.
    const least = Math.max(low[channel] as number, channel < positive ? 0 : Number.NEGATIVE_INFINITY);
    const useful = least <= (high[channel] as number);
    low[channel] = useful ? least : 0;
    high[channel] = useful ? (high[channel] as number) : 0;
  }
  return { low, high };
}

/** The BatchNorms that read the features of a block; each sees the features that were there before it. */
export function readersOf(net: DenseNet, block: number): Affine[] {
  const { layers, transition } = net.blocks[block] as DenseNet['blocks'][number];
  return [...layers.map((layer) => layer.norm1), transition === null ? net.head.norm : transition.norm];
}

/** Limits of values behind a ReLU. */
export function reluLimits(channels: number): Limits {
  return { low: new Float64Array(channels), high: new Float64Array(channels).fill(Number.POSITIVE_INFINITY) };
}
